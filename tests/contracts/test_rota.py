"""MEASUREMENT 11 in both services: who facilitates next is the same by sessions' rota and by matching's."""

from datetime import date
from itertools import pairwise
from uuid import UUID

import numpy as np
import pytest

from services.matching.engine.facilitators import WHOLE, rota
from services.matching.engine.population import build
from services.sessions.domain.hours import Hours
from services.sessions.domain.rota import Host, in_turn
from tests.matching.world import engine_person

TODAY = date(2026, 11, 15)
WEEK = Hours("Europe/Berlin", 540, 1020, (1, 2, 3, 4, 5))
CIRCLE = 120
"""Minutes a month, with what is prepared, that one circle of matching's is in sessions."""
POOLS = {
    "least assigned for what was agreed": [(120, 2, False), (240, 3, False), (480, 5, False), (60, 1, False)],
    "whoever is new begins at the mean": [(240, 0, True), (240, 1, False), (240, 4, False), (240, 2, False)],
    "and is new all month": [(240, 3, True), (240, 1, False), (240, 4, False), (240, 9, False)],
    "the mean is weighted by time": [(240, 0, True), (480, 1, False), (60, 3, False), (240, 2, False)],
    "all are new": [(240, 0, True), (120, 1, True), (480, 1, True)],
    "nobody has led yet": [(240, 0, True), (240, 0, False)],
}
"""Agreed minutes a month, circles led this month, and whether they are new, of each who is ready."""


@pytest.mark.parametrize("name", POOLS)
def test_both_rotas_carry_the_same_loads(name: str) -> None:
    """The load of each is assigned time for agreed time, in sessions as a share, in matching in parts of the mean."""
    pool = POOLS[name]
    turns = in_turn(
        (
            Host(UUID(int=number), WEEK, agreed, led * CIRCLE, TODAY if new else date(2020, 1, 1))
            for number, (agreed, led, new) in enumerate(pool)
        ),
        TODAY,
    )
    people = [
        engine_person(UUID(int=number), facilitator_ready=True, agreed_minutes=agreed, hosted=led, new_host=new)
        for number, (agreed, led, new) in enumerate(pool)
    ]
    population = build(people, 1)
    load, unit = rota(population, np.arange(len(population), dtype=np.int64))
    whole = WHOLE * float(np.mean([agreed for agreed, _, _ in pool]))
    for turn in turns:
        row = population.index[turn.host.person_id]
        assert load[row] / whole * CIRCLE == pytest.approx(turn.load, abs=0.02 * (1 + turn.load))
        assert unit[row] == pytest.approx(whole / turn.host.agreed, abs=1)
    loads = [load[population.index[turn.host.person_id]] for turn in turns]
    assert all(one <= other + len(pool) for one, other in pairwise(loads)), "the order is the same"
