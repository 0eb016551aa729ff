"""Subscriptions to reports; each is its subscriber's own."""

from uuid import UUID

from shared import sql
from shared.db import Connection, Record

SQL = sql.load("services.metrics", "reports")


async def list_subscriptions(conn: Connection, subscriber: str, after: UUID | None, limit: int) -> list[Record]:
    """Up to `limit` of them, in order of id."""
    found: list[Record] = await conn.fetch(SQL.subscriptions, subscriber, after, limit)
    return found
