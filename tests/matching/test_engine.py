"""What must hold of every round, whatever the organization."""

from dataclasses import replace
from itertools import combinations
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.matching.engine import round as engine
from services.matching.engine.explain import left_out, reason
from services.matching.engine.people import Match, Outcome, Person, Problem
from services.matching.engine.rules import Rules
from tests.matching.strategies import problems
from tests.matching.world import engine_person

KINDS = ("pair", "circle", "buddy")
slowly = settings(deadline=None, max_examples=30, suppress_health_check=[HealthCheck.too_slow])


def half_hours(person: Person) -> set[int]:
    minutes = range(person.starts - person.utc_offset, person.ends - person.utc_offset)
    inside = {minute % 1440 for minute in minutes}
    return {slot for slot in range(48) if inside.issuperset(range(slot * 30, slot * 30 + 30))}


def bosses(person: Person, by_id: dict[UUID, Person]) -> set[UUID]:
    found: set[UUID] = set()
    while person.manager is not None and person.manager not in found:
        found.add(person.manager)
        person = by_id[person.manager]
    return found


def apart(one: Person, other: Person) -> bool:
    return other.id in one.not_with or one.id in other.not_with


def can_meet(people: list[Person], problem: Problem) -> bool:
    hours = set.intersection(*(half_hours(person) for person in people))
    days = set.intersection(*(set(person.days) for person in people))
    languages = set.intersection(*(set(person.languages) for person in people))
    kept = any(apart(one, other) for one, other in combinations(people, 2))
    return len(hours) >= problem.rules.common_half_hours and bool(days and languages) and not kept


def check_two(problem: Problem, match: Match, kind: str) -> None:
    by_id = {person.id: person for person in problem.people}
    (one, one_role), (other, other_role) = match.members
    left, right = by_id[one], by_id[other]
    assert one in problem.asked
    assert right.available
    assert can_meet([left, right], problem)
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
    assert len({member.function for member in members}) >= problem.rules.min_functions
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


@pytest.mark.parametrize("kind", KINDS)
@given(problem=problems())
@slowly
def test_no_round_breaks_a_hard_constraint_or_a_capacity(kind: str, problem: Problem) -> None:
    outcome = engine.solve(kind, problem)
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
    for person, count in taken.items():
        room = problem.rules.facilitator_circles - by_id[person].facilitating
        assert count <= (room if kind == "circle" else by_id[person].slots)


@pytest.mark.parametrize("kind", KINDS)
@given(problem=problems())
@slowly
def test_nobody_asked_disappears(kind: str, problem: Problem) -> None:
    outcome = engine.solve(kind, problem)
    unmatched = [left.person for left in outcome.unmatched]
    matched = [
        person
        for match in outcome.matches
        for person, role in match.members
        if role in {"learner", "newcomer", "participant"}
    ]
    assert sorted([*unmatched, *matched]) == sorted(problem.asked)


@pytest.mark.parametrize("kind", KINDS)
@given(problem=problems(), data=st.data())
@slowly
def test_the_order_people_come_in_changes_nothing(kind: str, problem: Problem, data: st.DataObject) -> None:
    shuffled = replace(problem, people=tuple(data.draw(st.permutations(problem.people))))
    assert engine.solve(kind, shuffled) == engine.solve(kind, problem)
    assert engine.digest(shuffled) == engine.digest(problem)


@pytest.mark.parametrize("kind", KINDS)
@given(problem=problems())
@slowly
def test_terms_add_up_to_scores_and_scores_to_a_value_within_its_bound(kind: str, problem: Problem) -> None:
    outcome = engine.solve(kind, problem)
    assert outcome.value == sum(match.score for match in outcome.matches)
    assert all(match.score == sum(term.points for term in match.terms) for match in outcome.matches)
    assert outcome.bound >= outcome.value
    assert 0 <= outcome.gap <= 1


@pytest.mark.parametrize("kind", KINDS)
@given(problem=problems())
@slowly
def test_every_code_has_words(kind: str, problem: Problem) -> None:
    outcome = engine.solve(kind, problem)
    assert all(reason(term.code, term.skill) for match in outcome.matches for term in match.terms)
    assert all(left_out(left.reason) for left in outcome.unmatched)


@pytest.mark.parametrize("kind", ["pair", "buddy"])
@given(problem=problems(), data=st.data())
@slowly
def test_a_confidential_wish_looks_like_any_other_absence(kind: str, problem: Problem, data: st.DataObject) -> None:
    """One person asks, some others are out of reach: by a wish, on either side, or because they are not available."""
    alone = data.draw(st.sampled_from(problem.people))
    absent = data.draw(st.sets(st.sampled_from(problem.people))) - {alone}
    plain = [person._replace(not_with=()) for person in problem.people]
    asking = replace(problem, asked=frozenset({alone.id}), recent=frozenset())
    gone = {person.id for person in absent}
    away = [person._replace(available=person.available and person.id not in gone) for person in plain]
    wished = [person._replace(not_with=(alone.id,)) if person.id in gone else person for person in plain]
    wishing = [person._replace(not_with=tuple(gone)) if person.id == alone.id else person for person in plain]
    answers = [told(engine.solve(kind, replace(asking, people=tuple(people)))) for people in (away, wished, wishing)]
    assert answers[0] == answers[1] == answers[2]


def told(outcome: Outcome) -> object:
    """All that is said to anybody of a round."""
    return [(match.members, match.skill) for match in outcome.matches], outcome.unmatched


@pytest.mark.parametrize("kind", ["pair", "buddy"])
@given(problem=problems())
@slowly
def test_lifting_a_named_constraint_alone_opens_as_many_as_it_says(kind: str, problem: Problem) -> None:
    for left in engine.solve(kind, problem).unmatched:
        counts = [count.people for count in left.left]
        assert counts == sorted(counts, reverse=True)
        if counts and 0 in counts:
            assert left.reason == left.left[counts.index(0)].constraint
        for count in left.opens:
            assert count.people > 0


def test_circles_are_as_large_as_their_members_like() -> None:
    """P12."""
    ids = [UUID(int=row + 1) for row in range(8)]
    leaders = [engine_person(UUID(int=100 + row), facilitator_ready=True) for row in range(4)]

    def formed(company: tuple[int, int]) -> tuple[set[int], int]:
        people = [engine_person(one, needs=(("a", 1, 2),), company=company) for one in ids]
        crowd = Problem((*people, *leaders), frozenset(ids), Rules(), 1, size_min=3, size_max=6)
        outcome = engine.solve("circle", crowd)
        assert outcome.bound >= outcome.value
        told = [term.points for match in outcome.matches for term in match.terms if term.code == "preferred_size"]
        return {len(match.members) - 1 for match in outcome.matches}, sum(told)

    assert formed((4, 4)) == ({4}, 4 * 8)
    assert formed((5, 6)) == ({3, 5}, 4 * 5)
