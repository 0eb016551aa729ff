"""Sessions that get another time or another facilitator."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from services.sessions.domain.hours import Span, minute, moment
from services.sessions.domain.scheduling import Request
from services.sessions.domain.session import Session
from services.sessions.domain.settling import Settled
from services.sessions.store import sessions as store
from shared import outbox, sql
from shared.db import Connection, Record
from shared.envelope import Envelope
from shared.events.sessions import SessionRescheduled

SQL = sql.load("services.sessions", "sessions")
FLAG = "It lies outside of somebody's working hours, collides with another engagement or is beyond their time budget"


@dataclass(frozen=True, slots=True)
class Move:
    """A locked session as it shall be, why it is then, and what is still wrong with its time."""

    session: Session
    why: str
    flag: str | None = None
    facilitator_why: str | None = None

    @classmethod
    def of(cls, row: Record, settled: Settled, why: str, **changes: Any) -> "Move":
        """A locked row where it was settled; `why` is for those that moved."""
        moved = settled.span.start != minute(row["starts_at"])
        changes = {"starts_at": moment(settled.span.start), "ends_at": moment(settled.span.end), **changes}
        session = replace(store.session(row), **changes)
        return cls(session, why if moved else row["why"], None if settled.fits else FLAG, row["facilitator_why"])


async def reschedule(
    conn: Connection, moves: Sequence[Move], causes: Mapping[UUID, Envelope[Any]] | None = None
) -> dict[UUID, Session]:
    """Write and tell them; returns the sessions with their new versions. `causes` by group."""
    if not moves:
        return {}
    rows = [
        (m.session.session_id, m.session.starts_at, m.session.ends_at, m.session.facilitator_id, m.why, m.flag,
         m.facilitator_why)
        for m in moves
    ]  # fmt: skip
    await conn.execute(SQL.reschedule_sessions, *map(list, zip(*rows, strict=True)))
    sessions = [replace(move.session, version=move.session.version + 1) for move in moves]
    told = [(session.told(SessionRescheduled), (causes or {}).get(session.group_id)) for session in sessions]
    await outbox.append_all(conn, told)
    return {session.session_id: session for session in sessions}


def booking(row: Record, prepared: Mapping[UUID, int], now: datetime) -> tuple[Request, Span]:
    """A locked session as a request for the time between its due day and the next one's, and the time it has.

    `prepared`: who is to be there, and minutes they prepare for it.
    """
    booked = Span(minute(row["starts_at"]), minute(row["ends_at"]))
    request = Request(
        tuple(prepared), booked.end - booked.start, row["due_on"], row["last_on"], minute(now),
        preparation=tuple(prepared.values()), stretch=row["stretch_minutes"],
    )  # fmt: skip
    return request, booked
