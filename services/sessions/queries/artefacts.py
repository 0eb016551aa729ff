"""What has been written of a session or a group, what is missing, rooms and checklists."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from services.sessions.domain.formats import Requirement
from services.sessions.domain.group import UnknownGroup
from services.sessions.domain.requirements import Facts, missing
from services.sessions.domain.session import UnknownSession
from services.sessions.store import formats
from shared import sql
from shared.db import Connection, Record
from shared.events.sessions import Confidentiality

SQL = sql.load("services.sessions", "artefacts")
SESSIONS = sql.load("services.sessions", "sessions")


@dataclass(frozen=True, slots=True)
class Scope:
    """Where something is written, and how confidential it is there."""

    group_id: UUID
    confidentiality: Confidentiality
    takes_part: bool


@dataclass(frozen=True, slots=True)
class Requirements:
    """What a session's format requires, and what of it is missing."""

    session_id: UUID
    requires: tuple[Requirement, ...]
    missing: list[Requirement]


async def scope_of(
    conn: Connection, session_id: UUID | None, group_id: UUID | None, caller: UUID | None, *, oversees: bool
) -> Scope:
    """For those who take part, lead or oversee. Raises UnknownSession, UnknownGroup."""
    query, key = (SQL.scope_of_session, session_id) if session_id else (SQL.scope_of_group, group_id)
    row = await conn.fetchrow(query, key, caller)
    leads = row is not None and caller is not None and caller in {row["founded_by"], row["facilitator_id"]}
    if row is None or not (row["takes_part"] or leads or oversees):
        unknown = UnknownSession if session_id else UnknownGroup
        raise unknown("There is no such thing, or you take no part in it.")
    return Scope(row["group_id"], row["confidentiality"], row["takes_part"] or leads)


async def facts_of(conn: Connection, session_id: UUID) -> Facts:
    """What can be seen of a session. Raises UnknownSession."""
    row = await conn.fetchrow(SQL.facts, session_id)
    if row is None:
        raise UnknownSession("There is no such session.")
    return Facts(**dict(row))


async def get_requirements(conn: Connection, session_id: UUID, caller: UUID | None, *, oversees: bool) -> Requirements:
    """What is still missing. Raises UnknownSession."""
    await scope_of(conn, session_id, None, caller, oversees=oversees)
    name = await conn.fetchval(SESSIONS.format_of, session_id)
    shape = await formats.one(conn, name)
    return Requirements(session_id, shape.requires, missing(shape, await facts_of(conn, session_id)))


async def list_artefacts(
    conn: Connection, session_id: UUID | None, group_id: UUID | None, caller: UUID | None, *, oversees: bool
) -> list[dict[str, Any]]:
    """For those who take part; overseers read what is not closed. Names of writers only where all is open."""
    scope = await scope_of(conn, session_id, group_id, caller, oversees=oversees)
    if not scope.takes_part and scope.confidentiality == "closed":
        return []
    rows = [dict(row) for row in await conn.fetch(SQL.list_artefacts, scope.group_id, session_id)]
    if scope.confidentiality != "open":
        rows = [{**row, "written_by": None} for row in rows]
    return rows


async def get_checklist(conn: Connection, session_id: UUID, caller: UUID | None, *, oversees: bool) -> Record | None:
    """Which steps were done. Raises UnknownSession."""
    await scope_of(conn, session_id, None, caller, oversees=oversees)
    return await conn.fetchrow(SQL.get_checklist, session_id)


async def list_rooms(conn: Connection, session_id: UUID, caller: UUID | None, *, oversees: bool) -> list[Record]:
    """Rooms of all rounds. Raises UnknownSession."""
    await scope_of(conn, session_id, None, caller, oversees=oversees)
    return await conn.fetch(SQL.list_rooms, session_id)
