"""Groups that people found themselves: made, found, joined, left, led."""

from datetime import datetime, timedelta
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from services.sessions.api.caller import caller, oversees, person
from services.sessions.api.groups import Group
from services.sessions.api.times import Day
from services.sessions.commands import facilitators
from services.sessions.commands import founding as commands
from services.sessions.domain.formats import Membership
from services.sessions.queries import founding as queries
from services.sessions.queries import groups
from shared.db import Connection
from shared.edge import Edge
from shared.events.base import Code
from shared.events.matching import MatchMember
from shared.paging import DEFAULT_LIMIT, Cursor, Limit, Page, decode_cursor, page
from shared.refusal import InvalidRequest

router = APIRouter(tags=["groups"])
LONGEST_SEARCH = timedelta(days=92)
EXAMPLE: dict[str, Any] = {
    "programme_id": "0198c5a2-7d1e-7b5f-9f0a-1c2d3e4f5a6b",
    "name": "Data people of all departments",
    "charter": "We show each other what we do with data, and help with what is hard.",
    "membership": "open",
}
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=r"^[^\r\n]*$")]


OwnRole = Literal["learner", "teacher", "newcomer", "buddy", "participant"]
"""What people may call themselves or each other; a facilitator is appointed, and above nobody in the group."""


class NewMember(BaseModel):
    """Somebody who is in it from the start."""

    model_config = ConfigDict(extra="forbid")

    person_id: UUID
    role: OwnRole = "participant"


class NewGroup(BaseModel):
    """What is left out takes the format's default. Its founder is in it, as `role`; facilitators are appointed."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [EXAMPLE]})

    programme_id: UUID
    format: Code | None = Field(None, description="One of the programme's; its first one unless said.")
    name: Name
    charter: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=10_000)] | None = None
    membership: Membership | None = None
    capacity: Annotated[int, Field(ge=2, le=2000)] | None = None
    skill_id: Code | None = None
    role: OwnRole | None = None
    members: Annotated[list[NewMember], Field(max_length=500)] = []


class Joinable(BaseModel):
    """A group one may join."""

    group_id: UUID
    programme_id: UUID
    name: str
    format: str
    skill_id: str | None
    membership: Membership
    members: int
    capacity: int
    next_session_at: datetime | None


class Joined(BaseModel):
    """In it, or waiting for whoever leads it."""

    group_id: UUID
    person_id: UUID
    state: Literal["member", "requested"]


class JoinRequest(BaseModel):
    """Somebody who asks to join."""

    person_id: UUID
    asked_at: datetime


class Decision(BaseModel):
    """Let them in, or not."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"welcome": True}]})

    welcome: bool


class Appointment(BaseModel):
    """Who shall facilitate; null for whose turn it is."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"person_id": None}]})

    person_id: UUID | None


class Facilitator(BaseModel):
    """Who facilitates now, and why they."""

    group_id: UUID
    facilitator_id: UUID | None
    facilitator_why: str | None


class Proposal(BaseModel):
    """A time for everybody, with what speaks for and against it."""

    rank: int
    starts_at: datetime
    ends_at: datetime
    reasons: list[str]


class Proposals(BaseModel):
    """Best first; `reason` says why there are none."""

    items: list[Proposal]
    reason: str | None


@router.post("/v1/groups", status_code=201, response_model=Group, summary="Found a group")
async def found_group(body: NewGroup, edge: Edge) -> Response:
    """In a published programme one is in the audience of: a community, a cohort, office hours, an event."""
    by = caller(edge.principal)
    members = [MatchMember(person_id=each.person_id, role=each.role) for each in body.members]

    async def work(conn: Connection) -> Group:
        group_id = await commands.found_group(conn, body.programme_id, body.model_dump(), members, by)
        row = await groups.get_group(conn, group_id, member=None)
        return Group(**dict(row or {}))

    return await edge.write(work, body=body)


@router.get("/v1/joinable-groups", response_model=Page[Joinable], summary="Find groups to join")
async def list_joinable(
    edge: Edge,
    programme_id: UUID | None = None,
    skill_id: str | None = None,
    cursor: Cursor | None = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Response:
    """Of published programmes one is in the audience of; oldest first."""
    (after,) = decode_cursor(cursor, UUID) or (None,)
    who = person(edge.principal)

    async def work(conn: Connection) -> Page[Joinable]:
        rows = await queries.list_joinable(
            conn, who, programme_id=programme_id, skill_id=skill_id, after=after, limit=limit
        )
        return page(rows, limit, lambda row: Joinable(**dict(row)), lambda row: (row["group_id"],))

    return await edge.read(work)


@router.post("/v1/groups/{group_id}/members", status_code=201, response_model=Joined, summary="Join a group")
async def join_group(group_id: UUID, edge: Edge) -> Response:
    """At once where membership is open; otherwise whoever leads it decides."""
    who = person(edge.principal)

    async def work(conn: Connection) -> Joined:
        return Joined(group_id=group_id, person_id=who, state=await commands.join(conn, group_id, who))

    return await edge.write(work)


@router.delete("/v1/groups/{group_id}/members/{person_id}", status_code=204, summary="Leave a group")
async def leave_group(group_id: UUID, person_id: UUID, edge: Edge) -> Response:
    """Oneself, or somebody else by whoever leads it; their seats go to those who wait."""
    by = caller(edge.principal)
    return await edge.write(lambda conn: commands.leave_group(conn, group_id, person_id, by))


@router.get("/v1/groups/{group_id}/join-requests", response_model=Page[JoinRequest], summary="List who asks to join")
async def list_join_requests(
    group_id: UUID, edge: Edge, cursor: Cursor | None = None, limit: Limit = DEFAULT_LIMIT
) -> Response:
    """For whoever leads the group."""
    (after,) = decode_cursor(cursor, UUID) or (None,)
    by = caller(edge.principal)

    async def work(conn: Connection) -> Page[JoinRequest]:
        rows = await queries.list_requests(conn, group_id, by.person_id, oversees=by.oversees, after=after, limit=limit)
        return page(rows, limit, lambda row: JoinRequest(**dict(row)), lambda row: (row["person_id"],))

    return await edge.read(work)


@router.post(
    "/v1/groups/{group_id}/join-requests/{person_id}", status_code=204, summary="Decide about somebody who asks to join"
)
async def decide_join_request(group_id: UUID, person_id: UUID, body: Decision, edge: Edge) -> Response:
    """By whoever leads the group; the request is closed either way."""
    by = caller(edge.principal)
    return await edge.write(
        lambda conn: commands.decide(conn, group_id, person_id, by, welcome=body.welcome), body=body
    )


@router.put("/v1/groups/{group_id}/facilitator", response_model=Facilitator, summary="Appoint a facilitator")
async def appoint_facilitator(group_id: UUID, body: Appointment, edge: Edge) -> Response:
    """Somebody named, or whose turn it is; 409 for anybody above a participant in the reporting line."""
    by = caller(edge.principal)

    async def work(conn: Connection) -> Facilitator:
        await commands.lock_led(conn, group_id, by)
        await facilitators.appoint(conn, group_id, body.person_id)
        row = await groups.get_group(conn, group_id, member=None)
        return Facilitator(**{name: dict(row or {})[name] for name in Facilitator.model_fields})

    return await edge.write(work, body=body)


@router.get("/v1/groups/{group_id}/proposals", response_model=Proposals, summary="Propose times for a group")
async def propose_times(
    group_id: UUID,
    edge: Edge,
    first: Day,
    last: Day,
    minutes: Annotated[int | None, Field(ge=10, le=480)] = None,
    limit: Annotated[int, Field(ge=1, le=20)] = 5,
) -> Response:
    """Ranked, with reasons, inside everybody's working hours and clear of what they have; at most 92 days ahead."""
    if not first <= last <= first + LONGEST_SEARCH:
        raise InvalidRequest.naming("last", f"must be from first to {LONGEST_SEARCH.days} days after it")
    by, all_ = edge.principal.person_id, oversees(edge.principal)
    return await edge.read(lambda conn: queries.propose(conn, group_id, by, first, last, minutes, limit, oversees=all_))
