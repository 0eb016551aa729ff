"""Exports: measures as a file, made in the background."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field

from services.metrics.commands import exports as commands
from services.metrics.commands.query_log import note_query
from services.metrics.domain.files import MEDIA_TYPES, Format
from services.metrics.domain.measures import By
from services.metrics.queries import exports as queries
from shared.db import Connection, Record
from shared.edge import Edge
from shared.refusal import Refused

router = APIRouter(tags=["exports"])


class NotFinished(Refused):
    """The file is still being made."""


class NewExport(BaseModel):
    """Which measures, divided how, over which whole months."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"format": "csv", "measures": ["participation_rate"], "by": "unit"}]},
    )
    format: Format
    measures: Annotated[list[Annotated[str, Field(max_length=100)]], Field(min_length=1, max_length=100)]
    by: By = "none"
    starts_on: date | None = None
    ends_on: date | None = None
    purpose: Annotated[str | None, Field(max_length=200, description="What for: kept in the query log.")] = None


class ExportOut(BaseModel):
    """A file and how many of its measures are done."""

    export_id: UUID
    state: Literal["queued", "running", "done", "failed"]
    done: int
    total: int
    format: Format
    measures: list[str]
    by: By
    starts_on: date
    ends_on: date
    requested_at: datetime
    finished_at: datetime | None


@router.post("/v1/exports", response_model=ExportOut, status_code=202, summary="Ask for a file of measures")
async def request_export(body: NewExport, edge: Edge) -> Response:
    """The same numbers, and the same hidden ones, as by `GET /v1/measures/{name}`; kept for seven days."""
    k, subject = edge.request.app.state.settings.k_scores, edge.principal.subject

    async def work(conn: Connection) -> dict[str, object] | None:
        asked = body.model_dump(mode="json", exclude={"purpose"})
        await note_query(conn, edge.principal.roles, "export", asked, body.purpose)
        export_id = await commands.request_export(
            conn, subject, body.format, body.measures, body.by, body.starts_on, body.ends_on, k
        )
        return _out(await queries.get_export(conn, export_id, subject))

    return await edge.write(work, body=body)


@router.get("/v1/exports/{export_id}", response_model=ExportOut, summary="Read how far a file is")
async def get_export(export_id: UUID, edge: Edge) -> Response:
    """One's own files only."""

    async def work(conn: Connection) -> dict[str, object] | None:
        return _out(await queries.get_export(conn, export_id, edge.principal.subject))

    return await edge.read(work)


@router.get("/v1/exports/{export_id}/content", response_class=Response, summary="Download a file")
async def get_content(export_id: UUID, edge: Edge) -> Response:
    """409 with the state while it is being made."""

    async def work(conn: Connection) -> Response | None:
        found = await queries.get_content(conn, export_id, edge.principal.subject)
        if found is None:
            return None
        if found["content"] is None:
            if found["failed"]:
                raise NotFinished("The file could not be made: ask for it anew.", state="failed")
            raise NotFinished("The file is still being made: ask for its state.", state="running")
        name = f'attachment; filename="measures-{export_id}.{found["format"]}"'
        return Response(found["content"], 200, {"Content-Disposition": name}, MEDIA_TYPES[found["format"]])

    return await edge.read(work)


def _out(row: Record | None) -> dict[str, object] | None:
    return dict(row) if row else None
