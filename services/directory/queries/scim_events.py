"""Subscribers to event tokens as they are read."""

from collections.abc import Sequence
from uuid import UUID

from shared import sql
from shared.db import Connection, Record

SQL = sql.load("services.directory", "scim_events")


async def get_push(conn: Connection, subscriber: str) -> Record | None:
    """Where a subscriber's tokens are pushed to, and how that goes."""
    return await conn.fetchrow(SQL.get_push, subscriber)


async def get_feed(conn: Connection, subscriber: str) -> UUID | None:
    """The role whose members a subscriber is told of; None: everybody."""
    found: UUID | None = await conn.fetchval(SQL.get_feed, subscriber)
    return found


async def named_by_sender(conn: Connection, ids: Sequence[str], kind: str = "") -> dict[str, UUID]:
    """Our ids by those of the sender of event tokens, of Users, Groups or both."""
    if not ids:
        return {}
    return {row["sent_as"]: row["id"] for row in await conn.fetch(SQL.named_by_sender, ids, kind)}
