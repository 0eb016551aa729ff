"""Rounds: run one, see what came of it, and who was left out and why."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from services.matching.api.models import Count
from services.matching.commands import publication, rules
from services.matching.commands import rounds as commands
from services.matching.queries import rounds as queries
from shared.db import Connection
from shared.edge import Edge
from shared.events.matching import MatchKind
from shared.paging import DEFAULT_LIMIT, Cursor, Limit, Page, decode_cursor, page
from shared.refusal import NotFound

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
    """A preview: nobody is told until it is published."""
    people: Annotated[list[UUID] | None, Field(min_length=1, max_length=1000)] = None
    """Ask these alone, of those the round would ask."""
    left_out_of: UUID | None = None
    """Ask those alone whom this round left out."""


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
    engine: int = Field(description="The version of the engine that computed it; only this one replays it.")
    value: int
    bound: int
    gap: float
    published: bool
    state: Literal["solving", "failed", "preview", "publishing", "published", "discarded"]
    """A large round is `solving` until it is read and all its parts are there, and `failed` where its report says why.

    It is `publishing` while people are told some after the others; its counts are the preview's until all are."""
    output_digest: str | None
    figures: dict[str, Any]
    """Coverage, evenness of load, share across units and sites, shares by group, and how earlier ones were declined."""
    timings: dict[str, float]
    report: dict[str, object]
    """Whom what would help, limits that were reached, how many were left out and how many not asked at all.

    Each with its code and in words; `unmatched` says those of `unmatched_by_reason`."""
    created_at: datetime


class Replay(BaseModel):
    """A round computed again from what it kept."""

    round_id: UUID
    input_digest: str
    output_digest: str
    same_input: bool
    same_output: bool


class Group(BaseModel):
    """People of one kind, at least as many as are ever told of."""

    group: str
    asked: int
    matched: int
    rate: float


class Groups(BaseModel):
    """Shares of all groups of one kind; `ratio` is the lowest by the highest."""

    groups: list[Group]
    ratio: float | None


class Parity(BaseModel):
    """Whether a round served everybody alike. Groups of fewer than `fewest` are counted together as others."""

    round_id: UUID
    fewest: int
    tenure: Groups
    site: Groups
    function: Groups


class Change(BaseModel):
    """A small change that would open so many candidates; with what is in `also`, where nothing does alone."""

    code: str
    people: int = Field(ge=0)
    fewer_than: int | None = None
    """As of counts: how few they are is not told."""
    detail: str | None
    skill: str | None = None
    """The label of `detail`, where that is a skill."""
    also: list[str] = []
    text: str


class LeftOut(BaseModel):
    """Somebody a round left unmatched: the constraint that left no candidate, and the counts after each."""

    person_id: UUID
    reason: str
    text: str
    left: list[Count]
    opens: list[Count]
    change: Change | None


class NotYours(NotFound):
    """Somebody else's."""


class LeftOutOf(LeftOut):
    """A published round that found nobody for somebody, and why.

    `round_id` is null where no round did: a hire for whom there is no buddy yet, somebody whose match has ended, or
    whose proposal was declined by somebody else, has expired, or was part of an exchange that is off. That is told
    until they are matched or a round asks them.
    """

    round_id: UUID | None
    programme_id: UUID
    created_at: datetime


@router.post("/v1/rounds", status_code=201, response_model=Round, summary="Match the people of a programme")
async def create_round(body: NewRound, edge: Edge) -> Response:
    """Everybody the programme is for is matched or told why not; proposals go out unless it is a dry run.

    Among very many people the round is `solving` when this answers, and counts nobody yet: look at it again.
    """

    async def work(conn: Connection) -> dict[str, Any]:
        only = None if body.people is None else set(body.people)
        return await commands.run_round(
            conn, body.programme_id, body.seed, dry_run=body.dry_run, only=only, left_out_of=body.left_out_of
        )

    return await edge.write(work, body=body, named=_named)


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


@router.post("/v1/rounds/{round_id}/publish", response_model=Round, summary="Publish a preview")
async def publish_round(round_id: UUID, edge: Edge) -> Response:
    """Proposals go out. Matches whose people have changed since the preview are withdrawn, and counted.

    A large round is `publishing` for as long as that takes.
    """
    return await edge.write(lambda conn: publication.publish(conn, round_id), named=_named)


@router.post("/v1/rounds/{round_id}/discard", response_model=Round, summary="Undo a preview")
async def discard_round(round_id: UUID, edge: Edge) -> Response:
    """Before it is published: nobody ever hears of it."""
    return await edge.write(lambda conn: publication.discard(conn, round_id), named=_named)


@router.post("/v1/rounds/{round_id}/replay", response_model=Replay, summary="Compute a round again")
async def replay_round(round_id: UUID, edge: Edge) -> Response:
    """From the people it saw, its rules and its seed: the same bytes, or it says that they are not."""
    return await edge.write(lambda conn: rules.replay(conn, round_id))


@router.get("/v1/rounds/{round_id}/parity", response_model=Parity, summary="Show whom a round served how well")
async def get_parity(round_id: UUID, edge: Edge) -> Response:
    """By length of service, site and function; never of a few people."""

    async def work(conn: Connection) -> dict[str, Any] | None:
        found = (await queries.get_round(conn, round_id))["figures"].get("parity")
        return found and {"round_id": round_id, **found}

    return await edge.read(work)


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


@router.get(
    "/v1/people/{person_id}/unmatched", response_model=Page[LeftOutOf], summary="List rounds that left somebody out"
)
async def list_unmatched_of(
    person_id: UUID,
    edge: Edge,
    cursor: Annotated[Cursor | None, Query()] = None,
    limit: Annotated[Limit, Query()] = DEFAULT_LIMIT,
) -> Response:
    """For oneself, newest first: why nobody was found, and what would help."""
    if not edge.principal.has("admin", "programme-owner") and edge.principal.person_id != person_id:
        raise NotYours("There is nothing to tell of anybody else.")
    after = decode_cursor(cursor, UUID)

    async def work(conn: Connection) -> Page[LeftOutOf]:
        rows = await queries.list_unmatched_of(conn, person_id, after[0] if after else None, limit + 1)
        return page(rows, limit, LeftOutOf.model_validate, lambda row: (row["told"],))

    return await edge.read(work)


def _named(row: dict[str, Any]) -> str:
    """Which round an audit line is about, and how many it asked, once it is read."""
    path = f"/v1/rounds/{row['round_id']}"
    return f"{path}?asked={row['asked']}" if row["input_digest"] else path
