"""Rounds in processes of their own."""

import asyncio
from dataclasses import replace
from threading import BoundedSemaphore
from uuid import UUID

import pytest

from services.matching.commands import rounds, solver
from services.matching.domain.format import RoundRunning, RoundTooLarge, RoundTooLong, SolverBusy, UnknownProgramme
from services.matching.engine import round as engine
from services.matching.engine.people import Problem
from services.matching.engine.rules import Rules
from shared.db import Database
from tests.matching.organization import problem
from tests.matching.solving import solve
from tests.matching.world import engine_person


@pytest.fixture(scope="module")
def crowd() -> Problem:
    return problem()


def lonely() -> Problem:
    one = engine_person(UUID(int=1), needs=(("a", 0, 1),))
    return Problem((one,), frozenset({one.id}), Rules(), 1)


async def test_another_process_finds_what_this_one_would(crowd: Problem) -> None:
    found, here = await solve("pair", crowd), engine.run("pair", crowd)
    told = found.summary
    assert (told.digest, told.output_digest, told.figures) == (here.digest, here.output_digest, here.figures)
    assert (told.value, told.bound, told.matches) == (here.outcome.value, here.outcome.bound, len(here.outcome.matches))
    assert (found.matches, found.unmatched) == (set(here.outcome.matches), list(here.outcome.unmatched))


async def test_a_round_that_takes_too_long_is_ended_and_said(crowd: Problem) -> None:
    with pytest.raises(RoundTooLong, match="within 0 seconds"):
        await solve("circle", replace(crowd, rules=Rules(seconds=0)))
    assert (await solve("pair", lonely())).unmatched


async def test_ten_thousand_with_one_skill_are_ended_where_the_rules_say() -> None:
    """Everybody could teach everybody who knows less: reading all of it takes seconds, of which there is one."""
    people = tuple(
        engine_person(UUID(int=row + 1), unit=f"U{row % 40}", needs=(("a", row % 4, 5),), offers=(("a", 1 + row % 5),))
        for row in range(10_000)
    )
    asked = frozenset(one.id for one in people)
    with pytest.raises(RoundTooLong, match="did not end within 1 seconds; its rules may allow more") as ended:
        await solve("pair", Problem(people, asked, Rules(seconds=1), 1))
    assert ended.value.fields == {"seconds": 1, "people": 10_000}
    assert (await solve("pair", lonely())).unmatched


async def test_a_round_that_takes_too_much_memory_is_ended_and_said(crowd: Problem) -> None:
    with pytest.raises(RoundTooLarge, match="more than 1 megabytes"):
        await solve("pair", replace(crowd, rules=Rules(megabytes=1)))
    assert (await solve("pair", lonely())).unmatched


async def test_more_rounds_than_may_wait_are_told_so_and_one_programme_waits_for_itself_only_a_while(
    crowd: Problem, db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(solver, "_asked", BoundedSemaphore(1))
    slow = asyncio.create_task(solve("pair", crowd))
    await asyncio.sleep(0)
    with pytest.raises(SolverBusy):
        await solve("pair", lonely())
    assert (await slow).matches
    assert (await solve("pair", lonely())).unmatched
    monkeypatch.setattr(rounds, "PATIENCE", 0)
    async with db.transaction() as one, db.transaction() as other:
        await one.execute("SELECT pg_advisory_xact_lock(7300103, hashtext($1::uuid::text))", UUID(int=1))
        with pytest.raises(RoundRunning):
            await rounds.run_round(other, UUID(int=1))
        with pytest.raises(UnknownProgramme):
            await rounds.run_round(other, UUID(int=2))
