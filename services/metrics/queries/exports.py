"""Files that were asked for; each is its requester's own."""

from uuid import UUID

from shared import sql
from shared.db import Connection, Record

SQL = sql.load("services.metrics", "exports")


async def get_export(conn: Connection, export_id: UUID, subject: str) -> Record | None:
    """How far it is; None for somebody else's."""
    found: Record | None = await conn.fetchrow(SQL.export, export_id, subject)
    return found


async def get_content(conn: Connection, export_id: UUID, subject: str) -> Record | None:
    """The format and the file, None until it is finished; None for somebody else's."""
    found: Record | None = await conn.fetchrow(SQL.content, export_id, subject)
    return found
