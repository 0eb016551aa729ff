"""Holds as they are read."""

from typing import Any

from shared import sql
from shared.db import Connection, Record

SQL = sql.load("services.directory", "holds")


async def list_holds(conn: Connection, after: int | None, limit: int) -> list[Record]:
    """Newest first; one more than `limit` where there are more."""
    return list(await conn.fetch(SQL.list_holds, after, limit + 1))


async def get_hold(conn: Connection, hold_id: int) -> Record | None:
    """One hold."""
    return await conn.fetchrow(SQL.get_hold, hold_id)


async def held_people(conn: Connection, hold_id: int, after: tuple[Any, ...] | None, limit: int) -> list[Record]:
    """Who waits, or waited, for it, by employee number; one more than `limit` where there are more."""
    number, day, sequence = after or (None, None, None)
    return list(await conn.fetch(SQL.held_people, hold_id, number, day, sequence, limit + 1))


async def waiting(conn: Connection) -> int:
    """How many records wait for a decision."""
    return int(await conn.fetchval(SQL.waiting))
