"""Suggestions: whom somebody could learn from."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, Field, StringConstraints

from services.matching.api.models import Reason
from services.matching.domain.format import UnknownPerson
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
