"""Answers to invitations, and who was there."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from services.sessions.commands.seats import promote
from services.sessions.domain import attendance
from services.sessions.domain.attendance import Answer
from services.sessions.domain.session import (
    CONTENT,
    WITHOUT_SEAT,
    GroundRulesNotAcknowledged,
    NotTheFacilitator,
    Participation,
    Session,
    UnknownSession,
)
from services.sessions.store import sessions as store
from shared import outbox, sql
from shared.db import Connection
from shared.events.sessions import SessionHeld
from shared.refusal import InvalidRequest

GROUPS = sql.load("services.sessions", "groups")
SESSIONS = sql.load("services.sessions", "sessions")
PARTICIPANTS = sql.load("services.sessions", "participants")


async def rsvp(conn: Connection, session_id: UUID, person_id: UUID, answer: Answer) -> Participation:
    """Answer an invitation; a full session puts on the waitlist, a free seat goes to the first one waiting.

    Raises UnknownSession, SessionHasStarted, SessionIsCancelled, GroundRulesNotAcknowledged, ImpossibleMove.
    """
    session = await store.lock(conn, session_id)
    part = await store.get_participation(conn, session_id, person_id)
    if part is None:
        raise UnknownSession("There is no such session, or you are not invited.")
    now = datetime.now(UTC)
    session.check_open(now)
    if answer == "accept":
        if not await conn.fetchval(GROUPS.has_acknowledged, session.group_id, person_id):
            detail = "Accept the group's ground rules first."
            raise GroundRulesNotAcknowledged(detail, state=part.state, group_id=session.group_id)
        state = attendance.accept(part.state, seat_free=await _seat_free(conn, session, part))
    else:
        state = attendance.decline(part.state, session.starts_at, now)
    if state == part.state:
        return part
    row = await conn.fetchrow(PARTICIPANTS.answer, session_id, person_id, state)
    answered = replace(part, state=state, version=part.version + 1) if row is None else store.participation(row)
    await outbox.append(conn, answered.told(session))
    if answer == "decline":
        await promote(conn, {session_id: session})
    return answered


async def _seat_free(conn: Connection, session: Session, part: Participation) -> bool:
    """The session is locked: nobody takes the seat that is seen here."""
    if part.role in WITHOUT_SEAT:
        return True
    taken: int = await conn.fetchval(PARTICIPANTS.count_seats_taken, session.session_id, sorted(WITHOUT_SEAT))
    return taken < session.capacity


async def record_attendance(
    conn: Connection, session_id: UUID, entries: Sequence[Mapping[str, Any]], by: UUID | None, *, is_admin: bool
) -> None:
    """Write down who was there and what they contributed; again corrects it.

    Raises UnknownSession, NotTheFacilitator, SessionNotStarted, SessionIsCancelled, ImpossibleMove, InvalidRequest.
    """
    session = await store.lock(conn, session_id)
    parts = await store.get_participations(conn, session_id)
    _check_may_record(session, parts, by, is_admin=is_admin)
    session.check_started(datetime.now(UTC))
    changed = [part for part in _recorded(parts, entries) if part != parts[part.person_id]]
    if session.state == "scheduled":
        await conn.execute(SESSIONS.hold_session, session_id)
        session = replace(session, state="held", version=session.version + 1)
        await outbox.append(conn, session.told(SessionHeld))
    if changed:
        await store.record(conn, session_id, changed)
        told = [replace(part, version=part.version + 1).told(session) for part in changed]
        await outbox.append_all(conn, [(event, None) for event in told])


def _check_may_record(
    session: Session, parts: Mapping[UUID, Participation], by: UUID | None, *, is_admin: bool
) -> None:
    if is_admin or (by is not None and by == session.facilitator_id):
        return
    if by not in parts:
        raise UnknownSession("There is no such session, or you are not in it.")
    if session.facilitator_id is not None:
        raise NotTheFacilitator("The facilitator of this session records its attendance.")


def _recorded(parts: Mapping[UUID, Participation], entries: Sequence[Mapping[str, Any]]) -> list[Participation]:
    seen: set[UUID] = set()
    recorded = []
    for number, entry in enumerate(entries):
        person = entry["person_id"]
        if person not in parts or person in seen:
            problem = "is named twice" if person in seen else "does not take part in this session"
            raise InvalidRequest.naming(f"entries.{number}.person_id", problem)
        seen.add(person)
        state = attendance.record(parts[person].state, entry["state"])
        content = {name: entry[name] for name in CONTENT[1:]}
        recorded.append(replace(parts[person], state=state, **content))
    return recorded
