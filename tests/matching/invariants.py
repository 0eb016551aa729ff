"""What no answer of the engine may break, by plain arithmetic of its own: the engine's words are not taken for it."""

from itertools import combinations
from uuid import UUID

from services.matching.engine.people import Match, Outcome, Person, Problem


def bosses(person: Person, by_id: dict[UUID, Person]) -> set[UUID]:
    found: set[UUID] = set()
    while person.manager is not None and person.manager not in found:
        found.add(person.manager)
        person = by_id[person.manager]
    return found


def apart(one: Person, other: Person) -> bool:
    return other.id in one.not_with or one.id in other.not_with


def week(person: Person) -> set[tuple[int, int]]:
    """Half-hours that lie inside the working days, each with its weekday, in UTC."""
    minutes = {
        (day * 1440 + minute - person.utc_offset) % (7 * 1440)
        for day in person.days
        for minute in range(person.starts, person.ends)
    }
    slots = {divmod(minute // 30, 48) for minute in minutes}
    return {(day, slot) for day, slot in slots if minutes.issuperset(range(*_minutes(day, slot)))}


def _minutes(day: int, slot: int) -> tuple[int, int]:
    begin = day * 1440 + slot * 30
    return begin, begin + 30


def can_meet(people: list[Person], problem: Problem) -> bool:
    hours = {slot for _, slot in set.intersection(*(week(person) for person in people))}
    languages = set.intersection(*(set(person.languages) for person in people))
    kept = any(apart(one, other) for one, other in combinations(people, 2))
    return len(hours) >= problem.rules.common_half_hours and bool(languages) and not kept


def check_two(problem: Problem, match: Match, kind: str) -> None:
    by_id = {person.id: person for person in problem.people}
    (one, one_role), (other, other_role) = match.members
    left, right = by_id[one], by_id[other]
    assert one in problem.asked
    assert right.available
    assert can_meet([left, right], problem)
    assert not problem.only_in_person or left.site == right.site
    assert left.manager != right.id
    assert right.manager != left.id
    assert (min(one, other), max(one, other)) not in problem.recent
    if kind == "buddy":
        assert (one_role, other_role) == ("newcomer", "buddy")
        assert right.tenure_days >= problem.rules.buddy_tenure_days
        return
    assert (one_role, other_role) == ("learner", "teacher")
    assert left.available
    assert not problem.skills or match.skill in problem.skills
    need = next(need for need in left.needs if need[0] == match.skill)
    offer = next(offer for offer in right.offers if offer[0] == match.skill)
    assert offer[1] >= need[1] + problem.rules.margin


def check_circle(problem: Problem, match: Match) -> None:
    by_id = {person.id: person for person in problem.people}
    members = [by_id[person] for person, role in match.members if role == "participant"]
    facilitators = [by_id[person] for person, role in match.members if role == "facilitator"]
    assert problem.size_min <= len(members) <= problem.size_max
    assert all(member.id in problem.asked and member.available for member in members)
    assert problem.rules.min_functions == 1 or len({one.function for one in members} - {""}) >= 2
    for one, other in combinations(members, 2):
        assert one.id not in bosses(other, by_id)
        assert other.id not in bosses(one, by_id)
    assert len(facilitators) == 1
    leader = facilitators[0]
    assert leader not in members
    assert leader.facilitator_ready
    assert leader.available
    assert all(leader.id not in bosses(member, by_id) for member in members)
    assert can_meet([*members, leader], problem)
    assert not problem.only_in_person or len({one.site for one in (*members, leader)}) == 1


def no_rule_is_broken(kind: str, problem: Problem, outcome: Outcome) -> None:
    """Each match by itself, and capacities over all."""
    by_id = {person.id: person for person in problem.people}
    taken: dict[UUID, int] = {}
    asked: list[UUID] = []
    for match in outcome.matches:
        if kind == "circle":
            check_circle(problem, match)
        else:
            check_two(problem, match, kind)
        for person, role in match.members:
            if role in {"teacher", "buddy", "facilitator"}:
                taken[person] = taken.get(person, 0) + 1
            else:
                asked.append(person)
    assert len(asked) == len(set(asked))
    for person in {*taken, *asked} if kind == "pair" else ():
        assert taken.get(person, 0) + asked.count(person) <= by_id[person].places
    for person, count in taken.items():
        room = problem.rules.facilitator_circles - by_id[person].facilitating
        assert count <= (room if kind == "circle" else by_id[person].slots)
