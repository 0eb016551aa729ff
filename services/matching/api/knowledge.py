"""Knowledge at risk: skills few hold, one of whom is about to leave."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel

from services.matching.queries.knowledge import list_risks
from shared.db import Connection
from shared.edge import Edge
from shared.paging import DEFAULT_LIMIT, Cursor, Limit, Page, decode_cursor, page

router = APIRouter(tags=["knowledge"])


class Risk(BaseModel):
    """A skill, who holds it, the first day one of them leaves, and what is proposed about it."""

    skill_id: str
    label: str | None
    holders: int
    holder_ids: list[UUID]
    due_on: date
    proposal: Literal["shadowing", "capture"] | None
    match_id: UUID | None
    """The shadowing that was proposed."""
    created_at: datetime


@router.get("/v1/knowledge-at-risk", response_model=Page[Risk], summary="List knowledge at risk, most urgent first")
async def list_knowledge_at_risk(
    edge: Edge,
    cursor: Annotated[Cursor | None, Query()] = None,
    limit: Annotated[Limit, Query()] = DEFAULT_LIMIT,
) -> Response:
    """Skills of which two or fewer active people are left who hold them, and one leaves within half a year."""
    found = decode_cursor(cursor, date, str)
    after = (found[0], found[1]) if found else None

    async def work(conn: Connection) -> Page[Risk]:
        rows = await list_risks(conn, after, limit + 1)
        return page(rows, limit, Risk.model_validate, lambda row: (row["due_on"], row["skill_id"]))

    return await edge.read(work)
