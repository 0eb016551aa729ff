"""Where formal training falls short: questions that sessions brought up and a course had left open."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from services.metrics.commands.query_log import note_query
from services.metrics.queries.course_gaps import list_course_gaps
from services.metrics.queries.known import check_programme
from shared.db import Connection
from shared.edge import Edge
from shared.paging import DEFAULT_LIMIT, Cursor, Limit, Page, decode_cursor, page

router = APIRouter(tags=["skills"])


class CourseGap(BaseModel):
    """A course and how many people it has left with a question in a month, in steps of five."""

    course: str
    programme_id: UUID
    programme: str
    month: date
    people: Annotated[int, Field(ge=5)]


class GapSelection(BaseModel):
    """Which part of the list."""

    model_config = ConfigDict(extra="forbid")
    programme_id: UUID | None = None
    cursor: Cursor | None = None
    limit: Limit = DEFAULT_LIMIT
    purpose: str | None = Field(None, min_length=1, max_length=200, description="What for: kept in the query log.")


@router.get("/v1/course-gaps", response_model=Page[CourseGap], summary="List courses that leave questions open")
async def list_gaps(selection: Annotated[GapSelection, Query()], edge: Edge) -> Response:
    """Newest month first; fewer than k people are not told of, and nothing of closed programmes is."""
    found = decode_cursor(selection.cursor, date, str, UUID)
    after = (found[0], found[1], found[2]) if found else None
    k = edge.request.app.state.settings.k_scores

    async def work(conn: Connection) -> Page[CourseGap]:
        await check_programme(conn, selection.programme_id)
        chosen = {"programme_id": str(selection.programme_id) if selection.programme_id else None}
        await note_query(conn, edge.principal.roles, "course-gaps", chosen, selection.purpose)
        rows = await list_course_gaps(conn, k, selection.programme_id, after, selection.limit)
        make = lambda row: CourseGap(**dict(row))  # noqa: E731 - as short as it is
        return page(rows, selection.limit, make, lambda row: (row["month"], row["course"], row["programme_id"]))

    return await edge.read(work)
