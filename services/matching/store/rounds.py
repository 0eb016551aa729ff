"""What a round found, kept."""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from services.matching.engine import parity
from services.matching.engine.explain import LATER
from services.matching.engine.people import Problem, Unmatched
from services.matching.engine.report import report
from services.matching.engine.round import VERSION, Parts, Run
from services.matching.store import inputs
from services.matching.store.programmes import Programme
from shared import sql
from shared.db import Connection, Record

SQL = sql.load("services.matching", "rounds")
AT_ONCE = 300


async def insert(
    conn: Connection,
    run: Run,
    problem: Problem,
    others: Mapping[str, int],
    *,
    round_id: UUID,
    programme: Programme,
    kind: str,
) -> Record:
    """The round as a preview, everybody it left out, and how many `others` it did not ask; returns its row."""
    told = await asyncio.to_thread(_told, run, problem)
    row = await conn.fetchrow(
        SQL.insert_round,
        round_id,
        programme.programme_id,
        kind,
        problem.seed,
        programme.rules_version,
        run.digest,
        len(problem.asked),
        *told,
        run.output_digest,
        inputs.setting(problem) | {"others": others},
        run.figures | await _declines(conn, programme),
        VERSION,
    )
    await insert_unmatched(conn, round_id, run.outcome.unmatched)
    assert row is not None
    return row


async def open_(
    conn: Connection,
    parts: Parts,
    problem: Problem,
    others: Mapping[str, int],
    *,
    round_id: UUID,
    programme: Programme,
    kind: str,
    dry_run: bool,
) -> Record:
    """A round that is solved in parts: nobody is matched yet. Returns its row."""
    row = await conn.fetchrow(
        SQL.open_round,
        round_id,
        programme.programme_id,
        kind,
        problem.seed,
        programme.rules_version,
        parts.digest,
        len(problem.asked),
        inputs.setting(problem) | {"others": others},
        "preview" if dry_run else "publish",
        parts.severed,
        VERSION,
    )
    assert row is not None
    return row


async def finish(conn: Connection, run: Run, problem: Problem, *, round_id: UUID, programme: Programme) -> None:
    """What came of a round whose parts are there, as a preview."""
    figures = run.figures | await _declines(conn, programme)
    told = await asyncio.to_thread(_told, run, problem)
    await conn.execute(SQL.finish_round, round_id, *told, run.output_digest, figures, VERSION)
    await insert_unmatched(conn, round_id, run.outcome.unmatched)


def _told(run: Run, problem: Problem) -> tuple[Any, ...]:
    outcome = run.outcome
    reasons = [left.reason for left in outcome.unmatched]
    return (
        len(problem.asked) - len(reasons),
        len(reasons),
        dict(sorted(Counter(reasons).items())),
        len(outcome.matches),
        outcome.value,
        outcome.bound,
        outcome.gap,
        {name: round(seconds, 4) for name, seconds in outcome.timings.items()},
        report(outcome),
    )


async def _declines(conn: Connection, programme: Programme) -> dict[str, dict[str, int]]:
    rows = await conn.fetch(SQL.declines, programme.programme_id, programme.rules.cool_off_days, parity.FEWEST)
    return {"declines": {row["reason_code"] or "none": row["declines"] for row in rows}}


async def insert_unmatched(conn: Connection, round_id: UUID, unmatched: Sequence[Unmatched]) -> None:
    """Whom the round left out."""
    for start in range(0, len(unmatched), AT_ONCE):
        await conn.execute(SQL.insert_unmatched, round_id, [_left(left) for left in unmatched[start : start + AT_ONCE]])


def _left(left: Unmatched) -> dict[str, object]:
    change = left.change._asdict() if left.change else None
    later = left.change is not None and not LATER.isdisjoint((left.change.code, *left.change.also))
    return {
        "person_id": str(left.person),
        "reason": left.reason,
        "remaining": [count._asdict() for count in left.left],
        "opens": [count._asdict() for count in left.opens],
        "change": None if later else change,
        "would_help": change if later else None,
    }


async def newcomers(
    conn: Connection,
    today: object,
    people: Sequence[UUID] | None = None,
    programme_id: UUID | None = None,
    most: int | None = None,
) -> dict[UUID, list[UUID]]:
    """Recent and coming hires without a buddy, with the programmes that shall find them one, the closest first.

    Without `people` all of them, or so many drawn anew each time.
    """
    rows = await conn.fetch(SQL.newcomers_without_buddy, today, people, programme_id, most)
    return {row["person_id"]: row["programmes"] for row in rows}
