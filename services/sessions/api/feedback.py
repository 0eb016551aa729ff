"""Feedback: three scores and a comment in, means over many out."""

from datetime import date
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from services.sessions.api.caller import person
from services.sessions.api.forms import Item, Version
from services.sessions.api.programme_forms import Result
from services.sessions.commands import feedback as commands
from services.sessions.commands import feedback_links
from services.sessions.domain.feedback import ENOUGH
from services.sessions.domain.forms import MOST_QUESTIONS
from services.sessions.queries import feedback as queries
from shared.db import Connection
from shared.edge import Edge, Unread
from shared.events.sessions import FeedbackAnswer, Score
from shared.paging import DEFAULT_LIMIT, Cursor, Limit, Page, decode_cursor, page
from shared.refusal import InvalidRequest

router = APIRouter(tags=["feedback"])
STANDARD_NAMES = ("usefulness", "relevance", "engagement")
EXAMPLE: dict[str, Any] = {"usefulness": 5, "relevance": 4, "engagement": 5}


class OwnAnswers(BaseModel):
    """Answers to another form than the first one: the version that was read, a score for each question in its order."""

    model_config = ConfigDict(extra="forbid")

    form_id: UUID
    form_version: Version
    scores: Annotated[list[Annotated[int, Field(ge=0, le=10)]], Field(min_length=1, max_length=MOST_QUESTIONS)]


class NewFeedback(BaseModel):
    """At most three questions: the first form's with a comment, or those of the form that is asked instead."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [EXAMPLE]})

    usefulness: Score | None = None
    relevance: Score | None = None
    engagement: Score | None = None
    comment: Annotated[str, StringConstraints(strip_whitespace=True, max_length=2000)] | None = None
    own: OwnAnswers | None = None

    def standard(self) -> FeedbackAnswer | None:
        """The answers to the standard form, if it is that. Raises InvalidRequest naming what is missing or too much."""
        given = {name: getattr(self, name) for name in STANDARD_NAMES}
        if self.own is None:
            for name, score in given.items():
                if score is None:
                    raise InvalidRequest.naming(name, "is missing")
            return FeedbackAnswer(**given)
        for name, value in {**given, "comment": self.comment}.items():
            if value is not None:
                raise InvalidRequest.naming(name, "is no question of the form in `own`")
        return None


class AskedForm(BaseModel):
    """What is asked after this session; nothing where there are no items. `form_id` is null for the first form."""

    session_id: UUID
    form_id: UUID | None
    form_version: int
    items: list[Item]


class Accepted(BaseModel):
    """It is kept, and nobody can find it again."""

    session_id: UUID
    status: Literal["accepted"] = "accepted"


class FeedbackSummary(BaseModel):
    """Means over all released answers to sessions of the same programme, format and month.

    `forms`: other forms than the first one. `quality`: one to five over all, drawn towards 3 where few have answered.
    """

    session_id: UUID
    programme_id: UUID
    format: str
    month: date
    answers: int
    usefulness: float | None
    relevance: float | None
    engagement: float | None
    forms: list[Result]
    quality: float | None
    suppressed: bool
    reason: str | None


class Comments(BaseModel):
    """What was written beside answers about the sessions of a format and month, in order of letters."""

    format: str
    month: date
    comments: list[str]


@router.post("/v1/sessions/{session_id}/feedback", status_code=202, response_model=Accepted, summary="Give feedback")
async def give_feedback(session_id: UUID, body: NewFeedback, edge: Edge) -> Response:
    """By somebody who attended, once. Stored without its author; told in batches of five or more."""
    author, answer = person(edge.principal), body.standard()
    own = ((body.own.form_id, body.own.form_version), body.own.scores) if body.own else None

    said, accepted = (session_id, author, answer, body.comment, own), Accepted(session_id=session_id)

    async def work(conn: Connection) -> Accepted:
        await commands.give_feedback(conn, *said)
        return accepted

    # There are only 125 answers: the fingerprint of a saved reply, which stands beside its author, would tell which.
    return await edge.write(work, body=Unread(), look=lambda conn: commands.keep_feedback(conn, *said, accepted))


@router.get("/v1/sessions/{session_id}/feedback-form", response_model=AskedForm, summary="Read what is asked")
async def get_feedback_form(session_id: UUID, edge: Edge) -> Response:
    """For those in the session: its programme's own form, or that of its format."""
    reader = person(edge.principal)

    async def work(conn: Connection) -> AskedForm | None:
        found = await queries.asked_form(conn, session_id, reader)
        return AskedForm(session_id=session_id, **found) if found else None

    return await edge.read(work)


@router.delete("/v1/feedback-links", status_code=204, response_model=None, summary="Revoke one's feedback links")
async def revoke_feedback_links(edge: Edge) -> Response:
    """Links in messages one was sent open nothing any more; twice is once."""
    owner = person(edge.principal)
    return await edge.write(lambda conn: feedback_links.revoke(conn, owner))


@router.get("/v1/sessions/{session_id}/feedback", response_model=FeedbackSummary, summary="Read what came of it")
async def get_feedback(session_id: UUID, edge: Edge) -> Response:
    """For the session's facilitator and programme owners; every reading is audited."""
    caller, is_owner = edge.principal.person_id, edge.principal.has("programme-owner")

    async def work(conn: Connection) -> FeedbackSummary:
        row = await queries.summarise(conn, session_id, by=caller, is_owner=is_owner)
        await edge.audit_read(conn, f"/v1/sessions/{session_id}/feedback")
        few = row["answers"] < ENOUGH
        reason = f"fewer than {ENOUGH} answers have been released" if few else None
        return FeedbackSummary(**row, suppressed=few, reason=reason)

    return await edge.read(work)


@router.get("/v1/programmes/{programme_id}/comments", response_model=Page[Comments], summary="Read what was written")
async def list_comments(
    programme_id: UUID, edge: Edge, cursor: Cursor | None = None, limit: Limit = DEFAULT_LIMIT
) -> Response:
    """By month and format, of ten people at a time; nothing of a closed programme. Every reading is audited."""
    found = decode_cursor(cursor, date, str)
    after = (found[0], found[1]) if found else None

    async def work(conn: Connection) -> Page[Comments]:
        await edge.audit_read(conn, f"/v1/programmes/{programme_id}/comments")
        rows = await queries.list_comments(conn, programme_id, after=after, limit=limit)
        return page(rows, limit, lambda row: Comments(**row), lambda row: (row["month"], row["format"]))

    return await edge.read(work)
