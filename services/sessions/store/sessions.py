"""Sessions and participations as rows."""

from collections.abc import Iterable, Mapping
from dataclasses import fields
from typing import Any
from uuid import UUID

from services.sessions.domain.seats import KINDS, Seats
from services.sessions.domain.session import CONTENT, WITHOUT_SEAT, Participation, Session, UnknownSession
from shared import sql
from shared.db import Connection, Record
from shared.events.sessions import LinkedCourse

SESSIONS = sql.load("services.sessions", "sessions")
PARTICIPANTS = sql.load("services.sessions", "participants")
NAMES = tuple(field.name for field in fields(Session) if field.name != "courses")
PART_NAMES = tuple(field.name for field in fields(Participation))
RENAMED = {"state": "part_state", "version": "part_version", "asked": "asked_count"}
PART_COLUMNS = tuple(RENAMED.get(name, name) for name in PART_NAMES)
"""Beside the session's own."""
UNSEATED = sorted(WITHOUT_SEAT)


def session(row: Record) -> Session:
    """The session of a row, which may hold more than that."""
    return Session(**{name: row[name] for name in NAMES}, courses=courses(row["courses"]))


def courses(told: Iterable[Mapping[str, Any]]) -> tuple[LinkedCourse, ...]:
    """Courses as events tell of them: without their titles."""
    return tuple(LinkedCourse(relation=one["relation"], uri=one["uri"], provider=one["provider"]) for one in told)


def participation(row: Record) -> Participation:
    """The participation of a row."""
    return Participation(**dict(row))


async def lock_answering(
    conn: Connection, session_id: UUID, person_id: UUID, *, is_yes: bool
) -> tuple[Session, Participation | None, Seats, bool, bool]:
    """The session, locked; one's part, which seats are free, whether one has accepted the rules, or is elsewhere then.

    Elsewhere is asked for a yes, and holds until the transaction ends. One's part and the rules may be as they were
    before the lock was granted. Raises UnknownSession.
    """
    row = await conn.fetchrow(PARTICIPANTS.lock_answering, session_id, person_id, UNSEATED, is_yes)
    if row is None:
        raise UnknownSession("There is no such session.")
    found, part = _answering(row)
    capacities = (row["capacity_in_person"], row["capacity_remote"])
    taken = row["taken_apart"]
    apart = (
        dict(zip(KINDS, (seats - used for seats, used in zip(capacities, taken, strict=True)), strict=True))
        if taken
        else None
    )
    return found, part, Seats(found.capacity - row["taken"], apart), row["acknowledged"], row["elsewhere"]


async def look_answering(
    conn: Connection, session_id: UUID, person_id: UUID
) -> tuple[Session, Participation, Record] | None:
    """The session and one's part, without a lock, and the row they are of; None where one has no part."""
    row = await conn.fetchrow(PARTICIPANTS.look_answering, session_id, person_id, UNSEATED)
    if row is None:
        return None
    found, part = _answering(row)
    return (found, part, row) if part else None


def _answering(row: Record) -> tuple[Session, Participation | None]:
    """An answer tells of one's part alone, and not of the session: its courses are not read."""
    part = Participation(*(row[name] for name in PART_COLUMNS)) if row["person_id"] else None
    return Session(*(row[name] for name in NAMES)), part


async def lock(conn: Connection, session_id: UUID) -> Session:
    """The session, locked until the transaction ends. Raises UnknownSession."""
    row = await conn.fetchrow(SESSIONS.lock_session, session_id)
    if row is None:
        raise UnknownSession("There is no such session.")
    return session(row)


async def get_participation(conn: Connection, session_id: UUID, person_id: UUID) -> Participation | None:
    """One person's part."""
    row = await conn.fetchrow(PARTICIPANTS.get_participant, session_id, person_id)
    return participation(row) if row else None


async def get_participations(conn: Connection, session_id: UUID) -> dict[UUID, Participation]:
    """Everybody's part, by person."""
    rows = await conn.fetch(PARTICIPANTS.get_participants, session_id)
    return {row["person_id"]: participation(row) for row in rows}


async def record(conn: Connection, session_id: UUID, changed: Iterable[Participation]) -> None:
    """Write what was recorded of some participants; their versions go up by one."""
    rows = [(part.person_id, *(getattr(part, name) for name in CONTENT)) for part in changed]
    await conn.execute(PARTICIPANTS.record, session_id, *map(list, zip(*rows, strict=True)))
