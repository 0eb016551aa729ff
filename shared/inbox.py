"""Remembers what a consumer has handled, in the transaction that handles it: an effect happens once."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from operator import itemgetter

from shared import sql
from shared.copying import LENGTH, copy_all_new, field
from shared.db import Connection
from shared.envelope import Envelope
from shared.events.base import Event
from shared.telemetry import DUPLICATES

SQL = sql.load("shared", "delivery")
MANY = 500
"""From here on COPY with a savepoint takes less than the statement."""
COPIED = ("consumer", "source", "event_id")


async def claim(conn: Connection, consumer: str, envelopes: Sequence[Envelope[Event]]) -> list[Envelope[Event]]:
    """Claim a batch and return those that are new, in their order.

    Many at once are copied in, as if all were new; where that fails, one statement finds out which are.
    """
    unique = {(envelope.source, envelope.id): envelope for envelope in reversed(envelopes)}
    if not unique:
        return []
    wanted = sorted(unique)
    seen: set[tuple[str, str]] = set()
    if len(wanted) < MANY or not await copy_all_new(conn, "inbox", COPIED, _rows(consumer, wanted)):
        rows = await conn.fetch(SQL.claim, consumer, [source for source, _ in wanted], [item for _, item in wanted])
        seen = {(row["source"], row["event_id"]) for row in rows}
    if not seen and len(wanted) == len(envelopes):
        return list(envelopes)
    fresh = [each for each in envelopes if (name := (each.source, each.id)) not in seen and unique[name] is each]
    DUPLICATES.inc(len(envelopes) - len(fresh))
    return fresh


def _rows(consumer: str, wanted: Iterable[tuple[str, str]]) -> Iterator[bytes]:
    """All rows of one source whose ids are of one length at once: they differ in the id alone."""
    begin = len(COPIED).to_bytes(2) + field(consumer)
    for source, found in groupby(wanted, itemgetter(0)):
        same = begin + field(source)
        for size, items in groupby([item.encode() for _, item in found], len):
            start = same + LENGTH(size)
            yield start + start.join(items)


async def prune(conn: Connection) -> int:
    """Forget claims older than any topic keeps its records."""
    return int((await conn.execute(SQL.prune_inbox)).split()[-1])
