"""Programmes in which who learns also teaches."""

from dataclasses import replace
from functools import cache
from itertools import permutations
from typing import Any
from unittest.mock import patch
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.matching.engine import packing, pairs, rings
from services.matching.engine import round as engine
from services.matching.engine.people import Person, Problem
from services.matching.engine.population import build
from services.matching.engine.rules import Rules
from tests.matching.invariants import check_two
from tests.matching.strategies import problems
from tests.matching.world import engine_person

GIVE_AND_TAKE = Rules(exchange=True)


def person(number: int, wants: str, knows: str, **changes: object) -> Person:
    return engine_person(UUID(int=number), needs=((wants, 0, 1),), offers=((knows, 4),), **changes)


def solved(*people: Person) -> set[tuple[int, int]]:
    crowd = Problem(people, frozenset(one.id for one in people), GIVE_AND_TAKE, 1)
    outcome = engine.solve("pair", crowd)
    assert len(outcome.matches) + len(outcome.unmatched) == len(people)
    return {(match.members[0][0].int, match.members[1][0].int) for match in outcome.matches}


def test_three_teach_in_a_ring_where_no_two_suit_each_other() -> None:
    """P17."""
    ring = solved(person(1, "a", "c"), person(2, "b", "a"), person(3, "c", "b"))
    assert ring == {(1, 2), (2, 3), (3, 1)}


def test_two_teach_each_other_and_nobody_learns_without_teaching() -> None:
    """P17."""
    assert solved(person(1, "a", "b"), person(2, "b", "a"), person(3, "a", "z")) == {(1, 2), (2, 1)}


def test_whoever_has_time_for_one_commitment_only_is_in_no_exchange() -> None:
    assert solved(person(1, "a", "b", places=1), person(2, "b", "a")) == set()


@given(problem=problems())
@settings(deadline=None, max_examples=50, suppress_health_check=[HealthCheck.too_slow])
def test_every_learner_teaches_once_and_the_bound_holds(problem: Problem) -> None:
    fair = replace(problem, rules=replace(problem.rules, exchange=True))
    outcome = engine.solve("pair", fair)
    learners = sorted(match.members[0][0] for match in outcome.matches)
    teachers = sorted(match.members[1][0] for match in outcome.matches)
    assert learners == teachers
    assert len(set(learners)) == len(learners)
    assert outcome.bound >= outcome.value == sum(match.score for match in outcome.matches)
    for match in outcome.matches:
        check_two(fair, match, "pair")


@pytest.mark.parametrize("better", [0, 50, 70])
def test_who_could_teach_back_is_found_behind_any_number_of_better_teachers(better: int) -> None:
    rules = replace(GIVE_AND_TAKE, weights={**GIVE_AND_TAKE.weights, "reciprocity": 0})
    people = (person(1, "x", "y"), person(2, "y", "x"), *(person(9 + n, "z", "x", unit="far") for n in range(better)))
    crowd = Problem(people, frozenset(one.id for one in people), rules, 1)
    outcome = engine.solve("pair", crowd)
    assert len(outcome.matches) == 2
    with patch.object(rings, "LISTED", 1), patch.object(rings, "MUTUAL", 0):
        assert engine.solve("pair", crowd).bound >= outcome.value


@given(problem=problems(7), listed=st.integers(1, 3))
@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
def test_no_choice_of_rings_is_worth_more_than_the_bound_however_short_the_lists(problem: Problem, listed: int) -> None:
    fair = replace(problem, rules=replace(problem.rules, exchange=True))
    fair = replace(fair, asked=frozenset(one.id for one in fair.people), skills=frozenset())
    with patch.object(rings, "LISTED", listed):
        outcome = engine.solve("pair", fair)
    assert outcome.value <= optimum(fair) <= outcome.bound


@st.composite
def exchangers(draw: st.DrawFn) -> Problem:
    """People most of whom could exchange with several others."""
    skills = st.permutations("abcd").map(lambda order: order[:2])
    traits = draw(st.lists(st.tuples(skills, st.integers(1, 6), st.integers(2, 5), st.sampled_from("UV")), max_size=9))
    crowd = [
        engine_person(UUID(int=n), needs=((wants, 0, 3),), offers=((knows, offered),), level=level, unit=unit)
        for n, ((wants, knows), level, offered, unit) in enumerate(traits, start=1)
    ]
    return Problem(tuple(crowd), frozenset(one.id for one in crowd), GIVE_AND_TAKE, 1)


@given(problem=exchangers())
@settings(deadline=None, max_examples=80)
def test_a_small_choice_of_rings_is_the_best_there_is(problem: Problem) -> None:
    assert engine.solve("pair", problem).value == optimum(problem)


@pytest.mark.parametrize("limits", [{"EXACT": 0}, {"EXACT": 0, "LINEAR": 0}, {"NODES": 0}])
@given(problem=exchangers())
@settings(deadline=None, max_examples=40)
def test_a_larger_choice_of_rings_is_within_its_bound(limits: dict[str, Any], problem: Problem) -> None:
    with patch.multiple(packing, **limits):
        outcome = engine.solve("pair", problem)
    assert outcome.value <= optimum(problem) <= outcome.bound
    met = [one for match in outcome.matches for one, _ in match.members]
    assert set(map(met.count, met)) <= {2}


def test_of_five_who_each_suit_their_neighbours_two_exchanges_are_proved_to_be_all() -> None:
    """Halves of all five exchanges would be worth more, and nobody can be halved."""
    people = [
        engine_person(UUID(int=n + 1), offers=((f"s{n}", 4),), needs=tuple((f"s{(n + d) % 5}", 0, 1) for d in (1, 4)))
        for n in range(5)
    ]
    outcome = engine.solve("pair", Problem(tuple(people), frozenset(one.id for one in people), GIVE_AND_TAKE, 1))
    assert len(outcome.matches) == 4
    assert outcome.value == outcome.bound


def optimum(problem: Problem) -> int:
    """The most that disjoint rings of two and three are worth, over all of them."""
    pop = build(problem.people, problem.seed)
    edges = rings.lay(pop, problem, *pairs.asked(pop, problem)).edges
    worth = dict(
        zip(zip(edges.learner.tolist(), edges.teacher.tolist(), strict=True), edges.worth.tolist(), strict=True)
    )
    people = sorted({one for pair in worth for one in pair})
    found = [
        (frozenset(ring), sum(worth[leg] for leg in legs))
        for size in (2, 3)
        for ring in permutations(people, size)
        for legs in [list(zip(ring, (*ring[1:], ring[0]), strict=True))]
        if ring[0] == min(ring) and all(leg in worth for leg in legs)
    ]

    @cache
    def most(free: frozenset[int]) -> int:
        return max((value + most(free - ring) for ring, value in found if ring <= free), default=0)

    return most(frozenset(people))
