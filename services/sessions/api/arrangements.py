"""Where and how sessions are held, courses beside them, what people need, what facilitators do."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from services.sessions.api.caller import caller, person
from services.sessions.api.sessions import Course
from services.sessions.commands import arrangements as commands
from services.sessions.commands.founding import Caller
from services.sessions.domain.arrangements import MOST_COURSES, Access, Place, UnknownAccommodation
from services.sessions.domain.duties import DUTIES
from services.sessions.queries import arrangements as queries
from shared.db import Connection
from shared.edge import Edge, Unread
from shared.paging import DEFAULT_LIMIT, Cursor, Limit, Page, decode_cursor, page

router = APIRouter(tags=["arrangements"])
Courses = Annotated[list[Course], Field(max_length=MOST_COURSES)]
EXAMPLE: dict[str, Any] = {
    "place": "at_the_job",
    "access": ["captions", "step_free"],
    "courses": [
        {"relation": "before", "uri": "https://lms.example/courses/42", "title": "Reading a lathe", "provider": "LMS"}
    ],
}


class Arrangements(BaseModel):
    """Of a group. `place`: a room, where the work is done (`worksite`), or while it is done (`at_the_job`)."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [EXAMPLE]})

    place: Place | None = None
    access: Annotated[list[Access], Field(max_length=3)] = []
    courses: Courses = []


class OwnArrangements(BaseModel):
    """Of one session: null is as its group says; its courses come beside the group's."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"access": ["interpreter"]}]})

    place: Place | None = None
    access: Annotated[list[Access], Field(max_length=3)] | None = None
    courses: Courses = []


class Held(BaseModel):
    """What holds for a session: its own word before its group's, and the courses of both."""

    place: Place | None
    access: list[Access]
    courses: list[Course]


class Accommodation(BaseModel):
    """What one needs to take part. `series`: in all sessions of the group that are ahead."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"text": "I read lips: a seat across the table, please."}]}
    )

    text: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=1000)]
    series: bool = False


class OwnRequest(BaseModel):
    """What one has asked for."""

    session_id: UUID
    text: str


class Need(BaseModel):
    """What somebody needs to take part."""

    person_id: UUID
    text: str


class Duty(BaseModel):
    """One of a facilitator's duties."""

    number: int
    text: str
    done: bool


class Duties(BaseModel):
    """All of them, in the order of a session."""

    items: list[Duty]


class Ticked(BaseModel):
    """The numbers of those that are done."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"done": [1, 2, 3]}]})

    done: Annotated[list[Annotated[int, Field(ge=0, lt=2**31)]], Field(max_length=30)]


@router.put("/v1/groups/{group_id}/arrangements", response_model=Arrangements, summary="Arrange a group's sessions")
async def arrange_group(group_id: UUID, body: Arrangements, edge: Edge) -> Response:
    """By whoever leads it; sessions that are ahead are told and invited to anew."""
    by = caller(edge.principal)

    async def work(conn: Connection) -> Arrangements:
        await commands.arrange_group(conn, group_id, body.model_dump(), by)
        row = await queries.get_of_group(conn, group_id, by.person_id, oversees=by.oversees)
        return Arrangements(**dict(row or {}))

    return await edge.write(work, body=body)


@router.get("/v1/groups/{group_id}/arrangements", response_model=Arrangements, summary="Read how a group meets")
async def get_of_group(group_id: UUID, edge: Edge) -> Response:
    """For those in it."""
    by = caller(edge.principal)

    async def work(conn: Connection) -> Arrangements:
        row = await queries.get_of_group(conn, group_id, by.person_id, oversees=by.oversees)
        return Arrangements(**dict(row or {}))

    return await edge.read(work)


@router.put("/v1/sessions/{session_id}/arrangements", response_model=Held, summary="Arrange one session")
async def arrange_session(session_id: UUID, body: OwnArrangements, edge: Edge) -> Response:
    """By whoever leads the group, before it has begun; answered with what holds now."""
    by = caller(edge.principal)

    async def work(conn: Connection) -> Held:
        await commands.arrange_session(conn, session_id, body.model_dump(), by)
        return await _of_session(conn, session_id, by)

    return await edge.write(work, body=body)


@router.get("/v1/sessions/{session_id}/arrangements", response_model=Held, summary="Read how it is held")
async def get_of_session(session_id: UUID, edge: Edge) -> Response:
    """What holds for it, its group's included."""
    by = caller(edge.principal)
    return await edge.read(lambda conn: _of_session(conn, session_id, by))


@router.put("/v1/sessions/{session_id}/accommodation", status_code=204, summary="Ask for what one needs")
async def ask_accommodation(session_id: UUID, body: Accommodation, edge: Edge) -> Response:
    """Read by the facilitator and the group's founder alone; gone five weeks after the session."""
    who = person(edge.principal)
    return await edge.write(
        lambda conn: commands.ask_accommodation(conn, session_id, who, body.text, series=body.series), body=Unread()
    )


@router.get("/v1/sessions/{session_id}/accommodation", response_model=OwnRequest, summary="Read one's own request")
async def get_accommodation(session_id: UUID, edge: Edge) -> Response:
    """404 where there is none."""
    who = person(edge.principal)

    async def work(conn: Connection) -> OwnRequest:
        text = await queries.own_request(conn, session_id, who)
        if text is None:
            raise UnknownAccommodation("You have asked for nothing there.")
        return OwnRequest(session_id=session_id, text=text)

    return await edge.read(work)


@router.delete("/v1/sessions/{session_id}/accommodation", status_code=204, summary="Take a request back")
async def withdraw_accommodation(session_id: UUID, edge: Edge) -> Response:
    """It is deleted."""
    who = person(edge.principal)
    return await edge.write(lambda conn: commands.withdraw_accommodation(conn, session_id, who))


@router.get(
    "/v1/sessions/{session_id}/accommodations", response_model=Page[Need], summary="Read what participants need"
)
async def list_accommodations(
    session_id: UUID, edge: Edge, cursor: Cursor | None = None, limit: Limit = DEFAULT_LIMIT
) -> Response:
    """For the facilitator and the founder, where there is neither for programme owners. Reading it is audited."""
    (after,) = decode_cursor(cursor, UUID) or (None,)
    by = caller(edge.principal)

    async def work(conn: Connection) -> Page[Need]:
        rows = await queries.list_requests(
            conn, session_id, by.person_id, oversees=by.oversees, after=after, limit=limit
        )
        await edge.audit_read(conn, f"/v1/sessions/{session_id}/accommodations")
        return page(rows, limit, lambda row: Need(**dict(row)), lambda row: (row["person_id"],))

    return await edge.read(work)


@router.get("/v1/sessions/{session_id}/duties", response_model=Duties, summary="Read a facilitator's duties")
async def get_duties(session_id: UUID, edge: Edge) -> Response:
    """With what is done of them, for whoever leads."""
    by = caller(edge.principal)

    async def work(conn: Connection) -> Duties:
        return _duties(await queries.get_duties(conn, session_id, by.person_id, oversees=by.oversees))

    return await edge.read(work)


@router.put("/v1/sessions/{session_id}/duties", response_model=Duties, summary="Tick off a facilitator's duties")
async def tick_duties(session_id: UUID, body: Ticked, edge: Edge) -> Response:
    """By whoever leads; again says all of it anew."""
    by = caller(edge.principal)

    async def work(conn: Connection) -> Duties:
        await commands.tick_duties(conn, session_id, body.done, by)
        return _duties(body.done)

    return await edge.write(work, body=body)


async def _of_session(conn: Connection, session_id: UUID, by: Caller) -> Held:
    row = await queries.get_of_session(conn, session_id, by.person_id, oversees=by.oversees)
    return Held(**dict(row or {}))


def _duties(done: list[int]) -> Duties:
    return Duties(items=[Duty(number=n, text=text, done=n in done) for n, text in enumerate(DUTIES, 1)])
