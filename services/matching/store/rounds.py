"""What a round found, kept."""

from collections.abc import Sequence
from uuid import UUID

from services.matching.engine.people import Problem, Unmatched
from services.matching.engine.report import report
from services.matching.engine.round import Run
from services.matching.store import inputs
from services.matching.store.programmes import Programme
from shared import sql
from shared.db import Connection, Record

SQL = sql.load("services.matching", "rounds")


async def insert(
    conn: Connection, run: Run, problem: Problem, *, round_id: UUID, programme: Programme, kind: str, dry_run: bool
) -> Record:
    """The round and everybody it left out; returns its row."""
    outcome = run.outcome
    reasons = [left.reason for left in outcome.unmatched]
    programme_id, asked = programme.programme_id, len(problem.asked)
    declines = {
        row["reason_code"] or "none": row["declines"]
        for row in await conn.fetch(SQL.declines, programme_id, programme.rules.cool_off_days)
    }
    row = await conn.fetchrow(
        SQL.insert_round,
        round_id,
        programme_id,
        kind,
        not dry_run,
        problem.seed,
        programme.rules_version,
        run.digest,
        asked,
        asked - len(reasons),
        len(reasons),
        {reason: reasons.count(reason) for reason in sorted(set(reasons))},
        len(outcome.matches),
        outcome.value,
        outcome.bound,
        outcome.gap,
        {name: round(seconds, 4) for name, seconds in outcome.timings.items()},
        report(outcome),
        run.output_digest,
        inputs.setting(problem),
        run.figures | {"declines": declines},
    )
    await insert_unmatched(conn, round_id, outcome.unmatched)
    assert row is not None
    return row


async def insert_unmatched(conn: Connection, round_id: UUID, unmatched: Sequence[Unmatched]) -> None:
    """Whom the round left out."""
    await conn.execute(SQL.insert_unmatched, round_id, [_left(left) for left in unmatched])


def _left(left: Unmatched) -> dict[str, object]:
    return {
        "person_id": str(left.person),
        "reason": left.reason,
        "remaining": [count._asdict() for count in left.left],
        "opens": [count._asdict() for count in left.opens],
        "change": left.change._asdict() if left.change else None,
    }


async def newcomers(
    conn: Connection, today: object, people: Sequence[UUID] | None = None, programme_id: UUID | None = None
) -> list[tuple[UUID, UUID]]:
    """Recent and coming hires without a buddy, with the programme that shall find them one."""
    rows = await conn.fetch(SQL.newcomers_without_buddy, today, people, programme_id)
    return [(row["person_id"], row["programme_id"]) for row in rows]
