"""Plans of sessions, and polls on how a group meets."""

from uuid import UUID

from services.sessions.domain.polls import UnknownPoll
from services.sessions.queries.artefacts import scope_of
from shared import sql
from shared.db import Connection, Record

SQL = sql.load("services.sessions", "plans")


async def of_session(conn: Connection, session_id: UUID, caller: UUID | None, *, oversees: bool) -> Record | None:
    """The plan of a session, for those in it. Raises UnknownSession."""
    await scope_of(conn, session_id, None, caller, oversees=oversees)
    return await conn.fetchrow(SQL.list, session_id, caller, False, None, None, 1)


async def list_plans(
    conn: Connection, reader: UUID, *, own: bool, format_name: str | None, after: UUID | None, limit: int
) -> list[Record]:
    """Shared ones, or one's own; newest first, one more than `limit`."""
    return await conn.fetch(SQL.list, None, reader, own, format_name, after, limit + 1)


async def get_poll(conn: Connection, poll_id: UUID, caller: UUID | None, *, oversees: bool) -> Record:
    """One poll, for those in its group. Raises UnknownPoll."""
    row = await conn.fetchrow(SQL.list_polls, None, poll_id, caller, None, 1)
    if row is None:
        raise UnknownPoll("There is no such poll.")
    await scope_of(conn, None, row["group_id"], caller, oversees=oversees)
    return row


async def list_polls(
    conn: Connection, group_id: UUID, caller: UUID | None, *, oversees: bool, after: UUID | None, limit: int
) -> list[Record]:
    """A group's, newest first, one more than `limit`. Raises UnknownGroup."""
    await scope_of(conn, None, group_id, caller, oversees=oversees)
    return await conn.fetch(SQL.list_polls, group_id, None, caller, after, limit + 1)
