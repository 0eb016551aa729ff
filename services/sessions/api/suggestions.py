"""Suggestions: made with a name or without, answered, and then there for everybody they concern."""

from datetime import date
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, StringConstraints

from services.sessions.api.caller import caller, person
from services.sessions.commands import suggestions as commands
from services.sessions.domain.suggestions import Answer, SuggestionState
from services.sessions.queries import suggestions as queries
from shared.db import Connection
from shared.edge import Edge, Unread
from shared.paging import DEFAULT_LIMIT, Cursor, Limit, Page, decode_cursor, page

router = APIRouter(tags=["suggestions"])
Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=4000)]
EXAMPLE: dict[str, Any] = {
    "programme_id": "0b54a1f4-3a4e-4a0e-9a63-3d5f3a2f7c11",
    "text": "Let two of us present together.",
}
ANSWER: dict[str, Any] = {"state": "planned", "reply": "From January on, two may."}


class NewSuggestion(BaseModel):
    """About a programme, an item of knowledge, or neither. `named`: those who answer see whose it is."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [EXAMPLE]})

    programme_id: UUID | None = None
    item_id: UUID | None = None
    text: Words
    named: bool = True


class Suggested(BaseModel):
    """It is in the inbox."""

    status: Literal["accepted"] = "accepted"


class Suggestion(BaseModel):
    """A suggestion and what became of it. `author_id` is for its author and for those who answer."""

    suggestion_id: UUID
    version: int
    programme_id: UUID | None
    item_id: UUID | None
    author_id: UUID | None
    text: str
    state: SuggestionState
    reply: str | None
    made_on: date


class NewAnswer(BaseModel):
    """What becomes of it, and why."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [ANSWER]})

    state: Answer
    reply: Words


@router.post("/v1/suggestions", status_code=202, response_model=Suggested, summary="Suggest something")
async def suggest(body: NewSuggestion, edge: Edge) -> Response:
    """By anybody the programme is for. Under one's name one is told when it is answered."""
    by = person(edge.principal)

    async def work(conn: Connection) -> Suggested:
        about = {"programme_id": body.programme_id, "item_id": body.item_id}
        await commands.suggest(conn, by, body.text, **about, named=body.named)
        return Suggested()

    return await edge.write(work, body=body if body.named else Unread())


@router.get("/v1/suggestions", response_model=Page[Suggestion], summary="Read suggestions")
async def list_suggestions(
    edge: Edge,
    programme_id: UUID | None = None,
    item_id: UUID | None = None,
    state: SuggestionState | None = None,
    mine: bool = False,
    cursor: Cursor | None = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Response:
    """The inbox for those who oversee programmes; one's own and what was answered for everybody else."""
    (after,) = decode_cursor(cursor, UUID) or (None,)
    by = caller(edge.principal)
    wanted = queries.Wanted(programme_id, item_id, state, mine)

    async def work(conn: Connection) -> Page[Suggestion]:
        rows = await queries.list_suggestions(
            conn, wanted, by.person_id, oversees=by.oversees, after=after, limit=limit
        )
        return page(rows, limit, lambda row: Suggestion(**dict(row)), lambda row: (row["suggestion_id"],))

    return await edge.read(work)


@router.post("/v1/suggestions/{suggestion_id}/answer", response_model=Suggestion, summary="Answer a suggestion")
async def answer_suggestion(suggestion_id: UUID, body: NewAnswer, edge: Edge) -> Response:
    """Planned, done or declined, with a reason; 409 with the state once it is done or declined."""
    reader = edge.principal.person_id

    async def work(conn: Connection) -> Suggestion | None:
        await commands.answer(conn, suggestion_id, body.state, body.reply)
        row = await queries.get_suggestion(conn, suggestion_id, reader)
        return Suggestion(**dict(row)) if row else None

    return await edge.write(work, body=body)
