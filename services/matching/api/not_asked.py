"""Why programmes do not ask somebody: for themselves alone."""

from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import BaseModel

from services.matching.domain.format import UnknownPerson
from services.matching.queries.not_asked import list_not_asked
from shared.db import Connection
from shared.edge import Edge
from shared.paging import Page

router = APIRouter(tags=["rounds"])


class NotAsked(BaseModel):
    """A programme for somebody that would match them but for this, which is theirs to change."""

    programme_id: UUID
    reason: str
    text: str


@router.get(
    "/v1/people/{person_id}/not-asked",
    response_model=Page[NotAsked],
    summary="List programmes that would not match one",
)
async def get_not_asked(person_id: UUID, edge: Edge) -> Response:
    """For oneself and nobody else, as things are now: published programmes whose audience one is of.

    One that would ask, or that gives them a match now, is not among them.
    """
    if edge.principal.person_id != person_id:
        raise UnknownPerson("There is nothing to tell of anybody else.")

    async def work(conn: Connection) -> Page[NotAsked]:
        return Page(items=[NotAsked.model_validate(one) for one in await list_not_asked(conn, person_id)])

    return await edge.read(work)
