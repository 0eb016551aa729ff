"""What was true of somebody when: HR's dated records, corrections and futures included."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel

from services.directory.api.moments import Moment
from services.directory.domain.refusals import UnknownPerson
from services.directory.queries import history as queries
from shared import paging
from shared.db import Connection
from shared.edge import Edge
from shared.events.directory import PersonStatus
from shared.paging import Cursor, Limit, Page, decode_cursor

router = APIRouter(tags=["people"])
KnownAt = Annotated[Moment | None, Query(description="What was known at that moment; now, unless said.")]


class DatedState(BaseModel):
    """What HR says from a day on. `valid_to` is the day the next state begins, null for the last one.

    `superseded`: a later record of the same day replaced it. `held`: it waits for an operator.
    """

    valid_from: date
    valid_to: date | None
    sequence: int
    standing: Literal["valid", "superseded", "future", "held", "refused"]
    refused: str | None
    status: PersonStatus
    unit_code: str
    manager_employee_number: str | None
    manager_id: UUID | None
    job_code: str
    job_title: str
    job_level: int
    site_code: str
    country: str
    region: str | None
    hired_on: date
    leaves_on: date | None
    source: str | None
    recorded_at: datetime


@router.get("/v1/people/{person_id}/history", response_model=Page[DatedState], summary="What was true when")
async def list_history(
    person_id: UUID,
    edge: Edge,
    known_at: KnownAt = None,
    cursor: Cursor | None = None,
    limit: Limit = paging.DEFAULT_LIMIT,
) -> Response:
    """Newest first. For oneself, administrators and HR systems."""
    _own(edge, person_id)

    async def work(conn: Connection) -> Page[DatedState]:
        rows = await queries.list_history(conn, person_id, known_at, decode_cursor(cursor, date, int), limit)
        return paging.page(
            rows,
            limit,
            lambda row: DatedState.model_validate(dict(row)),
            lambda row: (row["valid_from"], row["sequence"]),
        )

    return await edge.read(work)


@router.get("/v1/people/{person_id}/history/{day}", response_model=DatedState, summary="What was true on a day")
async def get_state(person_id: UUID, day: date, edge: Edge, known_at: KnownAt = None) -> Response:
    """Unit, manager, job, site and employment state as of a day, future ones as far as HR has told."""
    _own(edge, person_id)

    async def work(conn: Connection) -> DatedState | None:
        row = await queries.state_on(conn, person_id, day, known_at)
        return DatedState.model_validate(dict(row)) if row else None

    return await edge.read(work)


def _own(edge: Edge, person_id: UUID) -> None:
    if edge.principal.person_id != person_id and not edge.principal.has("admin", "hr-system"):
        raise UnknownPerson("There is no such person.")
