"""Programmes as their owners and everybody else see them."""

from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from services.sessions.domain.health import RedFlag, red_flags
from services.sessions.domain.programme import Programme, UnknownProgramme
from services.sessions.store import formats
from services.sessions.store.programmes import programme
from shared import sql
from shared.db import Connection

SQL = sql.load("services.sessions", "programmes")


@dataclass(frozen=True, slots=True)
class Health:
    """How a programme is doing."""

    programme_id: UUID
    audience: int
    groups: int
    attended: int
    red_flags: list[RedFlag]


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


async def list_audience(conn: Connection, programme_id: UUID, *, after: UUID | None, limit: int) -> list[UUID]:
    """Who is in the audience today, one more than `limit`. Raises UnknownProgramme."""
    if not await conn.fetch(SQL.get_programmes, [programme_id]):
        raise UnknownProgramme("There is no such programme.")
    return [row["person_id"] for row in await conn.fetch(SQL.list_audience, programme_id, after, limit + 1)]


async def count_audience(conn: Connection, programme_id: UUID) -> int:
    """How many that are."""
    return int(await conn.fetchval(SQL.count_audience, programme_id))


async def get_health(conn: Connection, programme_id: UUID) -> Health | None:
    """Counts and red flags of one programme."""
    row = await conn.fetchrow(SQL.get_programme, programme_id, True)
    if row is None:
        return None
    found = programme(row)
    facilitated = [name for name, shape in (await formats.known(conn)).items() if shape.facilitated]
    counted = await conn.fetchrow(SQL.health, programme_id, facilitated)
    flags = red_flags(dict(counted or {}), found.goals, datetime.now(UTC).date())
    return Health(programme_id, counted["audience"], counted["groups"], counted["attended"], flags)  # type: ignore[index]
