"""Groups and their ground rules."""

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field

from services.sessions.api.caller import caller, person, viewer
from services.sessions.api.times import Day
from services.sessions.commands import groups as commands
from services.sessions.commands.terms import set_term
from services.sessions.domain.formats import Membership
from services.sessions.queries import groups as queries
from shared.db import Connection
from shared.edge import Edge
from shared.events.matching import MatchKind, MemberRole
from shared.paging import DEFAULT_LIMIT, Cursor, Limit, Page, decode_cursor, page

router = APIRouter(tags=["groups"])


class Member(BaseModel):
    """Somebody in the group, and as what."""

    person_id: UUID
    role: MemberRole


class GroundRules(BaseModel):
    """What everybody accepts before the first join."""

    version: int
    text: str


class Group(BaseModel):
    """The people of a match, or a group they founded. `reason` says why it has no sessions, or fewer than due."""

    group_id: UUID
    programme_id: UUID
    match_id: UUID | None
    kind: MatchKind | Literal["founded", "log"]
    name: str | None
    membership: Membership
    capacity: int | None
    format: str
    skill_id: str | None
    state: Literal["waiting", "active", "unschedulable", "ended"]
    reason: str | None
    members: list[Member]
    facilitator_id: UUID | None
    facilitator_why: str | None
    founded_by: UUID | None
    divisions: int
    resources: Annotated[int, Field(description="Left for others in it, and current.")]
    posts: Annotated[int, Field(description="Counted in the place elsewhere that it is linked to.")]
    recurrence: dict[str, str] | None
    starts_on: date | None
    ends_on: date | None
    ground_rules: GroundRules
    acknowledged: list[UUID]


class Term(BaseModel):
    """From when to when it meets: null is as its programme says."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"ends_on": "2027-06-30"}]})

    starts_on: Day | None = None
    ends_on: Day | None = None


class NewAcknowledgement(BaseModel):
    """The version of the ground rules that was read."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"rules_version": 1}]})

    rules_version: Annotated[int, Field(ge=1)]


class Acknowledgement(BaseModel):
    """Who has accepted what."""

    group_id: UUID
    person_id: UUID
    rules_version: int


@router.get("/v1/groups", response_model=Page[Group], summary="List groups")
async def list_groups(
    edge: Edge,
    programme_id: UUID | None = None,
    person_id: UUID | None = None,
    cursor: Cursor | None = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Response:
    """Oldest first; one's own, or all for owners and admins."""
    (after,) = decode_cursor(cursor, UUID) or (None,)
    member = viewer(edge.principal)

    async def work(conn: Connection) -> Page[Group]:
        found = await queries.list_groups(
            conn, member=member, programme_id=programme_id, person_id=person_id, after=after, limit=limit
        )
        return page(found, limit, lambda row: Group(**dict(row)), lambda row: (row["group_id"],))

    return await edge.read(work)


@router.get("/v1/groups/{group_id}", response_model=Group, summary="Read a group")
async def get_group(group_id: UUID, edge: Edge) -> Response:
    """Its members, its ground rules and who has accepted them."""
    member = viewer(edge.principal)

    async def work(conn: Connection) -> Group | None:
        row = await queries.get_group(conn, group_id, member=member)
        return Group(**dict(row)) if row else None

    return await edge.read(work)


@router.post(
    "/v1/groups/{group_id}/acknowledgements",
    status_code=201,
    response_model=Acknowledgement,
    summary="Accept the ground rules",
)
async def acknowledge(group_id: UUID, body: NewAcknowledgement, edge: Edge) -> Response:
    """A member says yes to this version; needed before the first join."""
    member = person(edge.principal)
    return await edge.write(lambda conn: commands.acknowledge(conn, group_id, member, body.rules_version), body=body)


@router.put("/v1/groups/{group_id}/term", response_model=Group, summary="Agree on a start and an end")
async def put_term(group_id: UUID, body: Term, edge: Edge) -> Response:
    """By anybody in it, within the programme: a mentorship's end, a placement's days. What lies outside is off."""
    by = caller(edge.principal)

    async def work(conn: Connection) -> Group:
        await set_term(conn, group_id, body.starts_on, body.ends_on, by)
        row = await queries.get_group(conn, group_id, member=None)
        return Group(**dict(row or {}))

    return await edge.write(work, body=body)
