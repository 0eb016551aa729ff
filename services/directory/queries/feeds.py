"""Feeds as they are read."""

from typing import Any
from uuid import UUID

from services.directory.store import feeds as store
from services.directory.store.feeds import Feed
from shared.db import Connection, Record

SQL = store.SQL


async def get_feed(conn: Connection, feed_id: UUID) -> Feed | None:
    """One feed."""
    return await store.get(conn, feed_id)


async def list_feeds(conn: Connection, after: tuple[Any, ...] | None, limit: int) -> list[Record]:
    """Newest first; one more than `limit` where there are more."""
    created_at, feed_id = after or (None, None)
    return list(await conn.fetch(SQL.list_feeds, created_at, feed_id, limit + 1))


async def list_refusals(conn: Connection, feed_id: UUID, after: int | None, limit: int) -> list[Record]:
    """In the order of lines; one more than `limit` where there are more."""
    return list(await conn.fetch(SQL.list_refusals, feed_id, after, limit + 1))


async def list_missing(conn: Connection, feed_id: UUID, after: str | None, limit: int) -> list[Record]:
    """By employee number; one more than `limit` where there are more."""
    return list(await conn.fetch(SQL.list_missing, feed_id, after, limit + 1))
