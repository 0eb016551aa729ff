"""Parts that no feasible pair joins are matched apart, and nothing is lost by it."""

from collections.abc import Callable
from itertools import combinations
from uuid import UUID

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from services.matching.engine import rings, shards, trade
from services.matching.engine.pairs import asked
from services.matching.engine.people import Problem
from services.matching.engine.population import build
from services.matching.engine.rules import Rules
from tests.matching.strategies import problems
from tests.matching.world import engine_person


@pytest.mark.parametrize("trader", [trade.trade, rings.trade])
@given(problem=problems())
@settings(deadline=None, max_examples=50, suppress_health_check=[HealthCheck.too_slow])
def test_parts_apart_are_worth_what_the_whole_is(trader: Callable[..., trade.Trade], problem: Problem) -> None:
    pop = build(problem.people, problem.seed)
    learners, needs = asked(pop, problem)
    parts = shards.components(pop, problem, learners, needs, 1)
    assert sorted(np.concatenate(parts).tolist()) == learners.tolist()
    whole, apart = trader(pop, problem, learners, needs), shards.solve(trader, pop, problem, parts, needs)
    assert apart.value == whole.value
    assert apart.bound >= apart.value
    mine = [needs[np.isin(pop.needs.person[needs], part)] for part in parts]
    teachers = [
        set(trader(pop, problem, part, own).pairs.teacher.tolist()) for part, own in zip(parts, mine, strict=True)
    ]
    assert all(not one & other for one, other in combinations(teachers, 2))


def test_regions_without_common_hours_are_parts() -> None:
    people = []
    for region, offset in enumerate((0, 720)):
        for row in range(4):
            number = UUID(int=region * 10 + row + 1)
            people.append(engine_person(number, utc_offset=offset, needs=(("a", 1, 2),), offers=(("a", 3),)))
    crowd = Problem(tuple(people), frozenset(one.id for one in people), Rules(), 1)
    pop = build(crowd.people, 1)
    parts = shards.components(pop, crowd, *asked(pop, crowd), 1)
    assert sorted(len(part) for part in parts) == [4, 4]
