"""Goals that have been renewed, and what came of them."""

from datetime import date
from uuid import UUID

from shared import sql
from shared.db import Connection, Record

SQL = sql.load("services.sessions", "goals")


async def list_terms(
    conn: Connection, programme_id: UUID, *, after: tuple[date, str] | None, limit: int
) -> list[Record]:
    """The last one first, one more than `limit`."""
    return await conn.fetch(SQL.list, programme_id, *(after or (None, None)), limit + 1)
