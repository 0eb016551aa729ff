"""Two ids of one person as they are read."""

from uuid import UUID

from shared import sql
from shared.db import Connection, Record

SQL = sql.load("services.directory", "duplicates")


async def list_pairs(conn: Connection, after: tuple[UUID, UUID] | None, limit: int) -> list[Record]:
    """Accounts without an employee number at workers' addresses, by both ids; one more than `limit` if there are."""
    return list(await conn.fetch(SQL.pairs, None, *(after or (None, None)), limit + 1))
