"""Who can help with X: ask, offer, pass, accept, decline, withdraw."""

from datetime import datetime, timedelta
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from services.matching.commands import help as commands
from services.matching.domain.help import AskState, HelpRequest, State, UnknownHelpRequest
from services.matching.queries import help as queries
from shared.db import Connection
from shared.edge import Edge, EdgeCall
from shared.events.base import Code
from shared.events.matching import HelpCircle
from shared.paging import DEFAULT_LIMIT, Cursor, Limit, Page, decode_cursor, page

router = APIRouter(tags=["help"])
Question = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000, pattern=r"^[^\x00]+$")
]


class NewHelpRequest(BaseModel):
    """What help is needed with, and how soon."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "skill_id": "http://data.europa.eu/esco/skill/ccd0a1d9-afda-43d9-b901-96344886e14d",
                    "level": 1,
                    "question": "How do I keep a long import from locking the table?",
                    "within_hours": 24,
                }
            ]
        },
    )

    skill_id: Code
    level: Annotated[int, Field(ge=0, le=4)] = 0
    """One's own; who is asked is above it."""
    question: Question | None = None
    within_hours: Annotated[int, Field(ge=1, le=720)] = 48
    """Then the request expires; a wider circle is asked after each quarter of it."""


class Choice(BaseModel):
    """Whose offer is meant."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"person_id": "0b54a1f4-3a4e-4a0e-9a63-3d5f3a2f7c11"}]}
    )

    person_id: UUID


class Offer(BaseModel):
    """Somebody who will help."""

    person_id: UUID
    state: AskState


class Help(BaseModel):
    """A request for help. Who was asked in vain is nobody's to know; how many, the asker's."""

    request_id: UUID
    version: int
    requester_id: UUID
    skill_id: str
    skill: str | None
    level: int
    question: str | None
    circle: HelpCircle
    """How far it has been asked around."""
    state: State
    created_at: datetime
    expires_at: datetime
    first_offer_at: datetime | None
    engine: int | None
    """Which version of the engine, by its own rules, said who is asked."""
    asked: int | None
    offers: list[Offer]
    helper_id: UUID | None
    your_answer: AskState | None


class Hours(BaseModel):
    """Half, and nine in ten, were offered help within so many hours."""

    p50: float | None
    p90: float | None


class HelpFigures(BaseModel):
    """How soon help came; each is null while fewer than `fewest` people are behind it."""

    days: int
    skill_id: str | None
    fewest: int
    requests: int | None = None
    offered: int | None = None
    accepted: int | None = None
    expired: int | None = None
    open: int | None = None
    hours_to_first_offer: Hours | None = None


@router.post("/v1/help-requests", status_code=201, response_model=Help, summary="Ask who can help")
async def ask(body: NewHelpRequest, edge: Edge) -> Response:
    """The nearest three who can are asked at once: in one's unit first, then the division, then everywhere."""
    within = timedelta(hours=body.within_hours)

    async def work(conn: Connection) -> dict[str, Any]:
        person = edge.principal.person_id
        return await _shown(
            conn, edge, await commands.ask(conn, person, body.skill_id, body.level, body.question, within)
        )

    return await edge.write(work, body=body)


@router.get("/v1/help-requests", response_model=Page[Help], summary="List requests for help, newest first")
async def list_requests(
    edge: Edge,
    view: queries.View = "mine",
    state: Literal["open", "accepted", "withdrawn", "expired"] | None = None,
    cursor: Annotated[Cursor | None, Query()] = None,
    limit: Annotated[Limit, Query()] = DEFAULT_LIMIT,
) -> Response:
    """`mine`, those I was `asked`, or the `board`: open ones for everybody who would be asked."""
    after = decode_cursor(cursor, UUID)
    person = edge.principal.person_id

    async def work(conn: Connection) -> Page[Help]:
        if person is None:
            raise UnknownHelpRequest("Nobody here is known by this token.")
        rows = await queries.list_requests(conn, view, person, state, after[0] if after else None, limit + 1)
        return page(rows, limit, Help.model_validate, lambda row: (row["request_id"],))

    return await edge.read(work)


@router.get("/v1/help-requests/{request_id}", response_model=Help, summary="Show a request for help")
async def get_request(request_id: UUID, edge: Edge) -> Response:
    """To who asked, who was asked, and to who could offer."""
    return await edge.read(lambda conn: queries.get_request(conn, request_id, edge.principal.person_id))


@router.post("/v1/help-requests/{request_id}/offer", response_model=Help, summary="Offer to help")
async def offer(request_id: UUID, edge: Edge) -> Response:
    """By whoever was asked, and for what is on the board by whoever would be asked."""

    async def work(conn: Connection) -> dict[str, Any]:
        return await _shown(conn, edge, await commands.offer(conn, request_id, edge.principal.person_id))

    return await edge.write(work)


@router.post("/v1/help-requests/{request_id}/pass", response_model=Help, summary="Say that it is not for oneself")
async def pass_by(request_id: UUID, edge: Edge) -> Response:
    """Nobody is told who; the next are asked when nobody else may answer."""

    async def work(conn: Connection) -> dict[str, Any]:
        return await _shown(conn, edge, await commands.pass_by(conn, request_id, edge.principal.person_id))

    return await edge.write(work)


@router.post("/v1/help-requests/{request_id}/accept", response_model=Help, summary="Accept an offer")
async def accept(request_id: UUID, body: Choice, edge: Edge) -> Response:
    """The request is over, and everybody else is released."""

    async def work(conn: Connection) -> dict[str, Any]:
        person = edge.principal.person_id
        return await _shown(conn, edge, await commands.accept(conn, request_id, person, body.person_id))

    return await edge.write(work, body=body)


@router.post("/v1/help-requests/{request_id}/decline", response_model=Help, summary="Decline an offer")
async def decline(request_id: UUID, body: Choice, edge: Edge) -> Response:
    """With thanks; the next are asked when no other offer is there."""

    async def work(conn: Connection) -> dict[str, Any]:
        person = edge.principal.person_id
        return await _shown(conn, edge, await commands.decline(conn, request_id, person, body.person_id))

    return await edge.write(work, body=body)


@router.post("/v1/help-requests/{request_id}/withdraw", response_model=Help, summary="Withdraw a request")
async def withdraw(request_id: UUID, edge: Edge) -> Response:
    """Help is not needed any more."""

    async def work(conn: Connection) -> dict[str, Any]:
        return await _shown(conn, edge, await commands.withdraw(conn, request_id, edge.principal.person_id))

    return await edge.write(work)


@router.get("/v1/help-figures", response_model=HelpFigures, summary="Show how soon help comes")
async def get_figures(
    edge: Edge, days: Literal["7", "28", "90", "365"] = "90", skill_id: Code | None = None
) -> Response:
    """Of all requests, or of those for one skill, in so many days before this week; no few people are counted."""
    return await edge.read(lambda conn: queries.figures(conn, int(days), skill_id))


async def _shown(conn: Connection, edge: EdgeCall, request: HelpRequest) -> dict[str, Any]:
    return (await queries.shown(conn, [request], edge.principal.person_id))[0]
