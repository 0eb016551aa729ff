"""Exports: measures as a file, made in the background."""

from datetime import UTC, date, datetime
from typing import Annotated, Literal
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from services.metrics.commands import exports as commands
from services.metrics.commands.query_log import note_query
from services.metrics.domain.files import MEDIA_TYPES, Format
from services.metrics.domain.measures import By
from services.metrics.queries import exports as queries
from shared.auth import Principal
from shared.db import Connection, Record
from shared.edge import Edge
from shared.refusal import NotFound, Refused

router = APIRouter(tags=["exports"])
LINK = Principal(subject="export link", person_id=None, roles=frozenset())
LONGEST_MINUTES = 24 * 60


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


class NewLink(BaseModel):
    """For how long a link is good; it ends with its file at the latest."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"minutes": 60}]})
    minutes: Annotated[int, Field(ge=1, le=LONGEST_MINUTES)] = 60


class Link(BaseModel):
    """An address that downloads a file without a token: whoever has it has the file."""

    url: str
    expires_at: datetime


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
            raise _not_finished(failed=found["failed"])
        return _file(export_id, found)

    return await edge.read(work)


@router.post(
    "/v1/exports/{export_id}/links", response_model=Link, status_code=201, summary="Make a link to a file, for a while"
)
async def make_link(export_id: UUID, body: NewLink, edge: Edge) -> Response:
    """For a program without a token: signed, it names the file and its end, and nobody. 409 before it is finished."""
    subject, base = edge.principal.subject, edge.request.app.state.settings.public_url

    async def work(conn: Connection) -> Link:
        signed = await commands.sign_link(conn, export_id, subject, body.minutes)
        if signed is None:
            found = await queries.get_export(conn, export_id, subject)
            if found is None:
                raise NotFound("There is no such thing here.")
            raise _not_finished(failed=found["state"] == "failed")
        expires, signature = signed
        asked = urlencode({"expires": expires, "signature": signature})
        url = f"{base.rstrip('/')}/v1/exports/{export_id}/file?{asked}"
        return Link(url=url, expires_at=datetime.fromtimestamp(expires, UTC))

    return await edge.write(work, body=body)


@router.get("/v1/exports/{export_id}/file", response_class=Response, summary="Download a file by its link")
async def get_linked_content(
    export_id: UUID,
    expires: Annotated[int, Query(ge=0, lt=2**40)],
    signature: Annotated[str, Query(max_length=100)],
    edge: Edge,
) -> Response:
    """403 once the link has ended, or where anything of it was changed. Each download is audited."""
    edge.request.state.principal = LINK

    async def work(conn: Connection) -> Response:
        found = await queries.get_linked_content(conn, export_id, expires, signature)
        await edge.audit_read(conn, edge.request.url.path)
        return _file(export_id, found)

    return await edge.read(work)


def _not_finished(*, failed: bool) -> NotFinished:
    if failed:
        return NotFinished("The file could not be made: ask for it anew.", state="failed")
    return NotFinished("The file is still being made: ask for its state.", state="running")


def _file(export_id: UUID, found: Record) -> Response:
    name = f'attachment; filename="measures-{export_id}.{found["format"]}"'
    headers = {"Content-Disposition": name, "Cache-Control": "private, no-store", "Referrer-Policy": "no-referrer"}
    return Response(found["content"], 200, headers, MEDIA_TYPES[found["format"]])


def _out(row: Record | None) -> dict[str, object] | None:
    return dict(row) if row else None
