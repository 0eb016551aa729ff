"""Sessions: what is when, who comes, who was there."""

from datetime import datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from services.sessions.api.caller import person, viewer
from services.sessions.api.times import Instant
from services.sessions.commands import attendance as commands
from services.sessions.domain.arrangements import Access, Place
from services.sessions.domain.attendance import Answer, Outcome, ParticipantState
from services.sessions.domain.seats import Attends
from services.sessions.domain.session import SessionState
from services.sessions.queries import sessions as queries
from shared.db import Connection
from shared.edge import Edge
from shared.events.sessions import Modality, SessionRole
from shared.paging import DEFAULT_LIMIT, Cursor, Limit, Page, decode_cursor, page
from shared.problems import misfit

router = APIRouter(tags=["sessions"])
Count = Annotated[int, Field(ge=0, le=10_000)]


class Participant(BaseModel):
    """Somebody's part in a session."""

    person_id: UUID
    role: SessionRole
    state: ParticipantState
    attends: Attends | None


class Course(BaseModel):
    """A course before or after it; `uri` is its id for LTI and xAPI."""

    model_config = ConfigDict(extra="forbid")

    relation: Literal["before", "after"]
    uri: Annotated[str, StringConstraints(pattern=r"^(https?://|urn:)[\x21-\x7e]{1,190}$")]
    title: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=r"^[^\r\n]*$")]
    provider: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)] | None = None


class Session(BaseModel):
    """A session with its people. `why` says how its time was found, `flag` why it does not suit any more."""

    session_id: UUID
    version: int
    state: SessionState
    programme_id: UUID
    group_id: UUID
    match_id: UUID | None
    format: str
    title: str | None
    modality: Modality
    skill_id: str | None
    starts_at: datetime
    ends_at: datetime
    capacity: int
    capacity_in_person: int | None
    capacity_remote: int | None
    open: bool
    location: str | None
    join_link: str | None
    place: Place | None
    access: list[Access]
    courses: list[Course]
    facilitator_id: UUID | None
    facilitator_why: str | None
    participants: list[Participant]
    attendance_recorded: bool
    why: str
    flag: str | None


class Reply(BaseModel):
    """Yes or no to an invitation."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"answer": "accept"}]})

    answer: Answer
    rules_version: Annotated[int, Field(ge=1, lt=2**31)] | None = Field(
        None, description="The ground rules that are accepted by this, where they are not yet."
    )
    attends: Attends | None = Field(
        None, description="Where seats are apart; unsaid: one in the room while there is one, else a remote one."
    )


class Answered(BaseModel):
    """What became of the answer: a seat, a place on the waitlist, or neither."""

    session_id: UUID
    person_id: UUID
    role: SessionRole
    state: ParticipantState
    attends: Attends | None


class Entry(BaseModel):
    """Whether somebody was there, for how long, and what they contributed."""

    model_config = ConfigDict(extra="forbid")

    person_id: UUID
    state: Outcome
    minutes: Annotated[int, Field(ge=0, le=1440)] = 0
    taught: Count = 0
    asked: Count = 0
    shared: Count = 0
    challenged: Count = 0
    summarised: Count = 0

    @model_validator(mode="after")
    def _absent_people_contribute_nothing(self) -> Self:
        given = (self.minutes, self.taught, self.asked, self.shared, self.challenged, self.summarised)
        if self.state != "attended" and any(given):
            raise misfit("state", "only somebody who attended has minutes or contributions")
        return self


ATTENDANCE_EXAMPLE: dict[str, Any] = {
    "entries": [{"person_id": "0b54a1f4-3a4e-4a0e-9a63-3d5f3a2f7c11", "state": "attended", "minutes": 55, "asked": 2}]
}


class Attendance(BaseModel):
    """Who was there; whoever is not named stays as they were."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [ATTENDANCE_EXAMPLE]})

    entries: Annotated[list[Entry], Field(min_length=1, max_length=1000)]
    began_at: Instant | None = Field(None, description="When it really began; left out, what was noted before stays.")


@router.get("/v1/sessions", response_model=Page[Session], summary="List sessions")
async def list_sessions(
    edge: Edge,
    programme_id: UUID | None = None,
    group_id: UUID | None = None,
    person_id: UUID | None = None,
    state: Literal["scheduled", "cancelled", "held"] | None = None,
    starts_from: Instant | None = None,
    starts_to: Instant | None = None,
    cursor: Cursor | None = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Response:
    """In order of time, from `starts_from` (included) to `starts_to`; one's own, or all for owners and admins."""
    found = decode_cursor(cursor, datetime, UUID)
    after = (found[0], found[1]) if found else None
    wanted = queries.Wanted(programme_id, group_id, person_id, state, starts_from, starts_to)
    seen_by = viewer(edge.principal)

    async def work(conn: Connection) -> Page[Session]:
        rows = await queries.list_sessions(conn, wanted, viewer=seen_by, after=after, limit=limit)
        return page(rows, limit, lambda row: Session(**dict(row)), lambda row: (row["starts_at"], row["session_id"]))

    return await edge.read(work)


@router.get("/v1/sessions/{session_id}", response_model=Session, summary="Read a session")
async def get_session(session_id: UUID, edge: Edge) -> Response:
    """With its version as ETag."""
    seen_by = viewer(edge.principal)
    return await edge.read(lambda conn: _session(conn, session_id, seen_by))


@router.post("/v1/sessions/{session_id}/rsvp", response_model=Answered, summary="Answer an invitation")
async def rsvp(session_id: UUID, body: Reply, edge: Edge) -> Response:
    """Or sign up for an open session. A full one puts on the waitlist; a no makes room for the first one waiting."""
    invitee = person(edge.principal)
    said = (session_id, invitee, body.answer, body.rules_version, body.attends)
    return await edge.write(
        lambda conn: commands.rsvp(conn, *said), body=body, look=lambda conn: commands.take_seat(conn, *said)
    )


@router.put("/v1/sessions/{session_id}/attendance", response_model=Session, summary="Record attendance")
async def record_attendance(session_id: UUID, body: Attendance, edge: Edge) -> Response:
    """By the facilitator; in groups without one by any member; by admins. Again corrects it."""
    caller, is_admin = edge.principal.person_id, edge.principal.has("admin")
    entries = [entry.model_dump() for entry in body.entries]

    async def work(conn: Connection) -> Session | None:
        await commands.record_attendance(conn, session_id, entries, caller, is_admin=is_admin, began_at=body.began_at)
        return await _session(conn, session_id, None)

    return await edge.write(work, body=body)


async def shown(conn: Connection, session_id: UUID) -> Session | None:
    """A session as whoever has just changed it sees it."""
    return await _session(conn, session_id, None)


async def _session(conn: Connection, session_id: UUID, seen_by: UUID | None) -> Session | None:
    row = await queries.get_session(conn, session_id, viewer=seen_by)
    return Session(**dict(row)) if row else None
