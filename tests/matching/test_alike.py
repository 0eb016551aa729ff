"""A round of people who nearly all look alike to each other, against the optimum and the bound."""

from unittest.mock import patch
from uuid import UUID

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.matching.engine import alike, assign, candidates, cells, market, pairs, scan, trade
from services.matching.engine.compiled import EMPTY
from services.matching.engine.people import Problem
from services.matching.engine.population import Ints, Population, build
from services.matching.engine.rules import Rules
from tests.matching.test_scan import feasible
from tests.matching.world import engine_person

EXACT = 1 << 40


@st.composite
def crowds(draw: st.DrawFn) -> Problem:
    """Up to forty people of a handful of kinds, all about one skill, with time to learn and to teach."""
    kinds = draw(st.lists(st.tuples(st.integers(0, 3), st.integers(1, 4), st.integers(1, 2)), min_size=1, max_size=4))
    rows = draw(st.lists(st.sampled_from(kinds), min_size=2, max_size=40))
    people = tuple(
        engine_person(
            UUID(int=row + 1),
            level=rank,
            unit=f"U{row % 5}",
            needs=(("a", level, level + 1),),
            offers=(("a", min(5, level + ahead)),),
            slots=row % 3,
        )
        for row, (level, ahead, rank) in enumerate(rows)
    )
    return Problem(people, frozenset(one.id for one in people), Rules(candidates=draw(st.integers(1, 4))), 1)


def asked(one: Problem) -> tuple[Population, Ints, Ints]:
    pop = build(one.people, one.seed)
    return pop, *pairs.asked(pop, one)


def optimum(one: Problem) -> int:
    """The best first choice, over every pair there is."""
    pop, learners, needs = asked(one)
    all_ = feasible(pop, one, learners, needs)
    laid = market.build(pop, one, learners, needs, trade.barred(pop, one))
    if not len(all_.learner):
        return 0
    mutual = scan.mutuals(laid, all_.learner, all_.teacher)
    score = candidates.total(candidates.terms(pop, one, all_, mutual))
    graph = assign.Graph(
        row=all_.learner,
        column=all_.teacher,
        score=score,
        lot=pop.draw(all_.learner, all_.teacher),
        rows=len(pop),
        load=pop.load,
        slots=pop.slots,
        cost=trade.load_cost(one.rules.weights),
    )
    return assign.solve(graph, exact=EXACT).value


@given(one=crowds())
@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
def test_the_bound_of_a_choice_among_many_alike_is_no_less_than_the_optimum(one: Problem) -> None:
    with (
        patch.object(assign, "EXACT", 0),
        patch.object(alike, "FEW", 2),
        patch.object(cells, "PARTED", 2),
        patch.object(market, "LONG", 2),
    ):
        pop, learners, needs = asked(one)
        found = trade.first(pop, one, learners, needs)
    assert found.value <= optimum(one) <= found.bound


def test_teachers_alike_are_those_of_one_level_week_rank_and_need() -> None:
    people = [
        *(engine_person(UUID(int=row + 1), offers=(("a", 3),), level=1 + row // 20) for row in range(40)),
        *(engine_person(UUID(int=row + 101), offers=(("a", 3),), needs=(("a", 2, 3),)) for row in range(20)),
        *(engine_person(UUID(int=row + 201), offers=(("a", 4),)) for row in range(3)),
        engine_person(UUID(int=301), needs=(("a", 1, 2),)),
    ]
    pop, learners, needs = asked(Problem(tuple(people), frozenset(one.id for one in people), Rules(), 1))
    with patch.object(cells, "PARTED", 10):
        laid = market.build(pop, Problem((), frozenset(), Rules(), 1), learners, needs, pop.apart)
    kind = alike.kinds(pop, laid, needs)
    told = {number: kind[pop.index[UUID(int=number)]] for number in (1, 20, 21, 40, 101, 120, 201, 203, 301)}
    assert told[1] == told[20] != told[21] == told[40]
    assert told[101] == told[120] != told[1]
    assert {told[201], told[203], told[301]} == {EMPTY}
    price = alike.even(np.arange(len(pop)), kind)
    mine = kind == told[1]
    assert set(price[mine].tolist()) == {int(np.arange(len(pop))[mine].mean())}
    assert (price[kind == EMPTY] == np.flatnonzero(kind == EMPTY)).all()
    assert (alike.kinds(pop, laid, needs[:0]) == EMPTY).all()


def test_who_learns_rather_than_teach_has_a_price() -> None:
    """None of those left over looks free to everybody else, though few of them are listed."""
    rng = np.random.default_rng(1)
    people = tuple(
        engine_person(
            UUID(int=row + 1),
            unit=f"U{row // 9}",
            level=int(rng.integers(1, 6)),
            needs=(("a", level, level + 1),),
            offers=(("a", offered),),
            slots=int(rng.integers(4)),
            places=int(rng.integers(1, 5)),
            utc_offset=int(rng.choice((-480, 0, 60, 330))),
        )
        for row, (level, offered) in enumerate(rng.integers((0, 3), (4, 6), (2000, 2)).tolist())
    )
    one = Problem(people, frozenset(one.id for one in people), Rules(), 1)
    pop, learners, needs = asked(one)
    with patch.multiple(trade, LEFT_LISTED=20, LEFT_RENEWED=8):
        found = trade.trade(pop, one, learners, needs)
    assert found.bound - found.value < 0.01 * found.bound
