"""Watch a full session: be told of a free seat without queueing for it."""

from uuid import UUID

from services.sessions.commands.attendance import may_sign_up
from services.sessions.domain.session import WITHOUT_SEAT, UnknownSession
from services.sessions.store import sessions as store
from shared import sql
from shared.db import Connection
from shared.refusal import NotFound, Refused

SQL = sql.load("services.sessions", "watches")
PARTICIPANTS = sql.load("services.sessions", "participants")


class SeatFree(Refused):
    """There is a seat now: take it."""


class NotWatched(NotFound):
    """Nobody of that id watches it."""


async def watch(conn: Connection, session_id: UUID, person_id: UUID) -> None:
    """Raises UnknownSession, SeatFree with the state of the session, SessionHasStarted, SessionIsCancelled."""
    session = await store.lock(conn, session_id)
    part = await store.get_participation(conn, session_id, person_id)
    if part is None and not await may_sign_up(conn, session, person_id):
        raise UnknownSession("There is no such session, or it is not for you.")
    session.check_open_now()
    taken = await conn.fetchval(PARTICIPANTS.count_seats_taken, session_id, sorted(WITHOUT_SEAT))
    if taken < session.capacity:
        raise SeatFree(f"{session.capacity - taken} seats are free.", state=session.state)
    await conn.execute(SQL.watch, session_id, person_id)


async def unwatch(conn: Connection, session_id: UUID, person_id: UUID) -> None:
    """Raises NotWatched."""
    if not await conn.fetchval(SQL.unwatch, session_id, person_id):
        raise NotWatched("You do not watch this session.")
