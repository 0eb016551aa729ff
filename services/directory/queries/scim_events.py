"""Subscribers to event tokens as they are read."""

from shared import sql
from shared.db import Connection, Record

SQL = sql.load("services.directory", "scim_events")


async def get_push(conn: Connection, subscriber: str) -> Record | None:
    """Where a subscriber's tokens are pushed to, and how that goes."""
    return await conn.fetchrow(SQL.get_push, subscriber)
