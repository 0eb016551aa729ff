"""Who has waited comes before who has not, in rounds of every kind."""

from collections.abc import Iterable
from dataclasses import replace
from uuid import UUID

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from services.matching.engine import circle, groups, relieving
from services.matching.engine import round as engine
from services.matching.engine.market import LONGEST_WAIT
from services.matching.engine.people import Outcome, Problem
from services.matching.engine.population import build
from services.matching.engine.rules import Rules
from tests.matching.strategies import problems
from tests.matching.world import engine_person

SERVED = {"pair": "learner", "circle": "participant", "buddy": "newcomer"}


def served(kind: str, outcome: Outcome) -> set[UUID]:
    return {person for match in outcome.matches for person, role in match.members if role == SERVED[kind]}


def with_wait(problem: Problem, waited: int, people: Iterable[UUID]) -> Problem:
    chosen = set(people)
    found = tuple(one._replace(waited=waited) if one.id in chosen else one for one in problem.people)
    return replace(problem, people=found)


def with_leaders(problem: Problem) -> Problem:
    """A circle more or less is a matter of who may lead it: here somebody always may."""
    whole = {"starts": 0, "ends": 1440, "days": (1, 2, 3, 4, 5, 6, 7), "languages": ("de", "en", "es")}
    leaders = (engine_person(UUID(int=900 + row), facilitator_ready=True, unit="far", **whole) for row in range(5))
    return replace(problem, people=(*problem.people, *leaders))


@pytest.mark.parametrize("kind", SERVED)
@given(problem=problems(), data=st.data())
@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
def test_who_is_matched_still_is_for_having_waited_longer(kind: str, problem: Problem, data: st.DataObject) -> None:
    """Monotone: where both rounds are known to be the best, nobody loses a place by what speaks for them.

    Pairs and buddies are where their bound says so, and circles of so few always.
    """
    fresh = with_wait(with_leaders(problem) if kind == "circle" else problem, 0, problem.asked)
    before = engine.solve(kind, fresh)
    assume(before.matches and (kind == "circle" or before.value == before.bound))
    one = data.draw(st.sampled_from(sorted(served(kind, before))))
    after = engine.solve(kind, with_wait(fresh, LONGEST_WAIT, [one]))
    assume(kind == "circle" or after.value == after.bound)
    assert one in served(kind, after)
    assert after.value > before.value


@pytest.mark.parametrize(("kind", "people"), [("circle", 5), ("circle", 29), ("circle", 101), ("buddy", 5)])
def test_who_waited_is_not_left_out_again_by_chance(kind: str, people: int) -> None:
    """All but one have a place."""
    crowd = [engine_person(UUID(int=row + 1), needs=(("rust", 1, 2),), tenure_days=-3) for row in range(people)]
    crowd[0] = crowd[0]._replace(waited=LONGEST_WAIT)
    helpful = [
        engine_person(UUID(int=900 + row), facilitator_ready=True, slots=kind == "buddy", unit=f"far{row}")
        for row in range(4 if kind == "buddy" else 20)
    ]
    asked = frozenset(one.id for one in crowd)
    for seed in range(10):
        problem = Problem((*crowd, *helpful), asked, Rules(), seed, size_min=4, size_max=4)
        (left,) = engine.solve(kind, problem).unmatched
        assert left.person != crowd[0].id


def test_who_waited_sits_in_the_circle_that_is_led() -> None:
    """Two circles in two languages, and one facilitator who speaks both."""
    crowd = [
        engine_person(UUID(int=row + 1), waited=LONGEST_WAIT * (row < 4), languages=("de" if row < 4 else "en",))
        for row in range(8)
    ]
    leader = engine_person(UUID(int=99), facilitator_ready=True, facilitating=1, languages=("de", "en"))
    asked = frozenset(one.id for one in crowd)
    for seed in range(10):
        problem = Problem((*crowd, leader), asked, Rules(), seed, size_min=4, size_max=4)
        assert served("circle", engine.solve("circle", problem)) == {one.id for one in crowd[:4]}


@pytest.mark.parametrize("waits", [LONGEST_WAIT, 0])
def test_who_waited_takes_the_place_of_who_did_not_in_a_full_circle(waits: int) -> None:
    people = tuple(engine_person(UUID(int=row + 1), waited=0 if row else waits) for row in range(5))
    problem = Problem(people, frozenset(one.id for one in people), Rules(), 1)
    pop = build(people, 1)
    first = pop.index[people[0].id]
    full = groups.ordered([([row for row in range(5) if row != first], circle.NONE)])
    waiting = np.array([first])
    relieving.relieve(circle.folk(pop, problem), circle.rule(problem), full, 1, waiting, 10, np.zeros(5, np.int64))
    assert (first in full.members[0, :4]) is bool(waits)
    assert (waiting[0] == first) is not bool(waits)
    assert {*full.members[0, :4].tolist(), int(waiting[0])} == set(range(5))
