"""Seats that become free, and the waitlist that fills them."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from services.sessions.commands.rotations import recast
from services.sessions.domain.session import Participation, Session
from services.sessions.store import sessions as store
from shared import outbox, sql
from shared.db import Connection
from shared.envelope import Envelope
from shared.events.directory import PersonChanged
from shared.events.sessions import SessionRescheduled

GROUPS = sql.load("services.sessions", "groups")
SESSIONS = sql.load("services.sessions", "sessions")
PARTICIPANTS = sql.load("services.sessions", "participants")
WATCHES = sql.load("services.sessions", "watches")
MESSAGES = sql.load("services.sessions", "messages")


async def give_up_seats(
    conn: Connection,
    sessions: Mapping[UUID, Session],
    pairs: Sequence[tuple[Any, ...]],
    causes: Mapping[UUID, Envelope[PersonChanged]] | None = None,
) -> None:
    """Take (session, person) pairs out of locked sessions, tell it, and let the waiting ones in; `causes` by person."""
    if not pairs:
        return
    columns = [list(column) for column in zip(*pairs, strict=True)]
    rows = await conn.fetch(PARTICIPANTS.withdraw, *columns)
    await conn.execute(PARTICIPANTS.uninvite, *columns)
    gone = [store.participation(row) for row in rows]
    await outbox.append_all(
        conn, [(part.told(sessions[part.session_id]), (causes or {}).get(part.person_id)) for part in gone]
    )
    await promote(conn, sessions)


async def promote(conn: Connection, sessions: Mapping[UUID, Session]) -> None:
    """Fill free seats of locked sessions from their waitlists, in order; who has or may take one is told."""
    parts: list[Participation] = []
    while following := await conn.fetch(PARTICIPANTS.next_waiting, list(sessions), store.UNSEATED):
        pairs = ([row["session_id"] for row in following], [row["person_id"] for row in following])
        rows = await conn.fetch(PARTICIPANTS.promote, *pairs, store.UNSEATED)
        parts += [store.participation(row) for row in rows]
    if parts:
        await outbox.append_all(conn, [(part.told(sessions[part.session_id]), None) for part in parts])
        columns = zip(*((part.session_id, part.person_id, part.version) for part in parts), strict=True)
        await conn.execute(MESSAGES.queue_seats, *map(list, columns))
    await conn.execute(WATCHES.seat_freed, list(sessions), store.UNSEATED)


async def leave(
    conn: Connection, people: Sequence[UUID], causes: Mapping[UUID, Envelope[PersonChanged]] | None = None
) -> None:
    """Take people out of everything that is to come, and out of their groups."""
    rows = await conn.fetch(SESSIONS.lock_upcoming_of_people, list(people), datetime.now(UTC))
    sessions = {row["session_id"]: store.session(row) for row in rows}
    leaving = set(people)
    for session_id, session in sessions.items():
        if session.facilitator_id in leaving:
            sessions[session_id] = replace(session, version=session.version + 1, facilitator_id=None)
    led = [session for row in rows if (session := sessions[row["session_id"]]).version > row["version"]]
    await conn.execute(SESSIONS.lose_facilitators, [session.session_id for session in led])
    await outbox.append_all(conn, [(session.told(SessionRescheduled), None) for session in led])
    await give_up_seats(conn, sessions, [(session, person) for session in sessions for person in people], causes)
    await conn.execute(GROUPS.clear_facilitators, list(people))
    await conn.execute(GROUPS.remove_leavers, list(people))
    await recast(conn, {session.group_id for session in sessions.values() if session.match_id is None})
