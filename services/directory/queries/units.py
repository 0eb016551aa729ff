"""Org units as they are read."""

from shared import sql
from shared.db import Connection, Record

SQL = sql.load("services.directory", "units")


async def get_unit(conn: Connection, code: str) -> Record | None:
    """One unit."""
    return await conn.fetchrow(SQL.get_unit, code)


async def list_units(conn: Connection, after: str | None, limit: int) -> list[Record]:
    """Units by code; one more than `limit` where there are more."""
    return list(await conn.fetch(SQL.list_units, after, limit + 1))
