"""Suggestions: whom somebody could learn from."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from services.matching.api.matches import Match
from services.matching.api.models import Reason
from services.matching.commands.asking import ask
from services.matching.domain.format import UnknownPerson
from services.matching.queries.matches import shown
from services.matching.queries.suggestions import Wanted, list_suggestions, why_none
from shared.db import Connection
from shared.edge import Edge
from shared.events.base import Code
from shared.paging import Cursor, Page, decode_cursor, rendered
from shared.rendered import Rendered, to_json

router = APIRouter(tags=["suggestions"])
Place = Annotated[Code, StringConstraints(pattern=r"^[^\x00]+$")]
"""It is looked up by a mark made of it, so that no database would refuse what none can hold."""
Most = Annotated[int, Field(ge=1, le=50, description="How many at most.")]


class Suggestion(BaseModel):
    """A peer, the skill they could teach, and why they fit."""

    person_id: UUID
    skill_id: str
    score: int
    reasons: list[Reason]
    engine: int
    """Which version of the engine says so, by its own rules."""


class Why(BaseModel):
    """What keeps somebody from a peer."""

    code: str
    text: str


class Suggestions(Page[Suggestion]):
    """Peers; where there is none at all, `why`."""

    why: Why | None = None


class NewAsk(BaseModel):
    """What to learn from a colleague, and in which programme."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "programme_id": "0192f0c1-7d3e-7c55-9d0e-2f6a1b3c4d5e",
                    "skill_id": "http://data.europa.eu/esco/skill/ccd0a1d9-afda-43d9-b901-96344886e14d",
                }
            ]
        },
    )

    programme_id: UUID
    """A published one that forms pairs, is for who asks, and has no open match of theirs."""
    skill_id: Place
    """Among what who asks wants to learn, and what the programme is about."""


@router.get("/v1/people/{person_id}/suggestions", response_model=Suggestions, summary="Suggest peers to learn from")
async def get_suggestions(
    person_id: UUID,
    edge: Edge,
    skill_id: Annotated[Code | None, Query(description="For this skill, wanted or not.")] = None,
    unit: Annotated[Place | None, Query(description="In this unit or below it.")] = None,
    site: Place | None = None,
    language: Place | None = None,
    level: Annotated[int, Query(ge=0, le=5, description="Who has this level at least.")] = 0,
    cursor: Annotated[Cursor | None, Query()] = None,
    limit: Annotated[Most, Query()] = 10,
) -> Response:
    """For oneself, best first, from people as they are now; what is suggested is nobody's duty."""
    if not edge.principal.has("admin") and edge.principal.person_id != person_id:
        raise UnknownPerson("There are no suggestions for anybody else.")
    found = decode_cursor(cursor, int, UUID)
    after = (found[0], found[1]) if found else None
    wanted = Wanted(skill_id, unit, site, language, level)

    async def work(conn: Connection) -> Rendered:
        rows = await list_suggestions(conn, person_id, wanted, after, limit + 1)
        if rows is None:
            raise UnknownPerson("There is no such person here.")
        if not rows and after is None:
            return Rendered(to_json({"items": [], "next": None, "why": await why_none(conn, person_id, wanted)}))
        return rendered(rows, rows[:limit], limit, lambda row: (row["score"], row["person_id"]))

    return await edge.read(work)


@router.post(
    "/v1/people/{person_id}/suggestions/{colleague_id}/ask",
    status_code=201,
    response_model=Match,
    summary="Ask a colleague who is suggested",
)
async def ask_colleague(person_id: UUID, colleague_id: UUID, body: NewAsk, edge: Edge) -> Response:
    """For oneself: a proposed pair of the programme, to which who asks has said yes.

    The colleague accepts or declines it as any proposal, and it expires as any. Until then they are suggested no more.
    A colleague who cannot be asked, for whatever reason, is refused in the same words.
    """
    if edge.principal.person_id != person_id:
        raise UnknownPerson("Nobody asks in the name of anybody else.")

    async def work(conn: Connection) -> dict[str, object]:
        match = await ask(conn, person_id, colleague_id, body.programme_id, body.skill_id)
        return (await shown(conn, [match]))[0]

    return await edge.write(work, body=body)
