"""Remembers what a consumer has handled, in the transaction that handles it: an effect happens once."""

from collections.abc import Sequence
from contextlib import suppress

from shared import sql
from shared.db import Connection, UniqueViolation
from shared.envelope import Envelope
from shared.events.base import Event
from shared.telemetry import DUPLICATES

SQL = sql.load("shared", "delivery")
MANY = 500
"""From here on COPY with a savepoint takes less than the statement."""


async def claim(conn: Connection, consumer: str, envelopes: Sequence[Envelope[Event]]) -> list[Envelope[Event]]:
    """Claim a batch and return those that are new, in their order.

    Many at once are copied in, as if all were new; where that fails, one statement finds out which are.
    """
    unique = {(envelope.source, envelope.id): envelope for envelope in reversed(envelopes)}
    if not unique:
        return []
    wanted = sorted(unique)
    seen: set[tuple[str, str]] | None = None
    if len(wanted) >= MANY:
        with suppress(UniqueViolation):
            async with conn.transaction():
                await conn.copy_records_to_table(
                    "inbox",
                    records=[(consumer, source, item) for source, item in wanted],
                    columns=("consumer", "source", "event_id"),
                )
            seen = set()
    if seen is None:
        rows = await conn.fetch(SQL.claim, consumer, [source for source, _ in wanted], [item for _, item in wanted])
        seen = {(row["source"], row["event_id"]) for row in rows}
    if not seen and len(wanted) == len(envelopes):
        return list(envelopes)
    fresh = [each for each in envelopes if (name := (each.source, each.id)) not in seen and unique[name] is each]
    DUPLICATES.inc(len(envelopes) - len(fresh))
    return fresh


async def prune(conn: Connection) -> int:
    """Forget claims older than any topic keeps its records."""
    return int((await conn.execute(SQL.prune_inbox)).split()[-1])
