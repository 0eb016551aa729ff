"""Legal holds as they are read."""

from uuid import UUID

from shared import sql
from shared.db import Connection, Record

SQL = sql.load("services.directory", "legal_holds")


async def list_legal_holds(conn: Connection, after: UUID | None, limit: int) -> list[Record]:
    """Holds that stand, by person."""
    return list(await conn.fetch(SQL.list_legal_holds, after, limit))
