"""Holds: more people were to leave within an hour than anybody lets go unasked."""

from datetime import UTC, date, datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Path, Response
from pydantic import BaseModel, ConfigDict, StringConstraints

from services.directory.commands import holds as commands
from services.directory.queries import holds as queries
from shared import paging
from shared.db import Connection
from shared.edge import Edge
from shared.paging import Cursor, Limit, Page, decode_cursor

router = APIRouter(tags=["holds"])
HoldId = Annotated[int, Path(ge=1, lt=2**63)]


class Hold(BaseModel):
    """`records` wait, one a person as a rule; `gone` had left in the hour before, when `here` were here."""

    hold_id: int
    said_by: Literal["hr", "scim"]
    state: Literal["open", "approved", "rejected"]
    records: int
    here: int
    gone: int
    opened_at: datetime
    decided_at: datetime | None
    decided_by: str | None
    why: str | None


class HeldPerson(BaseModel):
    """Somebody who leaves when the hold is approved."""

    person_id: UUID
    employee_number: str
    effective_at: date
    sequence: int
    unit_code: str
    way: Literal["leaving", "erasure", "deactivation", "deprovisioning"]
    """HR's record of leaving, its tombstone, or what the identity system asked for."""


class Why(BaseModel):
    """The reason, kept with the decision; it names nobody."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"why": "The Lyon site is closing."}]})

    why: Annotated[str, StringConstraints(min_length=1, max_length=500, strip_whitespace=True, pattern=r"^[^\x00]+$")]


@router.get("/v1/holds", response_model=Page[Hold], summary="List holds")
async def list_holds(edge: Edge, cursor: Cursor | None = None, limit: Limit = paging.DEFAULT_LIMIT) -> Response:
    """Newest first."""

    async def work(conn: Connection) -> Page[Hold]:
        after = decode_cursor(cursor, int)
        rows = await queries.list_holds(conn, after[0] if after else None, limit)
        return paging.page(rows, limit, lambda row: Hold.model_validate(dict(row)), lambda row: (row["hold_id"],))

    return await edge.read(work)


@router.get("/v1/holds/{hold_id}", response_model=Hold, summary="Read a hold")
async def get_hold(hold_id: HoldId, edge: Edge) -> Response:
    """One hold."""

    async def work(conn: Connection) -> Hold | None:
        row = await queries.get_hold(conn, hold_id)
        return Hold.model_validate(dict(row)) if row else None

    return await edge.read(work)


@router.get("/v1/holds/{hold_id}/people", response_model=Page[HeldPerson], summary="Who would leave")
async def list_held_people(
    hold_id: HoldId, edge: Edge, cursor: Cursor | None = None, limit: Limit = paging.DEFAULT_LIMIT
) -> Response:
    """By employee number."""

    async def work(conn: Connection) -> Page[HeldPerson]:
        rows = await queries.held_people(conn, hold_id, decode_cursor(cursor, str, date, int), limit)
        return paging.page(
            rows,
            limit,
            lambda row: HeldPerson.model_validate(dict(row)),
            lambda row: (row["employee_number"], row["effective_at"], row["sequence"]),
        )

    return await edge.read(work)


@router.post("/v1/holds/{hold_id}/approve", response_model=Hold, summary="Let them leave")
async def approve_hold(hold_id: HoldId, body: Why, edge: Edge) -> Response:
    """They leave within seconds; what HR has said of them since holds."""
    return await _decide(edge, hold_id, body, "approved")


@router.post("/v1/holds/{hold_id}/reject", response_model=Hold, summary="Let nobody leave")
async def reject_hold(hold_id: HoldId, body: Why, edge: Edge) -> Response:
    """The records are refused; HR's next ones are judged anew."""
    return await _decide(edge, hold_id, body, "rejected")


async def _decide(edge: Edge, hold_id: int, body: Why, decision: commands.Decision) -> Response:
    async def work(conn: Connection) -> Hold:
        await commands.decide(conn, hold_id, decision, edge.principal.subject, body.why, datetime.now(UTC))
        row = await queries.get_hold(conn, hold_id)
        return Hold.model_validate(dict(row or {}))

    return await edge.write(work, body=body)
