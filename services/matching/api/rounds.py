"""Rounds: run one, see what came of it, and who was left out and why."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from services.matching.api.models import Count
from services.matching.commands import rounds as commands
from services.matching.queries import rounds as queries
from shared.db import Connection
from shared.edge import Edge
from shared.events.matching import MatchKind
from shared.paging import DEFAULT_LIMIT, Cursor, Limit, Page, decode_cursor, page

router = APIRouter(tags=["rounds"])


class NewRound(BaseModel):
    """Which programme to match, and how to draw lots."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"programme_id": "0192f0c1-7d3e-7c55-9d0e-2f6a1b3c4d5e", "seed": 2008, "dry_run": False}]
        },
    )

    programme_id: UUID
    seed: Annotated[int | None, Field(ge=0, lt=2**63)] = None
    """The same people, rules and seed make the same round; drawn when left out."""
    dry_run: bool = False
    """Only say what would come of it."""


class Round(BaseModel):
    """What came of a round. No matching at all could be worth more than `bound`; `gap` is what may be missing."""

    round_id: UUID
    programme_id: UUID
    kind: MatchKind
    asked: int
    matched: int
    unmatched: int
    unmatched_by_reason: dict[str, int]
    matches: int
    seed: int
    rules_version: int
    input_digest: str
    value: int
    bound: int
    gap: float
    published: bool
    timings: dict[str, float]
    report: dict[str, object]
    """Whom what would help, and limits that were reached."""
    created_at: datetime


class Change(BaseModel):
    """A small change that alone would open so many candidates."""

    code: str
    people: int = Field(ge=0)
    detail: str | None
    text: str


class LeftOut(BaseModel):
    """Somebody a round left unmatched: the constraint that left no candidate, and the counts after each."""

    person_id: UUID
    reason: str
    text: str
    left: list[Count]
    opens: list[Count]
    change: Change | None


@router.post("/v1/rounds", status_code=201, response_model=Round, summary="Match the people of a programme")
async def create_round(body: NewRound, edge: Edge) -> Response:
    """Everybody the programme is for is matched or told why not; proposals go out unless it is a dry run."""
    return await edge.write(
        lambda conn: commands.run_round(conn, body.programme_id, body.seed, dry_run=body.dry_run), body=body
    )


@router.get("/v1/rounds", response_model=Page[Round], summary="List rounds, newest first")
async def list_rounds(
    edge: Edge,
    programme_id: UUID | None = None,
    cursor: Annotated[Cursor | None, Query()] = None,
    limit: Annotated[Limit, Query()] = DEFAULT_LIMIT,
) -> Response:
    """Of all programmes, or of one."""
    after = decode_cursor(cursor, UUID)

    async def work(conn: Connection) -> Page[Round]:
        rows = await queries.list_rounds(conn, programme_id, after[0] if after else None, limit + 1)
        return page(rows, limit, lambda row: Round(**row), lambda row: (row["round_id"],))

    return await edge.read(work)


@router.get("/v1/rounds/{round_id}", response_model=Round, summary="Show a round")
async def get_round(round_id: UUID, edge: Edge) -> Response:
    """Counts, figures and what it was computed from."""
    return await edge.read(lambda conn: queries.get_round(conn, round_id))


@router.get(
    "/v1/rounds/{round_id}/unmatched", response_model=Page[LeftOut], summary="List whom a round left out, and why"
)
async def list_unmatched(
    round_id: UUID,
    edge: Edge,
    cursor: Annotated[Cursor | None, Query()] = None,
    limit: Annotated[Limit, Query()] = DEFAULT_LIMIT,
) -> Response:
    """In the order of person ids."""
    after = decode_cursor(cursor, UUID)

    async def work(conn: Connection) -> Page[LeftOut]:
        rows = await queries.list_unmatched(conn, round_id, after[0] if after else None, limit + 1)
        return page(rows, limit, LeftOut.model_validate, lambda row: (UUID(str(row["person_id"])),))

    return await edge.read(work)
