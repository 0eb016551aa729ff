"""Circles of a few people are the best there are, and larger rounds bring people to what they want."""

from dataclasses import replace
from itertools import combinations
from unittest.mock import patch
from uuid import UUID

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.optimize import Bounds, LinearConstraint, milp

from services.matching.engine import ceiling, circle, exact, facilitators, forming, groups
from services.matching.engine.circle import IMPOSSIBLE, NONE, Folk, Rule, worth
from services.matching.engine.forming import Circles
from services.matching.engine.people import Person, Problem
from services.matching.engine.population import Ints, Population, build
from services.matching.engine.rules import LEVELS, WEIGHTS, Rules
from tests.matching.strategies import problems
from tests.matching.world import engine_person

quickly = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])


def meeting(problem: Problem) -> Problem:
    """The same people, all of whom can meet and talk, so that it matters who is put together."""
    like = engine_person()
    alike = {name: getattr(like, name) for name in ("starts", "ends", "utc_offset", "days", "languages", "available")}
    return replace(problem, people=tuple(one._replace(**alike) for one in problem.people))


def laid(problem: Problem) -> tuple[Population, Folk, Rule, Ints]:
    pop = build(problem.people, problem.seed)
    return pop, circle.folk(pop, problem), circle.rule(problem), np.arange(len(pop))


def of(some: int, who: Ints) -> Ints:
    return who[[bool(some >> place & 1) for place in range(len(who))]]


def best_about(people: Folk, rules: Rule, members: Ints) -> int:
    wanted = {int(one) for row in members for one in people.wants[people.wants_at[row] : people.wants_at[row + 1]]}
    about = [NONE, *(skill for skill in wanted if people.about[skill])]
    return max(int(worth(people, rules, members, len(members), topic)) for topic in about)


@given(problem=problems(most=8), levels=st.sampled_from(LEVELS), band=st.integers(0, 2), meets=st.booleans())
@quickly
def test_what_is_laid_out_is_what_circles_are_worth(problem: Problem, levels: str, band: int, meets: bool) -> None:
    problem = replace(problem, rules=replace(problem.rules, levels=levels, level_band=band))
    _, people, rules, who = laid(meeting(problem) if meets else problem)
    value, about = exact.sets(people, rules, who, problem.size_min, problem.size_max)
    for some in range(1, len(value)):
        members = of(some, who)
        if problem.size_min <= len(members) <= problem.size_max:
            assert value[some] == best_about(people, rules, members)
            if value[some] != IMPOSSIBLE:
                assert value[some] == worth(people, rules, members, len(members), about[some])
        else:
            assert value[some] == IMPOSSIBLE


def brute(value: dict[frozenset[int], int], free: frozenset[int]) -> tuple[int, int]:
    """How many the best choice has in circles, and what it is worth."""
    if not free:
        return 0, 0
    first = min(free)
    found = [brute(value, free - {first})]
    for some, points in value.items():
        if first in some and some <= free:
            placed, worth_ = brute(value, free - some)
            found.append((placed + len(some), worth_ + points))
    return max(found)


@given(problem=problems(most=8), meets=st.booleans())
@quickly
def test_circles_of_a_few_are_the_best_there_are(problem: Problem, meets: bool) -> None:
    problem = meeting(problem) if meets else problem
    pop, people, rules, who = laid(problem)
    sets = [
        set_ for size in range(problem.size_min, problem.size_max + 1) for set_ in combinations(range(len(who)), size)
    ]
    value = {frozenset(one): best_about(people, rules, who[list(one)]) for one in sets}
    possible = {one: points for one, points in value.items() if points != IMPOSSIBLE}
    circles, waiting = groups.form(pop, people, rules, problem, who)
    formed = sum(int(worth(people, rules, *one)) for one in zip(*circles, strict=True))
    assert (len(who) - len(waiting), formed) == brute(possible, frozenset(range(len(who))))


def mixed_crowd(count: int, **likes: tuple[int, int]) -> tuple[Person, ...]:
    """People who can all meet, of several units, functions, wants and knowledge."""
    return tuple(
        engine_person(
            UUID(int=row + 1),
            unit=f"U{row % 5}",
            function=f"F{row * row % 7}",
            needs=((f"{row % 4}", 1, 2),),
            offers=((f"{row * 3 % 5}", 4),),
            experience=(str(row),),
            **likes,
        )
        for row in range(count)
    )


def test_circles_of_sixteen_are_the_best_there_are() -> None:
    people = mixed_crowd(16)
    problem = Problem(people, frozenset(), Rules(), 1, size_min=3, size_max=4)
    pop, folk, rules, who = laid(problem)
    sets = [list(one) for size in (3, 4) for one in combinations(range(16), size)]
    value = np.array([best_about(folk, rules, who[one]) for one in sets])
    inside = np.zeros((16, len(sets)))
    for at, one in enumerate(sets):
        inside[one, at] = 1

    def best(placed: int) -> int:
        once = LinearConstraint(inside, placed, 1)
        return int(-round(milp(-value, integrality=np.ones(len(sets)), bounds=Bounds(0, 1), constraints=once).fun))

    circles, waiting = groups.form(pop, folk, rules, problem, who)
    formed = sum(int(worth(folk, rules, *one)) for one in zip(*circles, strict=True))
    assert (len(waiting), formed) == (0, best(1))
    with patch.object(facilitators, "most", lambda *_: np.zeros(17, np.int64)):
        assert ceiling.bound(pop, folk, rules, problem, who) == best(0)


def test_some_dozens_have_circles_of_the_size_that_suits_them() -> None:
    people = mixed_crowd(28, company=(4, 4))
    problem = Problem(people, frozenset(), Rules(), 1, size_min=4, size_max=8)
    pop, folk, rules, who = laid(problem)
    circles, waiting = groups.form(pop, folk, rules, problem, who)
    assert (circles.size.tolist(), len(waiting)) == ([4] * 7, 0)


CROWD = 260


def strangers() -> tuple[Folk, Rule, Circles, Ints]:
    """Circles of four, in each two who want what a circle far away is about, and nothing else that counts."""
    wants = [topic for at in range(CROWD) for topic in (at, at, (at + CROWD // 2) % CROWD, (at + CROWD // 2) % CROWD)]
    people = tuple(
        engine_person(UUID(int=row + 1), needs=((f"{skill:03}", 0, 1),), experience=(str(row),))
        for row, skill in enumerate(wants)
    )
    weights = {**dict.fromkeys(WEIGHTS, 0), "shared_need": 20}
    problem = Problem(people, frozenset(), Rules(weights=weights), 1, size_min=4, size_max=4)
    pop, folk, rules, _ = laid(problem)
    rows = np.array([pop.index[one.id] for one in people]).reshape(CROWD, 4)
    members = np.concatenate((rows, np.zeros((CROWD, 1), np.int64)), 1)
    return folk, rules, Circles(members, np.full(CROWD, 4), np.arange(CROWD)), np.full(CROWD, 80)


@pytest.mark.parametrize("how", ["improve", "exchange"])
def test_people_come_to_a_circle_about_what_they_want_however_far_it_is(how: str) -> None:
    """P8: without it they would wander from neighbour to neighbour."""
    people, rules, circles, best = strangers()
    before = sum(int(worth(people, rules, *one)) for one in zip(*circles, strict=True))
    if how == "improve":
        gained = forming.improve(people, rules, circles, CROWD, 4, 4, groups.MOVES_A_PERSON * 4 * CROWD, 5)
    else:
        gained = forming.exchange(people, rules, circles, 4, 4, 20 * CROWD, 5)
    found = [int(worth(people, rules, *one)) for one in zip(*circles, strict=True)]
    assert sum(found) == before + gained >= 0.95 * best.sum()
    assert sorted(circles.members[:, :4].ravel().tolist()) == list(range(4 * CROWD))


def test_a_circle_is_grown_with_somebody_who_knows_what_it_is_about() -> None:
    """P8: whoever could teach is looked for among all, not only among those who happen to be near."""
    people = tuple(
        engine_person(
            UUID(int=row + 1),
            needs=((f"{row // 4:03}", 0, 1),) if row % 4 else (),
            offers=() if row % 4 else ((f"{row // 4:03}", 5),),
        )
        for row in range(4 * CROWD)
    )
    problem = Problem(people, frozenset(), Rules(), 1, size_min=4, size_max=4)
    pop, folk, rules, everybody = laid(problem)
    with patch.multiple(groups, MOVES_A_PERSON=0, SWEEPS=(0, 0)):
        circles, waiting = groups.form(pop, folk, rules, problem, everybody)
    shared = CROWD * (3 * WEIGHTS["shared_need"] + WEIGHTS["can_contribute"] + 3 * WEIGHTS["needs_covered"])
    points = np.zeros((CROWD, len(circle.TERMS)), np.int64)
    for at, one in enumerate(zip(*circles, strict=True)):
        circle.tell(folk, rules, *one, points[at])
    assert len(waiting) == 0
    assert points[:, [circle.SHARED, circle.CONTRIBUTE, circle.COVERED]].sum() >= 0.95 * shared
