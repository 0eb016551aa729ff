"""Whole taxonomies as files: taken in by and by, followed line by line."""

import asyncio
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel

from services.directory.commands.skill_imports import start_import
from services.directory.domain.refusals import UnknownImport
from services.directory.domain.taxonomy import Language
from services.directory.domain.taxonomy_files import read
from services.directory.queries import skill_imports as queries
from shared import paging
from shared.db import Connection, Record
from shared.edge import Edge
from shared.paging import Cursor, Limit, Page, decode_cursor

router = APIRouter(tags=["skills"])
LARGEST_FILE = 32 * 1024 * 1024
Result = Literal["created", "changed", "unchanged", "refused"]


class Import(BaseModel):
    """A file that is taken in; `format` was told from its header."""

    import_id: UUID
    version: int
    format: str
    language: str
    lines: int
    created_at: datetime
    done_at: datetime | None


class Progress(Import):
    """How far it is: lines that wait, and results with their counts."""

    waiting: int
    results: dict[Result, int]


class Line(BaseModel):
    """What became of a record, by the number of its first line; `detail` says why it was refused."""

    line: int
    result: Result
    detail: str | None


@router.post(
    "/v1/skills/imports",
    status_code=202,
    response_model=Progress,
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"text/csv": {"schema": {"type": "string"}, "example": "id,label,parent\nurn:a,A,\n"}},
        }
    },
    max_body_size=LARGEST_FILE,
    summary="Import a taxonomy",
)
async def start_skill_import(edge: Edge, language: Annotated[Language, Query()] = "en") -> Response:
    """ESCO's CSV of skills, of groups and of broader relations, O*NET's tables, or `id,label,parent,altLabels`."""
    form, lines = await asyncio.to_thread(read, await edge.request.body())

    async def work(conn: Connection) -> Progress:
        return await _progress(conn, await start_import(conn, form, language, lines))

    return await edge.write(work)


@router.get("/v1/skills/imports", response_model=Page[Import], summary="List imports")
async def list_skill_imports(edge: Edge, cursor: Cursor | None = None, limit: Limit = paging.DEFAULT_LIMIT) -> Response:
    """The newest first."""

    async def work(conn: Connection) -> Page[Import]:
        rows = await queries.list_imports(conn, decode_cursor(cursor, datetime, UUID), limit)
        return paging.page(
            rows, limit, lambda row: Import.model_validate(dict(row)), lambda row: (row["created_at"], row["import_id"])
        )

    return await edge.read(work)


@router.get("/v1/skills/imports/{import_id}", response_model=Progress, summary="Follow an import")
async def get_skill_import(import_id: UUID, edge: Edge) -> Response:
    """How far it is."""

    async def work(conn: Connection) -> Progress:
        return await _progress(conn, import_id)

    return await edge.read(work)


@router.get("/v1/skills/imports/{import_id}/lines", response_model=Page[Line], summary="Read an import line by line")
async def list_skill_import_lines(
    import_id: UUID,
    edge: Edge,
    result: Result | None = None,
    cursor: Cursor | None = None,
    limit: Limit = paging.DEFAULT_LIMIT,
) -> Response:
    """Lines that have been dealt with, in order; `result=refused` are those to mend."""

    async def work(conn: Connection) -> Page[Line]:
        await _progress(conn, import_id)
        after = decode_cursor(cursor, int)
        rows = await queries.list_lines(conn, import_id, after[0] if after else 0, result, limit)
        return paging.page(rows, limit, lambda row: Line.model_validate(dict(row)), lambda row: (row["line"],))

    return await edge.read(work)


async def _progress(conn: Connection, import_id: UUID) -> Progress:
    row: Record | None = await queries.get_import(conn, import_id)
    if row is None:
        raise UnknownImport("There is no such import.")
    return Progress.model_validate(dict(row))
