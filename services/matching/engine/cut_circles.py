"""A round of circles cut into problems that any process solves by itself, and put together again.

Islands, between which nobody can meet or talk, lose nothing: their circles are the ones a single process forms. An
island of more people than one process may hold is cut along time zones and divisions; who is left over there is placed
across the cut, and what that loses at most is told: what a bound on circles of the whole island leaves above them.
Facilitators are chosen where the round is put together, of everybody and for all circles at once.
"""

from collections.abc import Sequence
from dataclasses import replace
from time import perf_counter
from uuid import UUID

import numpy as np

from services.matching.engine import ceiling, circle, forming, groups
from services.matching.engine.circle import IMPOSSIBLE, NONE, Folk, Rule, worth
from services.matching.engine.cut import Cut, Found, lossy, recent, regions
from services.matching.engine.forming import Circles
from services.matching.engine.islands import islands
from services.matching.engine.people import Outcome, Person, Problem
from services.matching.engine.population import Ints, Population, build


def cut(problem: Problem, most: int) -> Cut:
    """Parts that place at most `most` people; in each are also those above them, who keep lines out of circles."""
    pop = build(problem.people, problem.seed)
    person = {one.id: one for one in problem.people}
    crews: list[list[Person]] = []
    severed = False
    for rows in islands(circle.folk(pop, problem), circle.rule(problem), groups.placeable(pop, problem)):
        crew = [person[pop.ids[row]] for row in rows.tolist()]
        if len(crew) < problem.size_min:
            break
        if len(crew) > most:
            severed = True
            crews += regions(crew, most)
        elif crews and len(crews[-1]) + len(crew) <= most:
            crews[-1] += crew
        else:
            crews.append(crew)
    parts = (
        replace(
            problem,
            people=(*crew, *_above(crew, person)),
            asked=frozenset(one.id for one in crew),
            recent=mine,
        )
        for crew, mine in zip(crews, recent(problem, crews), strict=True)
    )
    return Cut(tuple(parts), severed)


def solve(problem: Problem) -> Found:
    """One part's circles."""
    pop = build(problem.people, problem.seed)
    people, rules = circle.folk(pop, problem), circle.rule(problem)
    circles = groups.apart(pop, people, rules, problem, groups.placeable(pop, problem))
    named = (
        (tuple(pop.ids[row] for row in members), None if topic == NONE else pop.skills[topic])
        for members, topic in groups.named(circles)
    )
    return Found((), {}, 0, 0, tuple(named))


def join(problem: Problem, found: Sequence[Found], *, severed: bool) -> Outcome:
    """The whole round: everybody's circles and their facilitators, the bound over all, and why others have none."""
    began = perf_counter()
    pop = build(problem.people, problem.seed)
    people, rules = circle.folk(pop, problem), circle.rule(problem)
    number = {skill: place for place, skill in enumerate(pop.skills)}
    named = [
        ([pop.index[one] for one in members], NONE if topic is None else number.get(topic, NONE))
        for part in found
        for members, topic in part.circles
    ]
    circles = groups.ordered(one for one in named if _stands(people, rules, problem, *one))
    if severed or len(circles.size) < len(named):
        circles = _across(pop, people, rules, problem, circles)
    notes: dict[str, object] = {"parts": len(found), "severed": severed}
    outcome = groups.told(pop, people, rules, problem, circles, notes, {"join": perf_counter() - began})
    return lossy(outcome, _uncut(pop, people, rules, problem, outcome)) if severed else outcome


def _uncut(pop: Population, people: Folk, rules: Rule, problem: Problem, outcome: Outcome) -> int:
    """What the round could be worth at most with islands that were cut as wholes; the others are what they would be."""
    all_ = islands(people, rules, groups.placeable(pop, problem))
    torn = np.concatenate([np.empty(0, np.int64), *(one for one in all_ if len(one) > problem.rules.part_people)])
    inside = {pop.ids[row] for row in torn.tolist()}
    theirs = sum(match.score for match in outcome.matches if match.members[0][0] in inside)
    return outcome.value - theirs + ceiling.bound(pop, people, rules, problem, torn)


def _above(crew: Sequence[Person], person: dict[UUID, Person]) -> list[Person]:
    """Everybody who stands above one of these people and is none of them."""
    seen = {one.id for one in crew}
    found = []
    for one in crew:
        manager = one.manager
        while manager is not None and manager in person and manager not in seen:
            seen.add(manager)
            found.append(person[manager])
            manager = person[manager].manager
    return found


def _stands(people: Folk, rules: Rule, problem: Problem, members: Sequence[int], topic: int) -> bool:
    """Whether a circle may still be: somebody in it, or their topic, may be gone since."""
    if len(members) < problem.size_min:
        return False
    return worth(people, rules, np.array(members, np.int64), len(members), topic) != IMPOSSIBLE


def _across(pop: Population, people: Folk, rules: Rule, problem: Problem, circles: Circles) -> Circles:
    """The circles, those that whoever is left over still forms, and a place for the others where there is room."""
    most = max(problem.size_min, problem.size_max)
    rest = np.setdiff1d(groups.placeable(pop, problem), groups.inside_of(circles))
    more = groups.apart(pop, people, rules, problem, rest)
    both = groups.ordered(groups.named(circles) + groups.named(more))
    room = Circles(np.zeros((len(both.size), most + 1), np.int64), both.size.copy(), both.topic)
    room.members[:, : both.members.shape[1]] = both.members
    waiting: Ints = np.setdiff1d(rest, groups.inside_of(more))
    if len(waiting) and len(both.size):
        drawn = (pop.lots >> np.uint64(1)).astype(np.int64)
        forming.squeeze(people, rules, room, len(room.size), waiting, most, groups.SQUEEZED_INTO, drawn)
    return groups.ordered(groups.named(room))
