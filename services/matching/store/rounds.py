"""What a round found, kept."""

from collections.abc import Sequence
from uuid import UUID

from services.matching.engine.people import Outcome, Unmatched
from services.matching.engine.report import report
from shared import sql
from shared.db import Connection, Record

SQL = sql.load("services.matching", "rounds")


async def insert(
    conn: Connection,
    outcome: Outcome,
    *,
    round_id: UUID,
    programme_id: UUID,
    kind: str,
    published: bool,
    seed: int,
    rules_version: int,
    digest: str,
    asked: int,
) -> Record:
    """The round and everybody it left out; returns its row."""
    reasons = [left.reason for left in outcome.unmatched]
    row = await conn.fetchrow(
        SQL.insert_round,
        round_id,
        programme_id,
        kind,
        published,
        seed,
        rules_version,
        digest,
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
    )
    await conn.execute(SQL.insert_unmatched, round_id, [_left(left) for left in outcome.unmatched])
    assert row is not None
    return row


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
