"""Learning that happened by itself: one call to log it, one by each of the others to confirm it."""

from datetime import UTC, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from services.sessions.api.caller import person
from services.sessions.api.times import Instant
from services.sessions.commands import quicklogs as commands
from services.sessions.queries import founding as queries
from shared.db import Connection
from shared.edge import Edge
from shared.events.base import Code
from shared.paging import DEFAULT_LIMIT, Cursor, Limit, Page, decode_cursor, page

router = APIRouter(tags=["quick logs"])
EXAMPLE: dict[str, Any] = {
    "people": ["0b54a1f4-3a4e-4a0e-9a63-3d5f3a2f7c11"],
    "topic": "How to read an execution plan",
    "minutes": 20,
}


class NewLog(BaseModel):
    """Who with, about what, how long; just now unless said otherwise."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [EXAMPLE]})

    people: Annotated[list[UUID], Field(min_length=1, max_length=7)]
    topic: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=r"^[^\r\n]*$")]
    minutes: Annotated[int, Field(ge=1, le=480)]
    ended_at: Instant | None = None
    skill_id: Code | None = None
    programme_id: UUID | None = None


class Log(BaseModel):
    """What was logged, and how far the others have confirmed it."""

    session_id: UUID
    logged_by: UUID | None
    people: list[UUID]
    title: str
    skill_id: str | None
    starts_at: datetime
    ends_at: datetime
    state: Literal["waiting", "confirmed", "refused", "expired"]


class Confirmation(BaseModel):
    """Whether it was so."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"agreed": True}]})

    agreed: bool


@router.post("/v1/quick-logs", status_code=201, response_model=Log, summary="Log learning that has happened")
async def add_log(body: NewLog, edge: Edge) -> Response:
    """It counts once everybody named has confirmed it; after a fortnight without that it is forgotten."""
    by, ended_at = person(edge.principal), body.ended_at or datetime.now(UTC)

    async def work(conn: Connection) -> Log:
        session_id = await commands.log(
            conn, by, body.people, body.topic, body.minutes, ended_at,
            skill_id=body.skill_id, programme_id=body.programme_id,
        )  # fmt: skip
        return await _log(conn, by, session_id)

    return await edge.write(work, body=body)


@router.get("/v1/quick-logs", response_model=Page[Log], summary="List one's logs")
async def list_logs(edge: Edge, cursor: Cursor | None = None, limit: Limit = DEFAULT_LIMIT) -> Response:
    """Those that name one, oldest first."""
    (after,) = decode_cursor(cursor, UUID) or (None,)
    who = person(edge.principal)

    async def work(conn: Connection) -> Page[Log]:
        rows = await queries.list_logs(conn, who, after=after, limit=limit)
        return page(rows, limit, lambda row: Log(**dict(row)), lambda row: (row["session_id"],))

    return await edge.read(work)


@router.post("/v1/quick-logs/{session_id}/confirmation", response_model=Log, summary="Confirm a log, or not")
async def confirm_log(session_id: UUID, body: Confirmation, edge: Edge) -> Response:
    """By those named in it; 409 with the state once it is settled."""
    who = person(edge.principal)

    async def work(conn: Connection) -> Log:
        await commands.confirm(conn, session_id, who, agreed=body.agreed)
        return await _log(conn, who, session_id)

    return await edge.write(work, body=body)


async def _log(conn: Connection, who: UUID, session_id: UUID) -> Log:
    (row, *_) = await queries.list_logs(conn, who, session_id=session_id)
    return Log(**dict(row))
