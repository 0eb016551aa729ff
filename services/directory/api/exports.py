"""A copy of one's data: asked for, followed, downloaded."""

from datetime import UTC, datetime
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import BaseModel

from services.directory.commands.exports import request_export
from services.directory.domain.refusals import ExportNotReady, UnknownExport, UnknownPerson
from services.directory.queries import exports as queries
from shared.auth import Principal
from shared.db import Connection
from shared.edge import Edge

router = APIRouter(tags=["exports"])


class ExportAccepted(BaseModel):
    """Where to look for the file."""

    request_id: UUID


class ExportState(BaseModel):
    """A request; the file is there when it waits for nobody, until it expires."""

    request_id: UUID
    person_id: UUID
    requested_at: datetime
    expires_at: datetime
    answered: list[str]
    waiting_for: list[str]


def _may_see(principal: Principal, person_id: UUID) -> bool:
    return principal.has("admin") or principal.person_id == person_id


async def _visible(conn: Connection, request_id: UUID, principal: Principal) -> queries.Export:
    found = await queries.get_export(conn, request_id)
    if found is None or not _may_see(principal, found.person_id):
        raise UnknownExport("There is no such request, or it has expired.")
    return found


@router.post("/v1/people/{person_id}/exports", status_code=202, response_model=ExportAccepted, summary="Ask for a copy")
async def create_export(person_id: UUID, edge: Edge) -> Response:
    """All that the four services hold of the person; the person or an administrator may ask."""

    async def work(conn: Connection) -> ExportAccepted:
        if not _may_see(edge.principal, person_id):
            raise UnknownPerson("There is no such person.")
        return ExportAccepted(request_id=await request_export(conn, person_id, datetime.now(UTC)))

    return await edge.write(work)


@router.get("/v1/exports/{request_id}", response_model=ExportState, summary="Follow a copy")
async def get_export(request_id: UUID, edge: Edge) -> Response:
    """Who has answered so far."""

    async def work(conn: Connection) -> ExportState:
        return ExportState.model_validate(await _visible(conn, request_id, edge.principal), from_attributes=True)

    return await edge.read(work)


@router.get("/v1/exports/{request_id}/file", response_model=None, summary="Download a copy")
async def download_export(request_id: UUID, edge: Edge) -> Response:
    """JSON with a manifest; 409 while a service has not answered. Each download is audited."""

    async def work(conn: Connection) -> Response:
        export = await _visible(conn, request_id, edge.principal)
        if export.waiting_for:
            raise ExportNotReady("Not every service has answered yet.", waiting_for=export.waiting_for)
        await edge.audit_read(conn, f"/v1/exports/{request_id}/file")
        disposition = {"Content-Disposition": f'attachment; filename="lateral-export-{request_id}.json"'}
        return Response(await queries.assemble(conn, export), 200, disposition, "application/json")

    return await edge.read(work)
