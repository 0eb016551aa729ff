"""Remembers what a consumer has handled, in the transaction that handles it: an effect happens once."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

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
    ids: defaultdict[str, list[str]] = defaultdict(list)
    for envelope in envelopes:
        ids[envelope.source].append(envelope.id)
    wanted = {source: sorted(dict.fromkeys(ids[source])) for source in sorted(ids)}
    count = sum(map(len, wanted.values()))
    if not count:
        return []
    seen: set[tuple[str, str]] = set()
    if count < MANY or not await copy_all_new(conn, "inbox", COPIED, _rows(consumer, wanted)):
        names = [(source, name) for source, found in wanted.items() for name in found]
        rows = await conn.fetch(SQL.claim, consumer, *map(list, zip(*names, strict=True)))
        seen = {(row["source"], row["event_id"]) for row in rows}
    if not seen and count == len(envelopes):
        return list(envelopes)
    unique = {(envelope.source, envelope.id): envelope for envelope in reversed(envelopes)}
    fresh = [each for each in envelopes if (name := (each.source, each.id)) not in seen and unique[name] is each]
    DUPLICATES.inc(len(envelopes) - len(fresh))
    return fresh


def _rows(consumer: str, wanted: Mapping[str, Sequence[str]]) -> Iterator[bytes]:
    """All rows of one source whose ids are of one length at once: they differ in the id alone."""
    begin = len(COPIED).to_bytes(2) + field(consumer)
    for source, found in wanted.items():
        same = begin + field(source)
        for size, items in groupby(map(str.encode, found), len):
            start = same + LENGTH(size)
            yield start + start.join(items)


async def prune(conn: Connection) -> int:
    """Forget claims older than any topic keeps its records."""
    return int((await conn.execute(SQL.prune_inbox)).split()[-1])
