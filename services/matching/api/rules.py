"""Rules: what a programme is matched by, in versions, and what other rules would have made of a round."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, ConfigDict, Field, create_model

from services.matching.api.rounds import Round
from services.matching.commands import rules as commands
from services.matching.domain.rules import HEAVIEST, RANGES
from services.matching.engine.rules import WEIGHTS
from services.matching.queries import rules as queries
from shared.db import Connection
from shared.edge import Edge
from shared.paging import DEFAULT_LIMIT, Cursor, Limit, Page, decode_cursor, page

router = APIRouter(tags=["rules"])
STRICT = ConfigDict(extra="forbid", strict=True)
WEIGHT: dict[str, Any] = {name: (Annotated[int | None, Field(ge=0, le=HEAVIEST)], None) for name in WEIGHTS}
LIMIT: dict[str, Any] = {
    name: (Annotated[int | None, Field(ge=low, le=high)], None) for name, (low, high) in RANGES.items()
}
Weights: Any = create_model("Weights", __config__=STRICT, __doc__="What each term of a score is worth.", **WEIGHT)
Limits: Any = create_model("Limits", __config__=STRICT, **LIMIT)


class Changes(Limits):
    """Rules to change; what is left out stays as it is."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"margin": 2, "weights": {"cross_unit": 40}}]}
    )

    exchange: bool | None = None
    one_site: bool | None = None
    levels: Literal["any", "mixed", "banded"] | None = None
    weights: Weights | None = None


class Simulation(BaseModel):
    """Rules to try, on one round or the last one."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"rules": {"common_half_hours": 4}}]})

    rules: Changes
    round_id: UUID | None = None


class RulesVersion(BaseModel):
    """One version of a programme's rules, whole."""

    programme_id: UUID
    version: int
    rules: dict[str, Any]
    created_at: datetime
    changed_by: str | None
    """Whose token it was; none for the format's defaults."""


class Outcome(BaseModel):
    """What a round would have come to."""

    asked: int
    matched: int
    unmatched: int
    unmatched_by_reason: dict[str, int]
    matches: int
    value: int
    bound: int
    gap: float
    figures: dict[str, Any]
    report: dict[str, object]
    """As a round's: `unmatched` says those of `unmatched_by_reason` in words."""


class Simulated(BaseModel):
    """A round as it was and as other rules would have had it."""

    round_id: UUID
    before: Round
    after: Outcome
    newly_matched: int
    no_longer_matched: int
    same_matches: int
    """Matches of the same people under both rules."""


@router.get("/v1/programmes/{programme_id}/rules", response_model=RulesVersion, summary="Show a programme's rules")
async def get_rules(programme_id: UUID, edge: Edge) -> Response:
    """What the next round goes by. The ETag is what a change must name."""
    return await edge.read(lambda conn: queries.get_rules(conn, programme_id))


@router.patch("/v1/programmes/{programme_id}/rules", response_model=RulesVersion, summary="Change a programme's rules")
async def change_rules(programme_id: UUID, body: Changes, edge: Edge) -> Response:
    """A new version, from the next round on; earlier rounds keep theirs. Needs If-Match."""
    expected, by = edge.if_match, edge.principal.subject

    async def work(conn: Connection) -> dict[str, Any]:
        return await commands.change_rules(conn, programme_id, _said(body), expected, by)

    return await edge.write(work, body=body)


@router.get(
    "/v1/programmes/{programme_id}/rules/versions",
    response_model=Page[RulesVersion],
    summary="List the versions of a programme's rules, newest first",
)
async def list_versions(
    programme_id: UUID,
    edge: Edge,
    cursor: Annotated[Cursor | None, Query()] = None,
    limit: Annotated[Limit, Query()] = DEFAULT_LIMIT,
) -> Response:
    """Who changed what, and when."""
    after = decode_cursor(cursor, int)

    async def work(conn: Connection) -> Page[RulesVersion]:
        rows = await queries.list_versions(conn, programme_id, after[0] if after else None, limit + 1)
        return page(rows, limit, RulesVersion.model_validate, lambda row: (row["version"],))

    return await edge.read(work)


@router.post(
    "/v1/programmes/{programme_id}/rules/simulations",
    response_model=Simulated,
    summary="Show what other rules would have made of a round",
)
async def simulate(programme_id: UUID, body: Simulation, edge: Edge) -> Response:
    """The same people on the same day under the changed rules; nothing is kept and nobody is told."""
    return await edge.write(
        lambda conn: commands.simulate(conn, programme_id, _said(body.rules), body.round_id), body=body
    )


def _said(changes: Changes) -> dict[str, Any]:
    """What was named, without nulls."""
    said: dict[str, Any] = changes.model_dump(exclude_none=True)
    return said
