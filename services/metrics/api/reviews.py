"""Review cycles: what was found, what is changed, and what the numbers say afterwards."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from services.metrics.api.measures import ValueOut
from services.metrics.commands import reviews as commands
from services.metrics.commands.query_log import note_query
from services.metrics.domain.reviews import State
from services.metrics.queries import reviews as queries
from services.metrics.queries.known import check_programme
from services.metrics.queries.release import Release
from shared.db import Connection
from shared.edge import Edge
from shared.paging import DEFAULT_LIMIT, Cursor, Limit, Page, decode_cursor, page

router = APIRouter(tags=["reviews"])
Words = Annotated[str, Field(min_length=1, max_length=2000)]


class ReviewOut(BaseModel):
    """A cycle; `difference` is after - before and, without a control group, no proof of anything: see `claim`."""

    review_id: UUID
    version: int
    programme_id: UUID
    measure: str
    definition_version: str
    finding: str
    change: str
    changed_on: date
    measure_on: date
    state: State
    before: ValueOut | None
    after: ValueOut | None
    difference: float | None
    claim: str
    conclusion: str | None
    concluded_on: date | None


class NewReview(BaseModel):
    """A finding and the change made for it."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "programme_id": "0193a1b0-0000-7000-8000-000000000001",
                    "measure": "attendance_rate",
                    "finding": "One in three stays away on Fridays.",
                    "change": "Sessions move to Tuesday.",
                    "changed_on": "2026-11-02",
                    "measure_on": "2027-02-01",
                }
            ]
        },
    )
    programme_id: UUID
    measure: Annotated[str, Field(min_length=1, max_length=100)]
    finding: Words
    change: Words
    changed_on: date
    measure_on: date


class Conclusion(BaseModel):
    """What the second measurement means for the programme."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"conclusion": "It stays on Tuesday."}]})
    conclusion: Words


class ReviewSelection(BaseModel):
    """Which programme's."""

    model_config = ConfigDict(extra="forbid")
    programme_id: UUID | None = None
    cursor: Cursor | None = None
    limit: Limit = DEFAULT_LIMIT


@router.get("/v1/reviews", response_model=Page[ReviewOut], summary="List review cycles")
async def list_reviews(selection: Annotated[ReviewSelection, Query()], edge: Edge) -> Response:
    """Each with its measure before the change and, from `measure_on` on, after it."""
    key = decode_cursor(selection.cursor, UUID)
    k, limit = edge.request.app.state.settings.k_scores, selection.limit

    async def work(conn: Connection) -> Page[queries.Review]:
        asked = selection.model_dump(mode="json", include={"programme_id"})
        await check_programme(conn, selection.programme_id)
        await note_query(conn, edge.principal.roles, "reviews", asked)
        found = await queries.list_reviews(
            conn, Release(conn, k), selection.programme_id, key[0] if key else None, limit + 1
        )
        return page(found, limit, lambda review: review, lambda review: (review.review_id,))

    return await edge.read(work)


@router.post("/v1/reviews", response_model=ReviewOut, status_code=201, summary="Begin a review cycle")
async def begin_review(body: NewReview, edge: Edge) -> Response:
    """A programme's measure, what was found in it, and what is changed from which day on."""
    k = edge.request.app.state.settings.k_scores

    async def work(conn: Connection) -> queries.Review | None:
        review_id = await commands.begin_review(conn, **body.model_dump())
        return await queries.get_review(conn, Release(conn, k), review_id)

    return await edge.write(work, body=body)


@router.patch("/v1/reviews/{review_id}", response_model=ReviewOut, summary="Conclude a review cycle")
async def conclude_review(review_id: UUID, body: Conclusion, edge: Edge) -> Response:
    """From `measure_on` on, once; If-Match names the version that was read."""
    k = edge.request.app.state.settings.k_scores

    async def work(conn: Connection) -> queries.Review | None:
        release = Release(conn, k)
        await commands.conclude_review(conn, release, review_id, body.conclusion, edge.if_match)
        return await queries.get_review(conn, release, review_id)

    return await edge.write(work, body=body)
