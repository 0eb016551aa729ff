"""Watch a full session: be told of a free seat without queueing for it."""

from uuid import UUID

from services.sessions.commands.attendance import may_sign_up
from services.sessions.domain.seats import Attends
from services.sessions.domain.session import UnknownSession
from services.sessions.store import sessions as store
from shared import sql
from shared.db import Connection
from shared.refusal import NotFound, Refused

SQL = sql.load("services.sessions", "watches")


class SeatFree(Refused):
    """There is a seat now: take it."""


class NotWatched(NotFound):
    """Nobody of that id watches it."""


async def watch(conn: Connection, session_id: UUID, person_id: UUID, attends: Attends | None) -> None:
    """`attends`: for a seat of that kind, where they are apart.

    Raises UnknownSession, SessionHasStarted, SessionIsCancelled, InvalidRequest, SeatFree with the session's state.
    """
    session, part, seats, *_ = await store.lock_answering(conn, session_id, person_id, is_yes=False)
    if part is None and not await may_sign_up(conn, session, person_id):
        raise UnknownSession("There is no such session, or it is not for you.")
    session.check_open_now()
    if free := seats.of(attends):
        raise SeatFree(f"{free} seats are free.", state=session.state)
    await conn.execute(SQL.watch, session_id, person_id, attends)


async def unwatch(conn: Connection, session_id: UUID, person_id: UUID) -> None:
    """Raises NotWatched."""
    if not await conn.fetchval(SQL.unwatch, session_id, person_id):
        raise NotWatched("You do not watch this session.")
