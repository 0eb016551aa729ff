"""The query log: what was asked of the numbers, by which roles and what for."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, ConfigDict

from services.metrics.queries import query_log as queries
from shared.db import Connection, Record
from shared.edge import Edge
from shared.paging import DEFAULT_LIMIT, Cursor, Limit, Page, decode_cursor, page

router = APIRouter(tags=["query-log"])


class QueryOut(BaseModel):
    """One reading. Who it was stays in the audit trail."""

    query_id: int
    asked_at: datetime
    roles: list[str]
    what: str
    selection: dict[str, Any]
    purpose: str


class LogSelection(BaseModel):
    """Which part of the list."""

    model_config = ConfigDict(extra="forbid")
    cursor: Cursor | None = None
    limit: Limit = DEFAULT_LIMIT


@router.get("/v1/query-log", response_model=Page[QueryOut], summary="List what was asked of the numbers")
async def list_queries(selection: Annotated[LogSelection, Query()], edge: Edge) -> Response:
    """Open to everybody the numbers are about, a works council among them; newest first."""
    key = decode_cursor(selection.cursor, int)

    async def work(conn: Connection) -> Page[QueryOut]:
        rows = await queries.list_queries(conn, key[0] if key else None, selection.limit + 1)
        return page(rows, selection.limit, _out, lambda row: (row["query_id"],))

    return await edge.read(work)


def _out(row: Record) -> QueryOut:
    return QueryOut(**dict(row))
