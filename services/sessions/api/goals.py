"""Goals that are renewed when their day has passed."""

from datetime import date
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field

from services.sessions.api.times import Day
from services.sessions.commands.goals import renew_goal
from services.sessions.queries.goals import list_terms
from shared.db import Connection
from shared.edge import Edge
from shared.events.base import Code
from shared.events.sessions import ProgrammeGoal
from shared.paging import DEFAULT_LIMIT, Cursor, Limit, Page, decode_cursor, page

router = APIRouter(tags=["programmes"])
Number = Annotated[float, Field(allow_inf_nan=False)]
EXAMPLE: dict[str, Any] = {"measure": "participation_rate", "result": 0.43, "target": 0.5, "due": "2027-12-31"}


class Renewal(BaseModel):
    """What came of a goal, as metrics shows it (`GET /v1/goals`), and what is aimed for next."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [EXAMPLE]})

    measure: Code
    result: Number
    target: Number
    due: Day


class Goals(BaseModel):
    """A programme's goals now; `since`: a renewed one is measured from that day on."""

    programme_id: UUID
    version: int
    goals: list[ProgrammeGoal]


class Term(BaseModel):
    """A goal that has ended: what was aimed for, and what came of it."""

    measure: str
    baseline: float
    target: float
    due: date
    result: float
    renewed_on: date


@router.post(
    "/v1/programmes/{programme_id}/goal-renewals", status_code=201, response_model=Goals, summary="Renew a goal"
)
async def renew(programme_id: UUID, body: Renewal, edge: Edge) -> Response:
    """Once its day has passed (409 before): its result is the next one's baseline. Needs If-Match."""
    expected = edge.if_match

    async def work(conn: Connection) -> Goals:
        found = await renew_goal(conn, programme_id, expected, body.measure, body.result, body.target, body.due)
        return Goals(programme_id=found.programme_id, version=found.version, goals=list(found.goals))

    return await edge.write(work, body=body)


@router.get("/v1/programmes/{programme_id}/goal-history", response_model=Page[Term], summary="Read what came of goals")
async def list_history(
    programme_id: UUID, edge: Edge, cursor: Cursor | None = None, limit: Limit = DEFAULT_LIMIT
) -> Response:
    """Those that were renewed, the last one first."""
    found = decode_cursor(cursor, date, str)

    async def work(conn: Connection) -> Page[Term]:
        rows = await list_terms(conn, programme_id, after=(found[0], found[1]) if found else None, limit=limit)
        return page(rows, limit, lambda row: Term(**dict(row)), lambda row: (row["due"], row["measure"]))

    return await edge.read(work)
