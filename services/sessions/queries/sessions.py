"""Sessions as those in them see them."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.sessions.domain.session import WITHOUT_SEAT
from shared import sql
from shared.db import Connection, Record

SQL = sql.load("services.sessions", "sessions")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a list is narrowed to."""

    programme_id: UUID | None = None
    group_id: UUID | None = None
    person_id: UUID | None = None
    state: str | None = None
    starts_from: datetime | None = None
    starts_to: datetime | None = None


async def get_session(conn: Connection, session_id: UUID, *, viewer: UUID | None) -> Record | None:
    """One session; `viewer` must take part in it or lead it, unless None."""
    return await conn.fetchrow(SQL.list_sessions, session_id, viewer, *[None] * 8, 1)


async def list_open(
    conn: Connection, person_id: UUID, *, after: tuple[datetime, UUID] | None, limit: int
) -> list[Record]:
    """Sessions somebody may sign up for, in order of time, one more than `limit`."""
    return await conn.fetch(SQL.list_open, person_id, sorted(WITHOUT_SEAT), *(after or (None, None)), limit + 1)


async def list_sessions(
    conn: Connection, wanted: Wanted, *, viewer: UUID | None, after: tuple[datetime, UUID] | None, limit: int
) -> list[Record]:
    """In order of time, one more than `limit`."""
    return await conn.fetch(
        SQL.list_sessions,
        None,
        viewer,
        wanted.programme_id,
        wanted.group_id,
        wanted.person_id,
        wanted.state,
        wanted.starts_from,
        wanted.starts_to,
        *(after or (None, None)),
        limit + 1,
    )
