"""Programmes as their owners and everybody else see them."""

from uuid import UUID

from services.sessions.domain.programme import Programme
from services.sessions.store.programmes import programme
from shared import sql
from shared.db import Connection

SQL = sql.load("services.sessions", "programmes")


async def get_programme(conn: Connection, programme_id: UUID, *, drafts: bool) -> Programme | None:
    """One programme; a draft only for those who may see drafts."""
    row = await conn.fetchrow(SQL.get_programme, programme_id, drafts)
    return programme(row) if row else None


async def list_programmes(
    conn: Connection,
    *,
    drafts: bool,
    status: str | None,
    format: str | None,  # noqa: A002 - filters are named as the field
    after: UUID | None,
    limit: int,
) -> list[Programme]:
    """Oldest first, one more than `limit`."""
    rows = await conn.fetch(SQL.list_programmes, drafts, status, format, after, limit + 1)
    return [programme(row) for row in rows]
