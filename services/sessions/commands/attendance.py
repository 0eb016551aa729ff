"""Answers to invitations, and who was there."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from services.sessions.commands.artefacts import hold, hold_if_complete
from services.sessions.commands.groups import accept
from services.sessions.commands.seats import promote
from services.sessions.domain import attendance
from services.sessions.domain.attendance import Answer
from services.sessions.domain.seats import Attends, NoSeatOfThatKind
from services.sessions.domain.session import (
    CONTENT,
    WITHOUT_SEAT,
    ConfirmedByOthers,
    GroundRulesNotAcknowledged,
    NotTheFacilitator,
    OverlappingTimes,
    Participation,
    Session,
    TooFewPeople,
    UnknownSession,
)
from services.sessions.store import formats
from services.sessions.store import sessions as store
from shared import outbox, sql
from shared.at_once import Change
from shared.db import Connection, Record
from shared.refusal import InvalidRequest

GROUPS = sql.load("services.sessions", "groups")
SESSIONS = sql.load("services.sessions", "sessions")
PARTICIPANTS = sql.load("services.sessions", "participants")
ARTEFACTS = sql.load("services.sessions", "artefacts")


async def rsvp(
    conn: Connection,
    session_id: UUID,
    person_id: UUID,
    answer: Answer,
    rules_version: int | None = None,
    attends: Attends | None = None,
) -> Participation:
    """Answer an invitation, or sign up for what is open; a full session puts on the waitlist, in order.

    `attends`: in the room or remotely, where seats are apart; whoever has one may change to a free other one.

    With `rules_version` the ground rules are accepted by the same request. Raises UnknownSession, SessionHasStarted,
    SessionIsCancelled, GroundRulesNotAcknowledged, GroundRulesOutdated, ImpossibleMove, NoSeatOfThatKind,
    OverlappingTimes, InvalidRequest.
    """
    session, part, seats, acknowledged, elsewhere = await store.lock_answering(
        conn, session_id, person_id, is_yes=answer == "accept"
    )
    opening = None
    if part is None:
        part, opening = await _sign_up(conn, session, person_id, answer)
    now = datetime.now(UTC)
    session.check_open(now)
    if answer == "accept":
        if rules_version is not None:
            await _accept_rules(conn, session, person_id, rules_version, opening)
        elif not acknowledged:
            detail = "Accept the group's ground rules first."
            raise GroundRulesNotAcknowledged(detail, state=part.state, group_id=session.group_id)
        kind = seats.kind(attends, part.attends, part.state)
        free = part.role in WITHOUT_SEAT or seats.is_free(kind)
        state = attendance.accept(part.state, seat_free=free)
        if state == part.state and kind != part.attends:
            if not free:
                raise NoSeatOfThatKind("There is no free seat of that kind.", state=part.state, attends=part.attends)
            state = "registered"
    else:
        kind, state = part.attends, attendance.decline(part.state, session.starts_at, now)
    if (state, kind) == (part.state, part.attends):
        return part
    _check_only_here(session, elsewhere and state != part.state)
    answered = replace(part, state=state, version=part.version + 1, attends=kind)
    change = PARTICIPANTS.wait if state == "waitlisted" else PARTICIPANTS.answer
    seen = (session_id, person_id, state, part.state, part.version, kind)
    if not await outbox.append_with(conn, answered.told(session), change, *seen):
        return await rsvp(
            conn, session_id, person_id, answer, rules_version, attends
        )  # the part has changed before the lock
    if answer == "decline" or part.state == "registered":  # which may change the kind of its seat
        await promote(conn, {session_id: session})
    return answered


def _check_only_here(session: Session, elsewhere: bool) -> None:
    if elsewhere:
        detail = "You have a seat in another session then: give it up first."
        raise OverlappingTimes(detail, state="taken", starts_at=session.starts_at)


async def take_seat(
    conn: Connection,
    session_id: UUID,
    person_id: UUID,
    answer: Answer,
    rules_version: int | None = None,
    attends: Attends | None = None,
) -> Change | None:
    """A yes by whoever is invited while there is a seat, made at once; all else, and every refusal, is `rsvp`'s."""
    found = await store.look_answering(conn, session_id, person_id) if (answer, attends) == ("accept", None) else None
    if found is None:
        return None
    session, part, row = found
    is_free = part.role in WITHOUT_SEAT or row["taken"] < session.capacity
    is_plain = row["acknowledged"] and rules_version in {None, row["rules_version"]} and row["capacity_remote"] is None
    if not (is_free and is_plain and part.state in attendance.WITHOUT_YES and session.is_open(datetime.now(UTC))):
        return None
    answered = replace(part, state="registered", version=part.version + 1, attends=None)
    seen = (session_id, person_id, part.state, part.version, row["session_row"], store.UNSEATED)
    return Change(PARTICIPANTS.take_seat, seen, answered.told(session), answered)


async def may_sign_up(conn: Connection, session: Session, person_id: UUID) -> bool:
    """Whether a session is open to somebody who was not invited."""
    return await _opening(conn, session, person_id) is not None


async def _opening(conn: Connection, session: Session, person_id: UUID) -> Record | None:
    row = await conn.fetchrow(SESSIONS.get_opening, session.session_id, person_id)
    return row if row and row["open"] and row["in_audience"] else None


async def _sign_up(conn: Connection, session: Session, person_id: UUID, answer: Answer) -> tuple[Participation, Record]:
    opening = None if answer == "decline" else await _opening(conn, session, person_id)
    if opening is None:
        raise UnknownSession("There is no such session, or you are not invited.")
    shape = await formats.one(conn, session.format)
    role = shape.roles["participant"]
    columns = ([session.session_id], [person_id], [role], [shape.preparation_of(role)])
    await conn.execute(PARTICIPANTS.invite, *columns)
    return Participation(session.session_id, person_id, role, "invited", 0), opening


async def _accept_rules(
    conn: Connection, session: Session, person_id: UUID, version: int, opening: Record | None
) -> None:
    """`opening`: where it was looked at already."""
    opening = opening or await conn.fetchrow(SESSIONS.get_opening, session.session_id, person_id)
    assert opening is not None
    await accept(conn, session.group_id, session.programme_id, person_id, version, opening["rules_version"])


async def record_attendance(
    conn: Connection,
    session_id: UUID,
    entries: Sequence[Mapping[str, Any]],
    by: UUID | None,
    *,
    is_admin: bool,
    began_at: datetime | None = None,
) -> None:
    """Write down who was there and what they contributed; again corrects it. It is held once nothing is missing.

    Raises UnknownSession, NotTheFacilitator, SessionNotStarted, SessionIsCancelled, ConfirmedByOthers, TooFewPeople,
    ImpossibleMove, InvalidRequest.
    """
    session = await store.lock(conn, session_id)
    parts = await store.get_participations(conn, session_id)
    _check_may_record(session, parts, by, is_admin=is_admin)
    session.check_started(datetime.now(UTC))
    if session.match_id is None:
        await _check_gathered(conn, session)
    changed = [part for part in _recorded(parts, entries) if part != parts[part.person_id]]
    session.check_began(began_at, datetime.now(UTC))
    if changed:
        await store.record(conn, session_id, changed)
    noted = await conn.fetchval(ARTEFACTS.note_attendance, session_id, began_at)
    session = await hold(conn, session) if noted and session.state == "held" else await hold_if_complete(conn, session)
    if changed:
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


async def _check_gathered(conn: Connection, session: Session) -> None:
    """A log is confirmed and not attended; a group that people founded has come to the size of the session's format."""
    group = await conn.fetchrow(GROUPS.gathered, session.group_id, session.session_id)
    assert group is not None
    if group["kind"] == "log":
        raise ConfirmedByOthers("Those named in it confirm it.", state=session.state)
    shape = await formats.one(conn, session.format)
    if group["people"] < shape.size[0] and session.state != "held":  # what was held is corrected, whoever left since
        detail = f"{shape.title} is for {shape.size[0]} and more: {group['people']} are in it."
        raise TooFewPeople(detail, state=session.state, people=group["people"], least=shape.size[0])


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
