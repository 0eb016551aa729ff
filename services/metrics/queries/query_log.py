"""What has been asked of the numbers, newest first."""

from shared import sql
from shared.db import Connection, Record

SQL = sql.load("services.metrics", "query_log")
NOT_STATED = "not stated"


async def list_queries(conn: Connection, before: int | None, limit: int) -> list[Record]:
    """Up to `limit` of them, older than `before`."""
    found: list[Record] = await conn.fetch(SQL.queries, before, limit)
    return found


async def summarise(conn: Connection) -> list[Record]:
    """The last thirty days, what was asked most first."""
    found: list[Record] = await conn.fetch(SQL.summary, NOT_STATED)
    return found
