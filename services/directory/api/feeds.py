"""Files of workers: announced, sent, reported line by line; whom a snapshot lacks leaves only when confirmed."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from functools import partial
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from pydantic.alias_generators import to_camel
from starlette.requests import ClientDisconnect

from services.directory.api.moments import Moment
from services.directory.commands import feeds as commands
from services.directory.domain.adapters import AdapterName, check_header
from services.directory.domain.lines import Encoding, Form, Line, Reader
from services.directory.domain.manifest import Tally
from services.directory.domain.refusals import FeedState, UnknownFeed
from services.directory.queries import feeds as queries
from shared import paging
from shared.db import Connection
from shared.edge import Edge
from shared.paging import Cursor, Limit, Page, decode_cursor
from shared.refusal import InvalidRequest

router = APIRouter(tags=["feeds"])
LARGEST_FILE = 4 * 1024**3
Source = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[A-Za-z][A-Za-z0-9+.-]*:[!-~]+$")]


class Manifest(BaseModel):
    """What the sender says of the file: records in it, SHA-256 of its bytes as they are sent, its moment.

    Where the file differs, its lines count, but nobody is reported as missing.
    """

    model_config = ConfigDict(extra="forbid", alias_generator=to_camel, populate_by_name=True)

    rows: Annotated[int, Field(ge=0, lt=2**31)] | None = None
    sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")] | None = None
    snapshot_at: Moment | None = None
    mode: Literal["full", "delta"] | None = None


class Disagreement(BaseModel):
    """What the manifest says otherwise than the file, or that a later snapshot has been reconciled."""

    field: Literal["rows", "sha256", "snapshot_at"]
    said: str
    found: str


class NewFeed(BaseModel):
    """What a file is. `snapshot` says that it names everybody the source knows."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "source": "https://hr.example",
                    "adapter": "workday",
                    "form": "csv",
                    "snapshot": True,
                    "defaults": {"time_zone": "Europe/Berlin"},
                }
            ]
        },
    )

    source: Source
    adapter: AdapterName = "generic"
    form: Form = "csv"
    encoding: Encoding = "utf-8"
    snapshot: bool = False
    defaults: dict[str, Annotated[str, StringConstraints(max_length=200)]] = Field(default_factory=dict, max_length=30)
    said_at: Moment | None = None
    manifest: Manifest | None = None


class Feed(BaseModel):
    """How far a file is: every line up to `last_line` was taken, brought nothing new, or is among the refusals.

    `open`: send it (again). `read`: `missing` people wait for a confirmation. `confirmed`: they are leaving.
    """

    feed_id: UUID
    source: str
    adapter: AdapterName
    form: Form
    encoding: Encoding
    snapshot: bool
    said_at: datetime
    state: Literal["open", "read", "confirmed", "done"]
    last_line: int
    taken: int
    unchanged: int
    refused: int
    unreadable: int
    missing: int
    created_by: str
    created_at: datetime
    updated_at: datetime
    disagreements: list[Disagreement]


class Refusal(BaseModel):
    """A line that was not taken, and why."""

    line: int
    employee_number: str | None
    reason: str


class Missing(BaseModel):
    """Somebody whom the snapshot does not name."""

    employee_number: str
    person_id: UUID | None
    unit_code: str | None
    outcome: Literal["deactivated", "spoken of since"] | None


class Confirmation(BaseModel):
    """How many are to leave, as a check that they were looked at."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"people": 12}]})

    people: Annotated[int, Field(ge=0, lt=2**31)]


@router.post("/v1/feeds", response_model=Feed, status_code=201, summary="Announce a file of workers")
async def create_feed(body: NewFeed, edge: Edge) -> Response:
    """Its lines go to `.../lines`."""
    said = body.manifest
    if said is not None:
        if said.mode not in {None, "full" if body.snapshot else "delta"}:
            raise InvalidRequest.naming("manifest.mode", "is full for a snapshot, and delta for any other file")
        if said.snapshot_at is not None and body.said_at not in {None, said.snapshot_at}:
            raise InvalidRequest.naming("manifest.snapshotAt", "is said_at, where both are given")

    async def work(conn: Connection) -> Any:
        said_at = body.said_at or (said and said.snapshot_at) or datetime.now(UTC)
        feed_id = await commands.begin(
            conn,
            body.source,
            body.adapter,
            body.form,
            body.encoding,
            snapshot=body.snapshot,
            defaults=body.defaults,
            said_at=said_at,
            by=edge.principal.subject,
            manifest=said.model_dump(mode="json", exclude_none=True, include={"rows", "sha256"}) if said else None,
        )
        return await queries.get_feed(conn, feed_id)

    return await edge.write(work, body=body)


@router.get("/v1/feeds", response_model=Page[Feed], summary="List feeds")
async def list_feeds(edge: Edge, cursor: Cursor | None = None, limit: Limit = paging.DEFAULT_LIMIT) -> Response:
    """Newest first."""

    async def work(conn: Connection) -> Page[Feed]:
        rows = await queries.list_feeds(conn, decode_cursor(cursor, datetime, UUID), limit)
        return paging.page(
            rows, limit, lambda row: Feed.model_validate(dict(row)), lambda row: (row["created_at"], row["feed_id"])
        )

    return await edge.read(work)


@router.get("/v1/feeds/{feed_id}", response_model=Feed, summary="Read a feed")
async def get_feed(feed_id: UUID, edge: Edge) -> Response:
    """Its progress, also while lines are being taken."""
    return await edge.read(lambda conn: queries.get_feed(conn, feed_id))


@router.post(
    "/v1/feeds/{feed_id}/lines",
    response_model=Feed,
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {kind: {"schema": {"type": "string"}} for kind in ("text/csv", "application/jsonl")},
        }
    },
    max_body_size=LARGEST_FILE,
    summary="Send the file",
)
async def send_lines(feed_id: UUID, edge: Edge) -> Response:
    """A thousand lines a transaction. When it broke off, send the whole file again: it goes on where it was.

    A file packed by gzip is unpacked, whatever the request says of it.
    """

    async def work(conn: Connection) -> Any:
        job = await queries.get_feed(conn, feed_id)
        if job is None:
            raise UnknownFeed("There is no such feed.")
        if job.state != "open":
            raise FeedState(f"The feed is {job.state}.", state=job.state)
        return job

    async with edge.transaction() as conn:
        job = await work(conn)
    tally = Tally()
    reader = Reader(job.form, job.encoding, partial(check_header, job.adapter))
    try:
        async for lines in _thousands(reader, edge.request.stream(), tally):
            parsed = await asyncio.to_thread(commands.read, job, tally.lines(lines))
            async with edge.transaction() as conn:
                await commands.take_lines(conn, feed_id, parsed, datetime.now(UTC))
    except ClientDisconnect:
        return Response(status_code=400)  # nobody is there to read it; what was taken stays
    async with edge.transaction() as conn:
        await commands.finish(conn, feed_id, datetime.now(UTC), tally)
    return await edge.read(lambda conn: queries.get_feed(conn, feed_id))


@router.get("/v1/feeds/{feed_id}/refusals", response_model=Page[Refusal], summary="Lines that were refused")
async def list_refusals(
    feed_id: UUID, edge: Edge, cursor: Cursor | None = None, limit: Limit = paging.DEFAULT_LIMIT
) -> Response:
    """In the order of the file; every other line up to `last_line` was taken or brought nothing new."""

    async def work(conn: Connection) -> Page[Refusal]:
        after = decode_cursor(cursor, int)
        rows = await queries.list_refusals(conn, feed_id, after[0] if after else None, limit)
        return paging.page(rows, limit, lambda row: Refusal.model_validate(dict(row)), lambda row: (row["line"],))

    return await edge.read(work)


@router.get("/v1/feeds/{feed_id}/missing", response_model=Page[Missing], summary="Whom the snapshot lacks")
async def list_missing(
    feed_id: UUID, edge: Edge, cursor: Cursor | None = None, limit: Limit = paging.DEFAULT_LIMIT
) -> Response:
    """By employee number."""

    async def work(conn: Connection) -> Page[Missing]:
        after = decode_cursor(cursor, str)
        rows = await queries.list_missing(conn, feed_id, after[0] if after else None, limit)
        return paging.page(
            rows, limit, lambda row: Missing.model_validate(dict(row)), lambda row: (row["employee_number"],)
        )

    return await edge.read(work)


@router.post("/v1/feeds/{feed_id}/deactivate-missing", response_model=Feed, summary="Have the missing leave")
async def deactivate_missing(feed_id: UUID, body: Confirmation, edge: Edge) -> Response:
    """They leave within minutes, as of the day of the file; of whom HR has spoken since, that holds."""

    async def work(conn: Connection) -> Any:
        await commands.confirm(conn, feed_id, body.people)
        return await queries.get_feed(conn, feed_id)

    return await edge.write(work, body=body)


async def _thousands(reader: Reader, chunks: AsyncIterator[bytes], tally: Tally) -> AsyncIterator[list[Line]]:
    waiting: list[Line] = []

    def full(lines: Iterator[Line]) -> Iterator[list[Line]]:
        for line in lines:
            waiting.append(line)
            if len(waiting) == commands.AT_ONCE:
                yield waiting.copy()
                waiting.clear()

    async for chunk in chunks:
        for lines in full(reader.feed(tally.bytes(chunk))):
            yield lines
    for lines in full(reader.finish()):
        yield lines
    if waiting:
        yield waiting
