"""What was told to whom, and what came back."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from shared import sql
from shared.db import Connection, Record

SQL = sql.load("services.sessions", "messages")
INVITATIONS = sql.load("services.sessions", "invitations")


async def list_messages(conn: Connection, state: str, *, after: UUID | None, limit: int) -> list[Record]:
    """In order of id, one more than `limit`."""
    return await conn.fetch(SQL.list_messages, state, after, limit + 1)


async def list_replies(
    conn: Connection, session_id: UUID | None, *, after: Sequence[Any] | None, limit: int
) -> list[Record]:
    """In order of arrival, one more than `limit`."""
    return await conn.fetch(INVITATIONS.list_replies, session_id, *(after or (None, None)), limit + 1)


async def get_preferences(conn: Connection, person_id: UUID) -> Record | None:
    """How somebody wants to be reached; None as long as they have not said."""
    return await conn.fetchrow(SQL.get_preferences, person_id)
