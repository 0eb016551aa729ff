"""Legal holds: data that must be kept for a legal reason."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, StringConstraints

from services.directory.commands.legal_holds import change_hold
from services.directory.queries import legal_holds as queries
from shared import paging
from shared.db import Connection
from shared.edge import Edge
from shared.paging import Cursor, Limit, Page, decode_cursor

router = APIRouter(tags=["legal holds"])


class NewHold(BaseModel):
    """Which case it is for: a number, nothing about the person."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"reference": "LEGAL-2026-0042"}]})

    reference: Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[\w./:-]+$")]


class Hold(BaseModel):
    """A hold that stands."""

    person_id: UUID
    version: int
    reference: str | None


@router.put("/v1/people/{person_id}/legal-hold", response_model=Hold, summary="Place a legal hold")
async def place_legal_hold(person_id: UUID, body: NewHold, edge: Edge) -> Response:
    """Until it is lifted nobody can erase the person, and retention passes them by in every service."""

    async def work(conn: Connection) -> Hold:
        version = await change_hold(conn, person_id, held=True, reference=body.reference)
        return Hold(person_id=person_id, version=version, reference=body.reference)

    return await edge.write(work, body=body)


@router.delete("/v1/people/{person_id}/legal-hold", status_code=204, summary="Lift a legal hold")
async def lift_legal_hold(person_id: UUID, edge: Edge) -> Response:
    """Where none stands, nothing changes."""

    async def work(conn: Connection) -> None:
        await change_hold(conn, person_id, held=False, reference=None)

    return await edge.write(work)


@router.get("/v1/legal-holds", response_model=Page[Hold], summary="List legal holds")
async def list_legal_holds(edge: Edge, cursor: Cursor | None = None, limit: Limit = paging.DEFAULT_LIMIT) -> Response:
    """Those that stand, by person."""

    async def work(conn: Connection) -> Page[Hold]:
        after = decode_cursor(cursor, UUID)
        rows = await queries.list_legal_holds(conn, after[0] if after else None, limit + 1)
        return paging.page(rows, limit, lambda row: Hold.model_validate(dict(row)), lambda row: (row["person_id"],))

    return await edge.read(work)
