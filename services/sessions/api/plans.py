"""Plans of sessions: written, shared, found, used again."""

from datetime import date
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field, HttpUrl, StringConstraints

from services.sessions.api.caller import caller, person
from services.sessions.api.series import Line
from services.sessions.api.times import Instant
from services.sessions.commands import plans as commands
from services.sessions.commands.founding import Caller
from services.sessions.commands.series import Details
from services.sessions.domain.playbooks import LONGEST_STEP, MOST_STEPS
from services.sessions.queries import plans as queries
from shared.db import Connection, Record
from shared.edge import Edge
from shared.events.base import Code
from shared.paging import DEFAULT_LIMIT, Cursor, Limit, Page, decode_cursor, page

router = APIRouter(tags=["plans"])
EXAMPLE: dict[str, Any] = {
    "title": "Two rounds, then silence",
    "agenda": "10 minutes each, a round of questions, a round of advice, five minutes of writing.",
}
Step = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=LONGEST_STEP)]


class NewPlan(BaseModel):
    """How a session is run. Steps that are left out are those of its playbook that were ticked off, or all."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [EXAMPLE]})

    title: Line
    agenda: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=10_000)]
    steps: Annotated[list[Step], Field(max_length=MOST_STEPS)] = []


class Plan(BaseModel):
    """A plan. Its session and how often others have copied it are shown to its author."""

    plan_id: UUID
    session_id: UUID | None
    author_id: UUID | None
    format: str
    title: str
    agenda: str
    steps: list[str]
    minutes: int
    shared_on: date | None
    copied_from: UUID | None
    copies: int | None


class Sharing(BaseModel):
    """Whether others may find and copy it."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"shared": True}]})

    shared: bool


class NewCopy(BaseModel):
    """Where and when it is used again."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"group_id": "0198c5a2-7d1e-7b5f-9f0a-1c2d3e4f5a6b", "starts_at": "2027-01-12T14:00:00Z"}]
        },
    )

    group_id: UUID
    starts_at: Instant
    title: Line | None = None
    location: Line | None = None
    join_link: HttpUrl | None = None


class Copied(BaseModel):
    """The session that was made by it."""

    session_id: UUID


@router.put("/v1/sessions/{session_id}/plan", response_model=Plan, summary="Write how a session is run")
async def write_plan(session_id: UUID, body: NewPlan, edge: Edge) -> Response:
    """By whoever leads it, before or after; again writes it anew."""
    author = person(edge.principal)

    async def work(conn: Connection) -> Plan | None:
        await commands.write(conn, session_id, body.model_dump(), author)
        return await _of_session(conn, session_id, Caller(author, oversees=False))

    return await edge.write(work, body=body)


@router.get("/v1/sessions/{session_id}/plan", response_model=Plan, summary="Read how a session is run")
async def get_plan(session_id: UUID, edge: Edge) -> Response:
    """For those in it."""
    by = caller(edge.principal)
    return await edge.read(lambda conn: _of_session(conn, session_id, by))


@router.put("/v1/sessions/{session_id}/plan/sharing", response_model=Plan, summary="Share a plan")
async def share_plan(session_id: UUID, body: Sharing, edge: Edge) -> Response:
    """By its author, once the session was held; 409 in a closed programme. Programme owners may take it back."""
    by = caller(edge.principal)

    async def work(conn: Connection) -> Plan | None:
        await commands.share(conn, session_id, by, shared=body.shared)
        return await _of_session(conn, session_id, by)

    return await edge.write(work, body=body)


@router.get("/v1/plans", response_model=Page[Plan], summary="Find plans that worked")
async def list_plans(
    edge: Edge,
    format: Code | None = None,  # noqa: A002 - filters are named as the field
    own: bool = False,
    cursor: Cursor | None = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Response:
    """What facilitators have shared, newest first; or one's own, with how often others have copied each."""
    (after,) = decode_cursor(cursor, UUID) or (None,)
    reader = person(edge.principal)

    async def work(conn: Connection) -> Page[Plan]:
        rows = await queries.list_plans(conn, reader, own=own, format_name=format, after=after, limit=limit)
        return page(rows, limit, _plan, lambda row: (row["plan_id"],))

    return await edge.read(work)


@router.post("/v1/plans/{plan_id}/copies", status_code=201, response_model=Copied, summary="Use a plan again")
async def copy_plan(plan_id: UUID, body: NewCopy, edge: Edge) -> Response:
    """A new session of a group one leads, with its title, length, agenda and steps; counted for its author."""
    by = caller(edge.principal)
    link = str(body.join_link) if body.join_link else None
    details = Details(title=body.title, location=body.location, join_link=link)

    async def work(conn: Connection) -> Copied:
        made = await commands.copy(conn, plan_id, body.group_id, body.starts_at, details, by)
        return Copied(session_id=made)

    return await edge.write(work, body=body)


async def _of_session(conn: Connection, session_id: UUID, by: Caller) -> Plan | None:
    row = await queries.of_session(conn, session_id, by.person_id, oversees=by.oversees)
    return _plan(row) if row else None


def _plan(row: Record) -> Plan:
    return Plan(**dict(row))
