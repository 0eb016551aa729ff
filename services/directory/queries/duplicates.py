"""Two ids of one person as they are read."""

from typing import TypeAlias
from uuid import UUID

from shared import sql
from shared.db import Connection, Record

SQL = sql.load("services.directory", "duplicates")
LOOKED_AT = 2000
"""So many accounts for one page: each takes a look for the workers at its addresses, and most have none."""
LAST = UUID(int=2**128 - 1)
Place: TypeAlias = tuple[UUID, UUID]


async def list_pairs(conn: Connection, after: Place | None, limit: int) -> tuple[list[Record], Place | None]:
    """Accounts without an employee number at workers' addresses, by both ids, and behind which the next page begins."""
    start = after or (None, None)
    last = await conn.fetchval(SQL.last_looked_at, start[0], LOOKED_AT)
    rows = await conn.fetch(SQL.pairs, None, *start, limit + 1, last)
    if len(rows) > limit:
        return rows[:limit], (rows[limit - 1]["account_id"], rows[limit - 1]["person_id"])
    return list(rows), None if last is None else (last, LAST)
