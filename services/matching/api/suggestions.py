"""Suggestions: whom somebody could learn from."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, Field

from services.matching.api.models import Reason
from services.matching.queries.suggestions import list_suggestions
from shared.db import Connection
from shared.edge import Edge
from shared.paging import Page
from shared.refusal import NotFound

router = APIRouter(tags=["suggestions"])
Most = Annotated[int, Field(ge=1, le=50, description="How many at most.")]


class Suggestion(BaseModel):
    """A peer, the skill they could teach, and why they fit."""

    person_id: UUID
    skill_id: str
    score: int
    reasons: list[Reason]


class UnknownPerson(NotFound):
    """No such person, or not the caller."""


@router.get(
    "/v1/people/{person_id}/suggestions", response_model=Page[Suggestion], summary="Suggest peers to learn from"
)
async def get_suggestions(person_id: UUID, edge: Edge, limit: Annotated[Most, Query()] = 10) -> Response:
    """For oneself, best first; what is suggested is nobody's duty."""
    if not edge.principal.has("admin") and edge.principal.person_id != person_id:
        raise UnknownPerson("There are no suggestions for anybody else.")

    async def work(conn: Connection) -> Page[Suggestion]:
        found = await list_suggestions(conn, person_id, limit)
        if found is None:
            raise UnknownPerson("There is no such person here.")
        return Page(items=[Suggestion.model_validate(one) for one in found])

    return await edge.read(work)
