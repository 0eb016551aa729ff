"""Introductions: whom a newcomer should meet beside their buddy."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import BaseModel

from services.matching.api.models import Reason
from services.matching.commands.introductions import meet
from services.matching.domain.match import UnknownMatch
from services.matching.queries.introductions import list_introductions
from shared.db import Connection
from shared.edge import Edge
from shared.paging import Page

router = APIRouter(tags=["onboarding"])


class Introduction(BaseModel):
    """A colleague worth meeting in the first month, and why."""

    person_id: UUID
    state: Literal["suggested", "met"]
    score: int
    reasons: list[Reason]
    rules_version: int | None
    """Of the onboarding programme's rules."""
    created_at: datetime


@router.get(
    "/v1/people/{person_id}/introductions",
    response_model=Page[Introduction],
    summary="List whom a newcomer should meet",
)
async def get_introductions(person_id: UUID, edge: Edge) -> Response:
    """To the newcomer and their buddy, who makes them."""
    anybody = edge.principal.has("admin")
    if not anybody and edge.principal.person_id is None:
        raise UnknownMatch("There are no introductions of yours.")

    async def work(conn: Connection) -> Page[Introduction]:
        found = await list_introductions(conn, person_id, None if anybody else edge.principal.person_id)
        if found is None:
            raise UnknownMatch("There are no such introductions of yours.")
        return Page(items=[Introduction.model_validate(one) for one in found])

    return await edge.read(work)


@router.post(
    "/v1/people/{person_id}/introductions/{colleague_id}/met", status_code=204, summary="Say that they have met"
)
async def say_met(person_id: UUID, colleague_id: UUID, edge: Edge) -> Response:
    """By the newcomer or the buddy."""
    return await edge.write(lambda conn: meet(conn, person_id, colleague_id, edge.principal.person_id))
