"""Peer review: rounds, works, reviews, and a word where reviewers differ."""

from datetime import date
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from services.sessions.api.caller import person, viewer
from services.sessions.api.forms import Slug
from services.sessions.commands import reviews as commands
from services.sessions.queries import reviews as queries
from shared.db import Connection
from shared.edge import Edge
from shared.events.sessions import Score
from shared.paging import DEFAULT_LIMIT, Cursor, Limit, Page, decode_cursor, page

router = APIRouter(tags=["peer review"])
Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=4000)]
Title = Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^[^\x00-\x1f]{1,200}$")]
Link = Annotated[str, StringConstraints(max_length=2000, pattern=r"^https?://[\x21-\x7e]+$")]
ROUND: Any = {
    "rubric": [{"code": "clear", "text": "The argument is clear."}],
    "reviewers": 2,
    "submit_by": "2026-03-01",
    "review_by": "2026-03-14",
}


class Criterion(BaseModel):
    """One line of the rubric, scored from 1 to 5."""

    model_config = ConfigDict(extra="forbid")

    code: Slug
    text: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=300)]


class NewRound(BaseModel):
    """What is looked at, by how many, by when."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [ROUND]})

    rubric: Annotated[list[Criterion], Field(min_length=1, max_length=10)]
    reviewers: Annotated[int, Field(ge=1, le=5)] = 2
    submit_by: date
    review_by: date


class Round(BaseModel):
    """A round of review in a group."""

    round_id: UUID
    group_id: UUID
    rubric: list[Criterion]
    reviewers: int
    submit_by: date
    review_by: date
    state: Literal["collecting", "reviewing", "closed"]


class NewWork(BaseModel):
    """What is to be reviewed, and where it lies."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"title": "Plan", "link": "https://docs.example.org/plan"}]}
    )

    title: Title
    link: Link


class Review(BaseModel):
    """What a reviewer said; who it was is not told."""

    scores: list[int]
    comment: str


class Work(BaseModel):
    """A work and, once it is delivered, its reviews."""

    work_id: UUID
    round_id: UUID
    author_id: UUID
    title: str
    link: str
    state: Literal["submitted", "escalated", "delivered"]
    verdict: str | None = None
    reviews: list[Review] = []


class Task(BaseModel):
    """A work to review; whose it is is not told."""

    review_id: UUID
    state: Literal["asked"]
    due_on: date
    title: str
    link: str
    rubric: list[Criterion]


class NewReview(BaseModel):
    """One score a criterion, and words."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"scores": [4], "comment": "Clear."}]})

    scores: Annotated[list[Score], Field(min_length=1, max_length=10)]
    comment: Words


class Verdict(BaseModel):
    """A word where reviewers differ."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"text": "Both have a point."}]})

    text: Words


class Settled(BaseModel):
    """It has reached its author."""

    work_id: UUID
    state: Literal["delivered"]


class Given(BaseModel):
    """It is taken."""

    review_id: UUID
    state: Literal["done"] = "done"


@router.post(
    "/v1/groups/{group_id}/review-rounds", status_code=201, response_model=Round, summary="Open a round of peer review"
)
async def open_round(group_id: UUID, body: NewRound, edge: Edge) -> Response:
    """By the group's facilitator; by a member where there is none. 409 with the state of a group that has ended."""
    by = viewer(edge.principal)
    return await edge.write(lambda conn: commands.open_round(conn, group_id, by, body.model_dump()), body=body)


@router.get("/v1/groups/{group_id}/review-rounds", response_model=Page[Round], summary="List rounds of peer review")
async def list_rounds(
    group_id: UUID, edge: Edge, cursor: Cursor | None = None, limit: Limit = DEFAULT_LIMIT
) -> Response:
    """Oldest first."""
    member, (after,) = viewer(edge.principal), decode_cursor(cursor, UUID) or (None,)

    async def work(conn: Connection) -> Page[Round]:
        rows = await queries.list_rounds(conn, group_id, member=member, after=after, limit=limit)
        return page(rows, limit, lambda row: Round(**dict(row)), lambda row: (row["round_id"],))

    return await edge.read(work)


@router.put("/v1/review-rounds/{round_id}/work", response_model=Work, summary="Submit one's work")
async def submit_work(round_id: UUID, body: NewWork, edge: Edge) -> Response:
    """One a member; again replaces it, until submit_by."""
    by = person(edge.principal)
    return await edge.write(lambda conn: commands.submit_work(conn, round_id, by, body.title, body.link), body=body)


@router.get("/v1/review-rounds/{round_id}/works", response_model=Page[Work], summary="Read what came of it")
async def list_works(
    round_id: UUID, edge: Edge, cursor: Cursor | None = None, limit: Limit = DEFAULT_LIMIT
) -> Response:
    """One's own work; to whoever is asked those that wait for a word."""
    reader, (after,) = person(edge.principal), decode_cursor(cursor, UUID) or (None,)

    async def work(conn: Connection) -> Page[Work]:
        rows = await queries.list_works(conn, round_id, reader, after=after, limit=limit)
        return page(rows, limit, lambda row: Work(**dict(row)), lambda row: (row["work_id"],))

    return await edge.read(work)


@router.get("/v1/reviews", response_model=Page[Task], summary="List what one is to review")
async def list_reviews(edge: Edge, cursor: Cursor | None = None, limit: Limit = DEFAULT_LIMIT) -> Response:
    """Without the authors' names."""
    reader, (after,) = person(edge.principal), decode_cursor(cursor, UUID) or (None,)

    async def work(conn: Connection) -> Page[Task]:
        rows = await queries.list_mine(conn, reader, after=after, limit=limit)
        return page(rows, limit, lambda row: Task(**dict(row)), lambda row: (row["review_id"],))

    return await edge.read(work)


@router.put("/v1/reviews/{review_id}", response_model=Given, summary="Review a work")
async def give_review(review_id: UUID, body: NewReview, edge: Edge) -> Response:
    """By whoever was asked, once; late ones go to somebody else."""
    by = person(edge.principal)

    async def work(conn: Connection) -> Given:
        await commands.give_review(conn, review_id, by, body.scores, body.comment)
        return Given(review_id=review_id)

    return await edge.write(work, body=body)


@router.post("/v1/works/{work_id}/verdict", response_model=Settled, summary="Settle a disputed work")
async def give_verdict(work_id: UUID, body: Verdict, edge: Edge) -> Response:
    """Where reviewers differ or are too few: by the facilitator or founder, or somebody who is no party to it."""
    by = person(edge.principal)
    return await edge.write(lambda conn: commands.give_verdict(conn, work_id, by, body.text), body=body)
