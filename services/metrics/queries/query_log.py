"""What has been asked of the numbers, newest first."""

from shared import sql
from shared.db import Connection, Record

SQL = sql.load("services.metrics", "query_log")


async def list_queries(conn: Connection, before: int | None, limit: int) -> list[Record]:
    """Up to `limit` of them, older than `before`."""
    found: list[Record] = await conn.fetch(SQL.queries, before, limit)
    return found
