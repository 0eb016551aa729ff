"""Clears what delivery and HTTP still hold of erased people: dead letters, events on their way, saved replies."""

from collections.abc import Sequence

from shared import sql
from shared.db import Connection
from shared.events.catalogue import EVENTS
from shared.events.topics import DEAD_LETTERS, Service

SQL = sql.load("shared", "privacy")
ERASABLE = sorted({cls.topic.name for cls in EVENTS if cls.tombstone})
"""Topics whose readers know what a record without a value means."""


async def forget(conn: Connection, service: Service, names: Sequence[str]) -> int:
    """Clear every record keyed by one of these names (person ids, employee numbers, addresses) and return how many.

    Call it before the tombstones are appended. A record of somebody else that only mentions a name is left alone.
    """
    quoted = [f'"{name}"'.encode() for name in names]
    done = [
        await conn.execute(SQL.forget_letters, names, quoted),
        await conn.execute(SQL.forget_parked_keys, names),
        await conn.execute(SQL.forget_events, names, ERASABLE),
        await conn.execute(SQL.forget_mirrored, names, DEAD_LETTERS[service].name),
        await conn.execute(SQL.forget_replies, quoted),
    ]
    return sum(int(status.split()[-1]) for status in done)
