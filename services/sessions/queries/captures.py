"""Requests to keep what somebody knows."""

from uuid import UUID

from shared import sql
from shared.db import Connection, Record

SQL = sql.load("services.sessions", "captures")
PROPOSALS = sql.load("services.sessions", "proposals")


async def get_capture(conn: Connection, capture_id: UUID, *, holder: UUID | None) -> Record | None:
    """One; about `holder`, unless None."""
    return await conn.fetchrow(SQL.list, capture_id, holder, None, None, None, 1)


async def list_captures(
    conn: Connection, *, holder: UUID | None, state: str | None, skill_id: str | None, after: UUID | None, limit: int
) -> list[Record]:
    """By id, one more than `limit`; about `holder`, unless None."""
    return await conn.fetch(SQL.list, None, holder, state, skill_id, after, limit + 1)


async def get_proposal(conn: Connection, proposal_id: UUID) -> Record | None:
    """One proposal of matching's."""
    return await conn.fetchrow(PROPOSALS.list, proposal_id, None, None, 1)


async def list_proposals(conn: Connection, *, state: str | None, after: UUID | None, limit: int) -> list[Record]:
    """What matching proposes to capture, one more than `limit`."""
    return await conn.fetch(PROPOSALS.list, None, state, after, limit + 1)
