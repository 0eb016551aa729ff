"""Feedback: three scores and a comment in, means over many out."""

from datetime import date
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, StringConstraints

from services.sessions.api.caller import person
from services.sessions.commands import feedback as commands
from services.sessions.domain.feedback import ENOUGH
from services.sessions.queries import feedback as queries
from shared.db import Connection
from shared.edge import Edge
from shared.events.sessions import FeedbackAnswer, Score

router = APIRouter(tags=["feedback"])
EXAMPLE: dict[str, Any] = {"usefulness": 5, "relevance": 4, "engagement": 5}


class NewFeedback(BaseModel):
    """At most three questions and a comment."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [EXAMPLE]})

    usefulness: Score
    relevance: Score
    engagement: Score
    comment: Annotated[str, StringConstraints(strip_whitespace=True, max_length=2000)] | None = None


class Accepted(BaseModel):
    """It is kept, and nobody can find it again."""

    session_id: UUID
    status: Literal["accepted"] = "accepted"


class FeedbackSummary(BaseModel):
    """Means over all released answers to sessions of the same programme, format and month."""

    session_id: UUID
    programme_id: UUID
    format: str
    month: date
    answers: int
    usefulness: float | None
    relevance: float | None
    engagement: float | None
    suppressed: bool
    reason: str | None


class _Unread(BaseModel):
    """Stands in for the body where the body must not be remembered."""


@router.post("/v1/sessions/{session_id}/feedback", status_code=202, response_model=Accepted, summary="Give feedback")
async def give_feedback(session_id: UUID, body: NewFeedback, edge: Edge) -> Response:
    """By somebody who attended, once. Stored without its author; told in batches of five or more."""
    author = person(edge.principal)
    answer = FeedbackAnswer(usefulness=body.usefulness, relevance=body.relevance, engagement=body.engagement)

    async def work(conn: Connection) -> Accepted:
        await commands.give_feedback(conn, session_id, author, answer, body.comment)
        return Accepted(session_id=session_id)

    # There are only 125 answers: the fingerprint of a saved reply, which stands beside its author, would tell which.
    return await edge.write(work, body=_Unread())


@router.get("/v1/sessions/{session_id}/feedback", response_model=FeedbackSummary, summary="Read what came of it")
async def get_feedback(session_id: UUID, edge: Edge) -> Response:
    """For the session's facilitator and programme owners; every reading is audited."""
    caller, is_owner = edge.principal.person_id, edge.principal.has("programme-owner")

    async def work(conn: Connection) -> FeedbackSummary:
        row = await queries.summarise(conn, session_id, by=caller, is_owner=is_owner)
        await edge.audit_read(conn, f"/v1/sessions/{session_id}/feedback")
        few = row["answers"] < ENOUGH
        reason = f"fewer than {ENOUGH} answers have been released" if few else None
        return FeedbackSummary(**dict(row), suppressed=few, reason=reason)

    return await edge.read(work)
