"""What may help somebody, what has grown old, what is wanted more than before."""

from datetime import date, datetime
from uuid import UUID

from services.sessions.domain.session import WITHOUT_SEAT
from shared import sql
from shared.db import Connection, Record

SQL = sql.load("services.sessions", "recommending")


async def list_support(conn: Connection, person_id: UUID, *, after: str | None, limit: int) -> list[str]:
    """Skills somebody wants more help with, one more than `limit`."""
    return [row["skill_id"] for row in await conn.fetch(SQL.list_support, person_id, after, limit + 1)]


async def resources(conn: Connection, person_id: UUID, skill_id: str | None, few: int) -> list[Record]:
    """A few for each skill somebody wants, the widest gap first."""
    return await conn.fetch(SQL.resources, person_id, skill_id, few)


async def discovery(
    conn: Connection, person_id: UUID, *, after: tuple[int, datetime, UUID] | None, limit: int
) -> list[Record]:
    """What is open to somebody, what they want first; one more than `limit`."""
    position = after or (None, None, None)
    return await conn.fetch(SQL.discovery, person_id, sorted(WITHOUT_SEAT), *position, limit + 1)


async def stale(
    conn: Connection, months: int, viewer: UUID | None, *, after: tuple[date, str, str] | None, limit: int
) -> list[Record]:
    """What nobody has renewed for so long, longest first; one more than `limit`."""
    return await conn.fetch(SQL.stale, months, viewer, *(after or (None, None, None)), limit + 1)


async def trending(conn: Connection, months: int, *, after: tuple[int, str] | None, limit: int) -> list[Record]:
    """Skills that more people want than so many months ago, one more than `limit`."""
    return await conn.fetch(SQL.trending, months, *(after or (None, None)), limit + 1)
