"""What somebody is asked, and with which words."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from shared import sql
from shared.db import Connection, Record

SQL = sql.load("services.sessions", "follow_up")


async def list_prompts(conn: Connection, person_id: UUID, *, after: Sequence[Any] | None, limit: int) -> list[Record]:
    """What waits for an answer, soonest to expire first, one more than `limit`."""
    return await conn.fetch(SQL.list_prompts, person_id, *(after or (None, None)), limit + 1)


async def list_forms(
    conn: Connection, form_id: UUID | None, *, after: Sequence[Any] | None, limit: int
) -> list[Record]:
    """In order of form and version, one more than `limit`."""
    return await conn.fetch(SQL.list_forms, form_id, *(after or (None, None)), limit + 1)


async def list_surveys(
    conn: Connection, *, viewer: UUID | None, programme_id: UUID | None, after: UUID | None, limit: int
) -> list[Record]:
    """Oldest first, one more than `limit`; to people those they were asked."""
    return await conn.fetch(SQL.list_surveys, None, viewer, programme_id, after, limit + 1)
