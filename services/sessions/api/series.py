"""Sessions at times that are said: one, a series by rule, slots of office hours; moved and cancelled."""

from datetime import datetime
from typing import Annotated, Any, Self
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field, HttpUrl, StringConstraints, model_validator

from services.sessions.api.caller import caller, person
from services.sessions.api.sessions import Session, shown
from services.sessions.api.times import Instant, Local
from services.sessions.commands import series as commands
from services.sessions.domain.arrangements import Access, Place
from services.sessions.domain.recurrence import Recurrence
from services.sessions.queries import sessions as queries
from shared.db import Connection
from shared.edge import Edge
from shared.events.base import Code
from shared.events.sessions import Modality
from shared.paging import DEFAULT_LIMIT, Cursor, Limit, Page, decode_cursor, page
from shared.problems import misfit

router = APIRouter(tags=["sessions"])
Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=r"^[^\r\n]*$")]
Seats = Annotated[int, Field(ge=1, le=1000)]
Minutes = Annotated[int, Field(ge=10, le=480)]
RULE: dict[str, Any] = {
    "rrule": "FREQ=WEEKLY;INTERVAL=2;BYDAY=TU;COUNT=12",
    "starts_at": "2027-01-12T15:00:00",
    "time_zone": "Europe/Berlin",
    "exdates": ["2027-02-09T15:00:00"],
}
SLOTS: dict[str, Any] = {"starts_at": "2027-01-12T14:00:00Z", "minutes": 20, "count": 6, "release_hours": 24}


class Details(BaseModel):
    """What is said of a session beside its time. `open`: anybody in the audience may sign up.

    `led_by`: members who present, host or mentor this time.
    """

    model_config = ConfigDict(extra="forbid")

    minutes: Minutes | None = None
    title: Line | None = None
    location: Line | None = None
    join_link: HttpUrl | None = None
    capacity: Annotated[int, Field(ge=1, le=2000)] | None = None
    capacity_in_person: Seats | None = Field(None, description="Hybrid: seats in the room, with `capacity_remote`.")
    capacity_remote: Seats | None = None
    open: bool | None = None
    format: Code | None = Field(None, description="One of the programme's; the group's unless said.")
    led_by: Annotated[list[UUID], Field(max_length=30)] = []

    @model_validator(mode="after")
    def _both_kinds_of_seats_are_all_seats(self) -> Self:
        apart = (self.capacity_in_person, self.capacity_remote)
        if (apart[0] is None) != (apart[1] is None):
            missing = "capacity_in_person" if apart[0] is None else "capacity_remote"
            raise misfit(missing, "say both, seats in the room and remote ones, or none of them")
        if self.capacity is not None and apart != (None, None) and self.capacity != sum(one or 0 for one in apart):
            raise misfit("capacity", "is the sum of seats in the room and remote ones: leave it out")
        return self

    def said(self) -> commands.Details:
        """As the command takes it."""
        link = str(self.join_link) if self.join_link else None
        return commands.Details(
            self.minutes,
            self.title,
            self.location,
            link,
            self.capacity,
            self.capacity_in_person,
            self.capacity_remote,
            self.open,
            self.format,
            tuple(self.led_by),
        )


class NewSession(Details):
    """One session."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"starts_at": "2027-01-12T14:00:00Z"}]})

    starts_at: Instant


class Override(BaseModel):
    """One occurrence at another local time."""

    model_config = ConfigDict(extra="forbid")

    occurrence: Local
    starts_at: Local


class NewSeries(Details):
    """A rule (RFC 5545) from a local start in a zone; it must end, and it is never cut."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [RULE]})

    rrule: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]
    starts_at: Local
    time_zone: Annotated[str, StringConstraints(min_length=1, max_length=100)]
    exdates: Annotated[list[Local], Field(max_length=366)] = []
    overrides: Annotated[list[Override], Field(max_length=366)] = []


class NewSlots(BaseModel):
    """Slots one after the other, each for one guest; unbooked ones are released so many hours before."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [SLOTS]})

    starts_at: Instant
    minutes: Annotated[int, Field(ge=10, le=120)] = 20
    count: Annotated[int, Field(ge=1, le=48)]
    release_hours: Annotated[int, Field(ge=0, le=336)] = 24
    location: Line | None = None
    join_link: HttpUrl | None = None


class Made(BaseModel):
    """The sessions that were made, in order of time."""

    session_ids: list[UUID]


class NewTime(BaseModel):
    """When it is instead."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"starts_at": "2027-01-13T14:00:00Z"}]})

    starts_at: Instant
    minutes: Minutes | None = None


class OpenSession(BaseModel):
    """A session one may sign up for; `rules_version` is what the sign-up accepts."""

    session_id: UUID
    programme_id: UUID
    group_id: UUID
    format: str
    title: str | None
    modality: Modality
    skill_id: str | None
    starts_at: datetime
    ends_at: datetime
    capacity: int
    free_seats: int
    free_in_person: int | None
    free_remote: int | None
    rules_version: int
    place: Place | None
    access: list[Access]


@router.get("/v1/open-sessions", response_model=Page[OpenSession], summary="Find sessions to sign up for")
async def list_open_sessions(edge: Edge, cursor: Cursor | None = None, limit: Limit = DEFAULT_LIMIT) -> Response:
    """Of programmes one is in the audience of, in order of time; office-hour slots among them."""
    found = decode_cursor(cursor, datetime, UUID)
    who = person(edge.principal)

    async def work(conn: Connection) -> Page[OpenSession]:
        rows = await queries.list_open(conn, who, after=(found[0], found[1]) if found else None, limit=limit)
        make = lambda row: OpenSession(**dict(row))  # noqa: E731 - as short as it is
        return page(rows, limit, make, lambda row: (row["starts_at"], row["session_id"]))

    return await edge.read(work)


@router.post("/v1/groups/{group_id}/sessions", status_code=201, response_model=Made, summary="Add a session")
async def add_session(group_id: UUID, body: NewSession, edge: Edge) -> Response:
    """By whoever leads the group; 409 when they are in another session then."""
    by = caller(edge.principal)

    async def work(conn: Connection) -> Made:
        return Made(session_ids=await commands.add_session(conn, group_id, body.starts_at, body.said(), by))

    return await edge.write(work, body=body)


@router.post("/v1/groups/{group_id}/series", status_code=201, response_model=Made, summary="Add a series by a rule")
async def add_series(group_id: UUID, body: NewSeries, edge: Edge) -> Response:
    """At the same local time on both sides of a clock change, without `exdates`, with `overrides`."""
    by = caller(edge.principal)
    moved = {override.occurrence: override.starts_at for override in body.overrides}
    recurrence = Recurrence(body.rrule, body.starts_at, body.time_zone, tuple(body.exdates), moved)

    async def work(conn: Connection) -> Made:
        return Made(session_ids=await commands.add_series(conn, group_id, recurrence, body.said(), by))

    return await edge.write(work, body=body)


@router.post("/v1/groups/{group_id}/slots", status_code=201, response_model=Made, summary="Offer office hours")
async def offer_slots(group_id: UUID, body: NewSlots, edge: Edge) -> Response:
    """Slots to book by `rsvp`; the host has those back that nobody books in time."""
    by = caller(edge.principal)
    link = str(body.join_link) if body.join_link else None
    details = commands.Details(minutes=body.minutes, location=body.location, join_link=link)

    async def work(conn: Connection) -> Made:
        made = await commands.offer_slots(conn, group_id, body.starts_at, body.count, body.release_hours, details, by)
        return Made(session_ids=made)

    return await edge.write(work, body=body)


@router.post("/v1/sessions/{session_id}/move", response_model=Session, summary="Move a session")
async def move_session(session_id: UUID, body: NewTime, edge: Edge) -> Response:
    """Needs If-Match. By whoever leads the group; everybody is invited anew."""
    by, expected = caller(edge.principal), edge.if_match

    async def work(conn: Connection) -> Session | None:
        await commands.move_session(conn, session_id, body.starts_at, body.minutes, expected, by)
        return await shown(conn, session_id)

    return await edge.write(work, body=body)


@router.post("/v1/sessions/{session_id}/cancel", response_model=Session, summary="Cancel a session")
async def cancel_session(session_id: UUID, edge: Edge) -> Response:
    """By whoever leads the group; 409 with the state when it has begun or is cancelled."""
    by = caller(edge.principal)

    async def work(conn: Connection) -> Session | None:
        await commands.cancel_session(conn, session_id, by)
        return await shown(conn, session_id)

    return await edge.write(work)
