"""The readiness checklist as it is read."""

from uuid import UUID

from shared import sql
from shared.db import Connection, Record

SQL = sql.load("services.directory", "facilitation")


async def get_version(conn: Connection) -> int:
    """The checklist's version."""
    return int(await conn.fetchval(SQL.checklist_version))


async def list_items(conn: Connection) -> list[Record]:
    """The checklist."""
    return list(await conn.fetch(SQL.list_items))


async def list_items_of(conn: Connection, person_id: UUID) -> list[Record]:
    """The checklist with what somebody has completed."""
    return list(await conn.fetch(SQL.person_items, person_id))
