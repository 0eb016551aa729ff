"""Remembers what a consumer has handled, in the transaction that handles it: an effect happens once."""

from collections.abc import Sequence

from shared import sql
from shared.db import Connection
from shared.envelope import Envelope
from shared.events.base import Event
from shared.telemetry import DUPLICATES

SQL = sql.load("shared", "delivery")


async def claim(conn: Connection, consumer: str, envelopes: Sequence[Envelope[Event]]) -> list[Envelope[Event]]:
    """Claim a batch in one statement and return those that are new, in their order."""
    if not envelopes:
        return []
    wanted = sorted({(envelope.source, envelope.id) for envelope in envelopes})
    rows = await conn.fetch(SQL.claim, consumer, [source for source, _ in wanted], [item for _, item in wanted])
    if not rows and len(wanted) == len(envelopes):
        return list(envelopes)
    seen = {(row["source"], row["event_id"]) for row in rows}
    fresh = []
    for envelope in envelopes:
        name = (envelope.source, envelope.id)
        if name not in seen:
            seen.add(name)
            fresh.append(envelope)
    DUPLICATES.inc(len(envelopes) - len(fresh))
    return fresh


async def prune(conn: Connection) -> int:
    """Forget claims older than any topic keeps its records."""
    return int((await conn.execute(SQL.prune_inbox)).split()[-1])
