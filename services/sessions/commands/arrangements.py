"""Where and how a group meets and which courses lie beside it; what somebody needs; what a facilitator has done."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from services.sessions.commands.founding import Caller, lock_led
from services.sessions.domain import duties
from services.sessions.domain.arrangements import UnknownAccommodation
from services.sessions.domain.session import Session, UnknownSession
from services.sessions.queries.arrangements import check_leads
from services.sessions.queries.artefacts import scope_of
from services.sessions.store import sessions as store
from shared import outbox, sql
from shared.db import Connection
from shared.events.sessions import SessionRescheduled

SQL = sql.load("services.sessions", "arrangements")
SESSIONS = sql.load("services.sessions", "sessions")


async def arrange_group(conn: Connection, group_id: UUID, wanted: Mapping[str, Any], caller: Caller) -> None:
    """For all its sessions that say nothing else; those ahead are told and invited to anew.

    Raises UnknownGroup, NotTheLeader, GroupNotActive.
    """
    await lock_led(conn, group_id, caller)
    if await conn.fetchval(SQL.arrange_group, group_id, *_columns(wanted)):
        ahead = await conn.fetch(SESSIONS.lock_upcoming_of_groups, [group_id], datetime.now(UTC))
        await _renew(conn, [store.session(row) for row in ahead])


async def arrange_session(conn: Connection, session_id: UUID, wanted: Mapping[str, Any], caller: Caller) -> None:
    """For one session: null is as its group says. Raises UnknownSession, SessionHasStarted, SessionIsCancelled too."""
    scope = await scope_of(conn, session_id, None, caller.person_id, oversees=caller.oversees)
    await lock_led(conn, scope.group_id, caller)
    session = await store.lock(conn, session_id)
    session.check_open_now()
    if await conn.fetchval(SQL.arrange_session, session_id, *_columns(wanted)):
        await _renew(conn, [await store.lock(conn, session_id)])


async def ask_accommodation(conn: Connection, session_id: UUID, by: UUID, text: str, *, series: bool) -> None:
    """What somebody needs to take part, for whoever leads alone; again says it anew. Raises UnknownSession."""
    if not await conn.fetchval(SQL.ask, session_id, by, text, series):
        raise UnknownSession("There is no such session ahead, or you do not take part in it.")


async def withdraw_accommodation(conn: Connection, session_id: UUID, by: UUID) -> None:
    """It is not needed any more. Raises UnknownAccommodation."""
    if not await conn.fetchval(SQL.withdraw, session_id, by):
        raise UnknownAccommodation("You have asked for nothing there.")


async def tick_duties(conn: Connection, session_id: UUID, done: Sequence[int], caller: Caller) -> None:
    """Which of a facilitator's duties are done. Raises UnknownSession, NotTheLeader, SessionIsCancelled."""
    await check_leads(conn, session_id, caller.person_id, oversees=caller.oversees)
    session = await store.lock(conn, session_id)
    session.check_not_cancelled()
    await conn.execute(SQL.tick_duties, session_id, duties.check_done(done))


async def alert_momentum(conn: Connection) -> int:
    """Tell who leads a group that it has not met for one and a half times its cadence; returns how many were told."""
    return int(await conn.fetchval(SQL.alert_momentum))


async def _renew(conn: Connection, sessions: Sequence[Session]) -> None:
    if sessions:
        await conn.execute(SQL.renew, [session.session_id for session in sessions])
        changed = [replace(session, version=session.version + 1) for session in sessions]
        await outbox.append_all(conn, [(session.told(SessionRescheduled), None) for session in changed])


def _columns(wanted: Mapping[str, Any]) -> tuple[Any, ...]:
    access = wanted["access"]
    return wanted["place"], None if access is None else sorted(set(access)), wanted["courses"]
