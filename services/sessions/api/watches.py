"""Full sessions one watches, to know when a seat is free."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict

from services.sessions.api.caller import person
from services.sessions.commands import watches as commands
from services.sessions.queries import watches as queries
from shared.db import Connection
from shared.edge import Edge
from shared.paging import DEFAULT_LIMIT, Cursor, Limit, Page, decode_cursor, page

router = APIRouter(tags=["sessions"])


class NewWatch(BaseModel):
    """What one watches for: where seats are apart, one of a kind; else any."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{}]})

    attends: Literal["in_person", "remote"] | None = None


class Watch(BaseModel):
    """A session one watches. `freed_at`: when such a seat became free, and nobody waited for it."""

    session_id: UUID
    starts_at: datetime
    attends: Literal["in_person", "remote"] | None
    freed_at: datetime | None
    free_seats: int


@router.put("/v1/sessions/{session_id}/watch", status_code=204, summary="Watch a full session")
async def watch(session_id: UUID, edge: Edge, body: NewWatch | None = None) -> Response:
    """Without queueing for it; 409 with the state when a seat, of the kind that is wanted, is free."""
    who, wanted = person(edge.principal), (body or NewWatch()).attends
    return await edge.write(lambda conn: commands.watch(conn, session_id, who, wanted), body=body)


@router.delete("/v1/sessions/{session_id}/watch", status_code=204, summary="Stop watching a session")
async def unwatch(session_id: UUID, edge: Edge) -> Response:
    """404 when one does not watch it."""
    who = person(edge.principal)
    return await edge.write(lambda conn: commands.unwatch(conn, session_id, who))


@router.get("/v1/watches", response_model=Page[Watch], summary="List what one watches")
async def list_watches(edge: Edge, cursor: Cursor | None = None, limit: Limit = DEFAULT_LIMIT) -> Response:
    """Sessions to come, oldest first."""
    (after,) = decode_cursor(cursor, UUID) or (None,)
    who = person(edge.principal)

    async def work(conn: Connection) -> Page[Watch]:
        rows = await queries.list_watches(conn, who, after=after, limit=limit)
        return page(rows, limit, lambda row: Watch(**dict(row)), lambda row: (row["session_id"],))

    return await edge.read(work)
