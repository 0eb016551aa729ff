"""How a group was led: said without a name, read by whoever led it."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict

from services.sessions.api.caller import person
from services.sessions.api.follow_up import AnswerKept
from services.sessions.commands import answers as commands
from services.sessions.domain.follow_up import ENOUGH
from services.sessions.queries import facilitation as queries
from shared.db import Connection
from shared.edge import Edge, Unread
from shared.events.follow_up import FacilitationAnswer
from shared.events.sessions import Score

router = APIRouter(tags=["feedback"])
EXAMPLE: dict[str, Any] = {"flow": 4, "neutral": 5, "heard": 4, "safe": 5, "on_time": 3}


class NewRating(BaseModel):
    """Five statements on how one was led, from 1 to 5."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [EXAMPLE]})

    flow: Score
    neutral: Score
    heard: Score
    safe: Score
    on_time: Score


class Statement(BaseModel):
    """One statement, and what groups say of it."""

    code: str
    text: str
    quality: float


class Facilitation(BaseModel):
    """What groups say of how the caller leads: one to five, drawn towards what is said of all where few answered."""

    answers: int
    quality: float | None
    statements: list[Statement]
    suppressed: bool
    reason: str | None


@router.post(
    "/v1/sessions/{session_id}/facilitation",
    status_code=202,
    response_model=AnswerKept,
    summary="Say how one was led",
)
async def rate(session_id: UUID, body: NewRating, edge: Edge) -> Response:
    """Once a quarter, from the second session under a facilitator on. Stored without its author; told in fives."""
    author, answer = person(edge.principal), FacilitationAnswer(**body.model_dump())

    async def work(conn: Connection) -> AnswerKept:
        await commands.rate_facilitator(conn, session_id, author, answer)
        return AnswerKept(subject_id=session_id)

    return await edge.write(work, body=Unread())


@router.get("/v1/facilitation", response_model=Facilitation, summary="Read how one leads")
async def get_facilitation(edge: Edge) -> Response:
    """One's own, of five answers or more, each about two sessions or more; nobody else's."""
    reader = person(edge.principal)

    async def work(conn: Connection) -> Facilitation:
        found = await queries.get_own(conn, reader)
        few = not found["answers"]
        reason = f"fewer than {ENOUGH} answers have been released" if few else None
        return Facilitation(**found, suppressed=few, reason=reason)

    return await edge.read(work)
