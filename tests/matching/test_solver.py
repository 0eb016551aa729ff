"""Rounds in processes of their own."""

from dataclasses import replace
from uuid import UUID

import pytest

from services.matching.commands import solver
from services.matching.domain.format import RoundTooLarge, RoundTooLong
from services.matching.engine import round as engine
from services.matching.engine.people import Problem
from services.matching.engine.rules import Rules
from tests.matching.organization import problem
from tests.matching.world import engine_person


@pytest.fixture(scope="module")
def crowd() -> Problem:
    return problem()


def lonely() -> Problem:
    one = engine_person(UUID(int=1), needs=(("a", 0, 1),))
    return Problem((one,), frozenset({one.id}), Rules(), 1)


async def test_another_process_finds_what_this_one_would(crowd: Problem) -> None:
    found, here = await solver.solve("pair", crowd), engine.run("pair", crowd)
    assert found.outcome == here.outcome
    assert (found.digest, found.output_digest, found.figures) == (here.digest, here.output_digest, here.figures)


async def test_a_round_that_takes_too_long_is_ended_and_said(crowd: Problem) -> None:
    with pytest.raises(RoundTooLong, match="within 0 seconds"):
        await solver.solve("circle", replace(crowd, rules=Rules(seconds=0)))
    assert (await solver.solve("pair", lonely())).outcome.unmatched


async def test_a_round_that_takes_too_much_memory_is_ended_and_said(crowd: Problem) -> None:
    with pytest.raises(RoundTooLarge, match="more than 1 megabytes"):
        await solver.solve("pair", replace(crowd, rules=Rules(megabytes=1)))
    assert (await solver.solve("pair", lonely())).outcome.unmatched
