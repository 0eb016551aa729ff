"""What was arranged for groups and sessions, what people need, what facilitators have done."""

from uuid import UUID

from services.sessions.domain.founding import NotTheLeader, leads
from services.sessions.domain.session import UnknownSession
from services.sessions.queries.artefacts import scope_of
from shared import sql
from shared.db import Connection, Record

SQL = sql.load("services.sessions", "arrangements")
ARTEFACTS = sql.load("services.sessions", "artefacts")


async def get_of_group(conn: Connection, group_id: UUID, caller: UUID | None, *, oversees: bool) -> Record | None:
    """For those in it. Raises UnknownGroup."""
    await scope_of(conn, None, group_id, caller, oversees=oversees)
    return await conn.fetchrow(SQL.of_group, group_id)


async def get_of_session(conn: Connection, session_id: UUID, caller: UUID | None, *, oversees: bool) -> Record | None:
    """What holds for it, for those in it. Raises UnknownSession."""
    await scope_of(conn, session_id, None, caller, oversees=oversees)
    return await conn.fetchrow(SQL.of_session, session_id)


async def own_request(conn: Connection, session_id: UUID, person_id: UUID) -> str | None:
    """What somebody has asked for there."""
    found: str | None = await conn.fetchval(SQL.own_request, session_id, person_id)
    return found


async def list_requests(
    conn: Connection, session_id: UUID, caller: UUID | None, *, oversees: bool, after: UUID | None, limit: int
) -> list[Record]:
    """What people need, one more than `limit`: for the facilitator and the founder. Raises UnknownSession."""
    if not await conn.fetchval(SQL.reads_requests, session_id, caller, oversees):
        raise UnknownSession("There is no such session, or you do not lead it.")
    return await conn.fetch(SQL.list_requests, session_id, after, limit + 1)


async def check_leads(conn: Connection, session_id: UUID, caller: UUID | None, *, oversees: bool) -> None:
    """Raise UnknownSession for strangers, NotTheLeader for those who take part and do not lead."""
    await scope_of(conn, session_id, None, caller, oversees=oversees)
    row = await conn.fetchrow(ARTEFACTS.scope_of_session, session_id, caller)
    if row is None or not leads(caller, row["founded_by"], row["facilitator_id"], oversees=oversees):
        raise NotTheLeader("The group's founder or facilitator does this.")


async def get_duties(conn: Connection, session_id: UUID, caller: UUID | None, *, oversees: bool) -> list[int]:
    """Numbers of the duties that are done. Raises UnknownSession, NotTheLeader."""
    await check_leads(conn, session_id, caller, oversees=oversees)
    return list(await conn.fetchval(SQL.get_duties, session_id))
