"""Rounds of peer review, as those in them see them."""

from uuid import UUID

from shared import sql
from shared.db import Connection, Record

SQL = sql.load("services.sessions", "reviews")


async def list_rounds(
    conn: Connection, group_id: UUID, *, member: UUID | None, after: UUID | None, limit: int
) -> list[Record]:
    """Oldest first, one more than `limit`."""
    return await conn.fetch(SQL.list_rounds, group_id, member, after, limit + 1)


async def list_mine(conn: Connection, person_id: UUID, *, after: UUID | None, limit: int) -> list[Record]:
    """What somebody is to review, one more than `limit`."""
    return await conn.fetch(SQL.list_mine, person_id, after, limit + 1)


async def list_works(
    conn: Connection, round_id: UUID, person_id: UUID, *, after: UUID | None, limit: int
) -> list[Record]:
    """One's own work with its reviews; to the facilitator what needs a word; one more than `limit`."""
    return await conn.fetch(SQL.list_works, round_id, person_id, after, limit + 1)
