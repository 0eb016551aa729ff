"""Rounds of many newcomers: lists of the best buddies are as good as everybody, and take little memory."""

import tracemalloc
from dataclasses import replace
from itertools import product
from uuid import UUID

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.matching.engine import buddies
from services.matching.engine.buddies import STAGES, Chosen, stages
from services.matching.engine.constraints import Funnel
from services.matching.engine.people import Problem
from services.matching.engine.population import build
from services.matching.engine.rules import Rules
from tests.matching.strategies import problems
from tests.matching.world import engine_person


def chosen(problem: Problem, listed: int) -> Chosen:
    pop = build(problem.people, problem.seed)
    newcomers = np.array(sorted(pop.index[person] for person in problem.asked), np.int64)
    return buddies.choose(pop, problem, newcomers, Funnel(stages(problem), len(newcomers)), listed)


def organization(size: int, newcomers: int) -> Problem:
    """The newcomers are all of one unit, and so are a few who would be the best buddy of each."""
    people = tuple(
        engine_person(
            UUID(int=number + 1),
            unit="U0" if number < newcomers else f"U{number % 20}",
            division=f"D{number % 3}",
            level=number % 6,
            load=number % 2,
            tenure_days=-5 if number < newcomers else 1000,
        )
        for number in range(size)
    )
    return Problem(people, frozenset(person.id for person in people[:newcomers]), Rules(), 1)


@settings(deadline=None, max_examples=60)
@given(problems(), st.integers(1, 4))
def test_short_lists_keep_everything_and_the_proof_covers_everybody(problem: Problem, listed: int) -> None:
    short, whole = chosen(problem, listed), chosen(problem, len(problem.people))
    assert short.value <= whole.value <= short.bound
    if listed >= len(problem.asked):
        assert short.value == whole.value, "of as many as there are newcomers one is always left for each"


@pytest.mark.parametrize(("size", "listed"), [*product((150, 400), (2, 5, 16))])
def test_lists_are_renewed_when_those_on_them_are_taken(size: int, listed: int) -> None:
    problem = organization(size, 60)
    short, whole = chosen(problem, listed), chosen(problem, size)
    assert len(short.row) == len(whole.row) == 60
    assert buddies.CLOSE * (short.bound - short.value) <= short.bound
    assert whole.value <= short.bound


def test_a_round_holds_no_more_of_each_newcomer_than_is_listed() -> None:
    problem = organization(4000, 100)
    peaks = []
    for size in (2000, 4000):
        pop = build(problem.people[:size], 1)
        newcomers = np.array(sorted(pop.index[person] for person in problem.asked), np.int64)
        tracemalloc.start()
        buddies.choose(pop, problem, newcomers, Funnel(STAGES, len(newcomers)))
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] - peaks[0] < 100 * 2000 * 8, "one number of each newcomer and each person more"
    assert peaks[1] < 8 << 20


def test_whose_buddies_are_all_taken_is_told_so_and_how_many_there_are() -> None:
    people = tuple(engine_person(UUID(int=n), tenure_days=-3 if n < 4 else 900, slots=1) for n in range(1, 6))
    asked = frozenset(person.id for person in people[:3])
    found = buddies.solve(Problem(people, asked, replace(Rules(), common_half_hours=1), 1))
    (left,) = found.unmatched
    assert (len(found.matches), left.reason, left.left[-1].people) == (2, "everyone_taken", 2)
    assert left.change is not None
    assert (left.change.code, left.change.people) == ("another_buddy", 0), "as of one whom a wish keeps apart"
