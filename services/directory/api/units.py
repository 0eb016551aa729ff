"""Org units and their place in the tree."""

from datetime import date
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import BaseModel

from services.directory.domain.refusals import UnknownUnit
from services.directory.queries import units as queries
from shared import paging
from shared.db import Connection
from shared.edge import Edge
from shared.paging import Cursor, Limit, Page, decode_cursor

router = APIRouter(tags=["units"])


class Unit(BaseModel):
    """An org unit; `path` leads from the root to it, `head_id` is who heads it where we know them."""

    code: str
    version: int
    name: str
    parent_code: str | None
    path: list[str]
    head_id: UUID | None
    valid_from: date
    valid_to: date | None


@router.get("/v1/units", response_model=Page[Unit], summary="List org units")
async def list_units(edge: Edge, cursor: Cursor | None = None, limit: Limit = paging.DEFAULT_LIMIT) -> Response:
    """By code."""

    async def work(conn: Connection) -> Page[Unit]:
        after = decode_cursor(cursor, str)
        rows = await queries.list_units(conn, after[0] if after else None, limit)
        return paging.page(rows, limit, lambda row: Unit.model_validate(dict(row)), lambda row: (row["code"],))

    return await edge.read(work)


@router.get("/v1/units/{code}", response_model=Unit, summary="Read an org unit")
async def get_unit(code: str, edge: Edge) -> Response:
    """One unit."""

    async def work(conn: Connection) -> Unit:
        row = await queries.get_unit(conn, code)
        if row is None:
            raise UnknownUnit("There is no such unit.")
        return Unit.model_validate(dict(row))

    return await edge.read(work)
