"""Ground rules, notes, concerns and questions, each as its reader may see it."""

from uuid import UUID

from services.sessions.domain.session import NotTheFacilitator, UnknownSession
from shared import sql
from shared.db import Connection, Record

SQL = sql.load("services.sessions", "safety")


async def list_rules(
    conn: Connection, group_id: UUID, *, member: UUID | None, after: int | None, limit: int
) -> list[Record]:
    """Newest version first, one more than `limit`."""
    return await conn.fetch(SQL.list_rules, group_id, member, after, limit + 1)


async def list_notes(
    conn: Connection, session_id: UUID, person_id: UUID, *, after: UUID | None, limit: int
) -> list[Record]:
    """What somebody in the session may read of it. Raises UnknownSession."""
    if await conn.fetchrow(SQL.get_part, session_id, person_id) is None:
        raise UnknownSession("There is no such session, or you are not in it.")
    return await conn.fetch(SQL.list_notes, session_id, person_id, after, limit + 1)


async def list_contacts(conn: Connection, *, after: UUID | None, limit: int) -> list[Record]:
    """To whom concerns may be raised, one more than `limit`."""
    return await conn.fetch(SQL.list_contacts, after, limit + 1)


async def list_concerns(conn: Connection, person_id: UUID, *, after: UUID | None, limit: int) -> list[Record]:
    """One's own, and those one was turned to with, one more than `limit`."""
    return await conn.fetch(SQL.list_concerns, person_id, after, limit + 1)


async def get_questions(conn: Connection, session_id: UUID, person_id: UUID) -> list[str]:
    """For the facilitator; where there is none, for everybody in it. Raises UnknownSession, NotTheFacilitator."""
    part = await conn.fetchrow(SQL.get_part, session_id, person_id)
    if part is None:
        raise UnknownSession("There is no such session, or you are not in it.")
    if part["facilitator_id"] not in {None, person_id}:
        raise NotTheFacilitator("The facilitator of this session reads its questions.")
    return list(await conn.fetchval(SQL.get_questions, session_id))
