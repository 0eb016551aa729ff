"""Matches: see them, accept or decline one's own."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from services.matching.api.models import Member, Reason
from services.matching.commands.answers import answer
from services.matching.domain.match import Answer
from services.matching.policy import SEE_ALL
from services.matching.queries import matches as queries
from shared.db import Connection
from shared.edge import Edge, EdgeCall
from shared.events.matching import MatchKind
from shared.paging import DEFAULT_LIMIT, Cursor, Limit, Page, decode_cursor, page
from shared.refusal import NotFound

router = APIRouter(tags=["matches"])
State = Literal["preview", "proposed", "accepted", "declined", "expired", "formed", "ended", "withdrawn"]


class Match(BaseModel):
    """People brought together, why, and what they say to it. The points of `reasons` add up to `score`.

    Matches with the same `ring_id` are one exchange, in which two or three teach each other: it is `accepted` with the
    last yes to any of them, and a no to one leaves the others `withdrawn`. `rules_version` is that of the programme,
    `engine` that of the engine. Of one that is `asked` who learns has asked who teaches, in no round.
    """

    match_id: UUID
    version: int
    kind: MatchKind
    state: State
    programme_id: UUID
    round_id: UUID | None
    skill_id: str | None
    members: list[Member]
    facilitator_id: UUID | None
    score: int
    reasons: list[Reason]
    expires_at: datetime | None
    ring_id: UUID | None
    rules_version: int | None
    engine: int | None
    asked: bool


class Decline(BaseModel):
    """Why not: a code, never shown to the other member.

    Matching learns from `no_time` (left alone for the rules' `rest_days`) and `wrong_skill` (not proposed again for
    this skill during the cool-off); every other code is counted for the programme's owners.
    """

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"reason_code": "no_time"}]})

    reason_code: Annotated[
        str,
        Field(
            min_length=1, max_length=64, pattern=r"^[a-z][a-z0-9_]*$",
            description="`no_time`: left alone for a while. `wrong_skill`: not asked about this skill until the "
            "cool-off is over. Any other code of yours is counted, and changes nothing in the next round.",
        ),
    ]  # fmt: skip


@router.get("/v1/matches", response_model=Page[Match], summary="List matches, newest first")
async def list_matches(
    edge: Edge,
    round_id: UUID | None = None,
    person_id: UUID | None = None,
    programme_id: UUID | None = None,
    state: State | None = None,
    kind: MatchKind | None = None,
    ring_id: UUID | None = None,
    cursor: Annotated[Cursor | None, Query()] = None,
    limit: Annotated[Limit, Query()] = DEFAULT_LIMIT,
) -> Response:
    """Employees see their own; programme owners and administrators all."""
    after = decode_cursor(cursor, UUID)
    filters = queries.Filters(
        round_id=round_id, person_id=person_id, programme_id=programme_id, state=state, kind=kind, ring_id=ring_id
    )
    own = _only_own(edge)

    async def work(conn: Connection) -> Page[Match]:
        rows = await queries.list_matches(conn, filters, own, after[0] if after else None, limit + 1)
        return page(rows, limit, _model, lambda row: (UUID(str(row["match_id"])),))

    return await edge.read(work)


@router.get("/v1/matches/{match_id}", response_model=Match, summary="Show a match with its reasons")
async def get_match(match_id: UUID, edge: Edge) -> Response:
    """To its members, programme owners and administrators."""
    own = _only_own(edge)
    return await edge.read(lambda conn: queries.get_match(conn, match_id, own))


@router.post("/v1/matches/{match_id}/accept", response_model=Match, summary="Accept a proposal")
async def accept_match(match_id: UUID, edge: Edge) -> Response:
    """Both of a pair must accept; of a newcomer and a buddy only the buddy."""
    return await _answer(edge, match_id, "accepted")


@router.post("/v1/matches/{match_id}/decline", response_model=Match, summary="Decline a proposal")
async def decline_match(match_id: UUID, body: Decline, edge: Edge) -> Response:
    """One member's no is enough."""
    return await _answer(edge, match_id, "declined", body)


async def _answer(edge: EdgeCall, match_id: UUID, says: Answer, body: Decline | None = None) -> Response:
    async def work(conn: Connection) -> dict[str, object]:
        person = edge.principal.person_id
        match = await answer(conn, match_id, person, says, body.reason_code if body else None)
        return (await queries.shown(conn, [match]))[0]

    return await edge.write(work, body=body)


def _only_own(edge: EdgeCall) -> UUID | None:
    """Whose matches the caller may see; None is everybody's."""
    if edge.principal.has(*SEE_ALL):
        return None
    if edge.principal.person_id is None:
        raise NotFound("There is no such match of yours.")
    return edge.principal.person_id


def _model(row: dict[str, object]) -> Match:
    return Match.model_validate(row, from_attributes=True)
