"""Knowledge at risk: asked for, planned into a session, or let go."""

from datetime import date
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field

from services.sessions.api.caller import caller, viewer
from services.sessions.api.times import Day
from services.sessions.commands import captures as commands
from services.sessions.commands import proposals
from services.sessions.domain.captures import LEARNERS, CaptureState
from services.sessions.domain.proposals import ProposalState
from services.sessions.queries import captures as queries
from shared.db import Connection
from shared.edge import Edge
from shared.events.base import Code
from shared.paging import DEFAULT_LIMIT, Cursor, Limit, Page, decode_cursor, page

router = APIRouter(tags=["knowledge"])
EXAMPLE: dict[str, Any] = {
    "skill_id": "http://data.europa.eu/esco/skill/1",
    "holder_id": "0b54a1f4-3a4e-4a0e-9a63-3d5f3a2f7c11",
    "due_on": "2026-12-18",
}


class NewCapture(BaseModel):
    """Whose knowledge of what, by when."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [EXAMPLE]})

    skill_id: Code
    holder_id: UUID
    due_on: Day


class Capture(BaseModel):
    """A request. `why` says why it waits, or was dropped; `leaving` is for its holder and programme owners to see."""

    capture_id: UUID
    skill_id: str
    holder_id: UUID
    reason: Literal["leaving", "asked"]
    state: CaptureState
    why: str | None
    due_on: date
    group_id: UUID | None
    opened_on: date
    items: list[UUID] = Field(description="What was written down for everybody in its group.")


class Proposal(BaseModel):
    """What matching says is at risk and nobody can shadow: how many know it, and until when one of them is here."""

    proposal_id: UUID
    skill_id: str
    holders: int
    due_on: date
    state: ProposalState
    capture_id: UUID | None
    told_on: date


class Acceptance(BaseModel):
    """Who shall pass it on; left out, whoever of those who know it leaves first."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{}]})

    holder_id: UUID | None = None


class Plan(BaseModel):
    """Who shall learn it; left out, those who want to."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{}]})

    learners: Annotated[list[UUID], Field(min_length=1, max_length=LEARNERS)] | None = None


@router.post("/v1/captures", status_code=201, response_model=Capture, summary="Ask to keep what somebody knows")
async def ask_capture(body: NewCapture, edge: Edge) -> Response:
    """For oneself; programme owners for anybody. 409 while the same is asked for already."""
    by = caller(edge.principal)

    async def work(conn: Connection) -> Capture | None:
        made = await commands.ask(conn, body.skill_id, body.holder_id, body.due_on, by)
        return await _shown(conn, made)

    return await edge.write(work, body=body)


@router.get("/v1/captures", response_model=Page[Capture], summary="List knowledge at risk")
async def list_captures(
    edge: Edge,
    state: CaptureState | None = None,
    skill_id: Code | None = None,
    cursor: Cursor | None = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Response:
    """About oneself, or all for owners and admins."""
    (after,) = decode_cursor(cursor, UUID) or (None,)
    holder = viewer(edge.principal)

    async def work(conn: Connection) -> Page[Capture]:
        rows = await queries.list_captures(
            conn, holder=holder, state=state, skill_id=skill_id, after=after, limit=limit
        )
        return page(rows, limit, lambda row: Capture(**dict(row)), lambda row: (row["capture_id"],))

    return await edge.read(work)


@router.post("/v1/captures/{capture_id}/plan", response_model=Capture, summary="Plan a capture session")
async def plan_capture(capture_id: UUID, body: Plan, edge: Edge) -> Response:
    """A group, and a session in everybody's working hours before it is due; 409 says why there is none."""
    by = caller(edge.principal)

    async def work(conn: Connection) -> Capture | None:
        await commands.plan(conn, capture_id, by, body.learners)
        return await _shown(conn, capture_id)

    return await edge.write(work, body=body)


@router.post("/v1/captures/{capture_id}/drop", response_model=Capture, summary="Let a capture go")
async def drop_capture(capture_id: UUID, edge: Edge) -> Response:
    """By its holder, or a programme owner; it does not come back by itself."""
    by = caller(edge.principal)

    async def work(conn: Connection) -> Capture | None:
        await commands.drop(conn, capture_id, by)
        return await _shown(conn, capture_id)

    return await edge.write(work)


@router.get("/v1/capture-proposals", response_model=Page[Proposal], summary="List proposed capture sessions")
async def list_capture_proposals(
    edge: Edge, state: ProposalState | None = None, cursor: Cursor | None = None, limit: Limit = DEFAULT_LIMIT
) -> Response:
    """What matching says is at risk, one a skill, by id."""
    (after,) = decode_cursor(cursor, UUID) or (None,)

    async def work(conn: Connection) -> Page[Proposal]:
        rows = await queries.list_proposals(conn, state=state, after=after, limit=limit)
        return page(rows, limit, lambda row: Proposal(**dict(row)), lambda row: (row["proposal_id"],))

    return await edge.read(work)


@router.post("/v1/capture-proposals/{proposal_id}/acceptance", response_model=Capture, summary="Accept a proposal")
async def accept_proposal(proposal_id: UUID, body: Acceptance, edge: Edge) -> Response:
    """The request with its group and session; where there is no time yet it waits and says why."""
    by = caller(edge.principal)

    async def work(conn: Connection) -> Capture | None:
        return await _shown(conn, await proposals.accept(conn, proposal_id, body.holder_id, by))

    return await edge.write(work, body=body)


@router.post("/v1/capture-proposals/{proposal_id}/decline", response_model=Proposal, summary="Decline a proposal")
async def decline_proposal(proposal_id: UUID, edge: Edge) -> Response:
    """It comes back when the skill is at risk by another day."""

    async def work(conn: Connection) -> Proposal | None:
        await proposals.decline(conn, proposal_id)
        row = await queries.get_proposal(conn, proposal_id)
        return Proposal(**dict(row)) if row else None

    return await edge.write(work)


async def _shown(conn: Connection, capture_id: UUID) -> Capture | None:
    row = await queries.get_capture(conn, capture_id, holder=None)
    return Capture(**dict(row)) if row else None
