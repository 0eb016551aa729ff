"""What a round found, kept."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from uuid_utils.compat import uuid7

from services.matching.engine import parity
from services.matching.engine.explain import LATER
from services.matching.engine.people import Unmatched
from services.matching.engine.round import VERSION
from services.matching.engine.tasks import Summary
from services.matching.store.programmes import Programme
from shared import sql
from shared.db import Connection, Record
from shared.events.matching import MatchKind

SQL = sql.load("services.matching", "rounds")
AT_ONCE = 300


async def open_(
    conn: Connection, programme: Programme, kind: MatchKind, seed: int, asks: Mapping[str, Any], *, dry_run: bool
) -> Record:
    """A round that is yet to be read and solved, with what it `asks` for. Returns its row."""
    row = await conn.fetchrow(
        SQL.open_round,
        uuid7(),
        programme.programme_id,
        kind,
        seed,
        programme.rules_version,
        "preview" if dry_run else "publish",
        VERSION,
        asks,
    )
    assert row is not None
    return row


async def read(
    conn: Connection,
    round_id: UUID,
    programme: Programme,
    digest: str,
    setting: Mapping[str, Any],
    *,
    asked: int,
    severed: bool,
) -> Record:
    """Everybody it asks has been read: nobody is matched yet. Returns its row."""
    row = await conn.fetchrow(
        SQL.read_round, round_id, digest, asked, setting, severed, programme.rules_version, VERSION
    )
    assert row is not None
    return row


async def finish(conn: Connection, found: Summary, *, round_id: UUID, programme: Programme) -> Record:
    """What came of it, as a preview; returns its row."""
    left = sum(found.reasons.values())
    row = await conn.fetchrow(
        SQL.finish_round,
        round_id,
        found.asked - left,
        left,
        found.reasons,
        found.matches,
        found.value,
        found.bound,
        found.gap,
        found.timings,
        found.report,
        found.output_digest,
        found.figures | await _declines(conn, programme),
        VERSION,
    )
    assert row is not None
    return row


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
