"""Reads of the directory through its whole HTTP side, against bare FastAPI routes that answer with the same bytes.

Ours does all that it does in production: access token, policy, trace of the request and of its queries, metrics,
problems, headers. The bare route is FastAPI and asyncpg as their tutorials show them: a pool with its defaults, the
same query, nothing of the above; it answers with finished bytes, so that it does not even read its rows. `usual`
is the same route as most would write it, with the rows read into a pydantic response model.

python -m bench.bench_reads [--people 10000] [--seconds 3] [--turns 5]
"""

import argparse
import asyncio
import multiprocessing
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import orjson
import psutil
import uvicorn
from fastapi import FastAPI, Request, Response

from bench.bench_directory import BATCH, SOURCE, workers
from deploy.local.ports import free_port
from deploy.local.postgres import Postgres
from services.directory.api.people import Card
from services.directory.app import create_app
from services.directory.commands.workers import take_records
from services.directory.queries.people import SQL
from services.directory.settings import DirectorySettings
from services.directory.store.records import Told
from shared import telemetry
from shared.db import Database
from shared.migrate import migrate
from shared.one_write import OneWrite
from shared.paging import Page
from shared.processes import tune_memory
from shared.settings import load
from tests.fixtures.issuer import serving_issuer

CALLERS = 4
Answers = tuple[bytes, ...]


def serve(kind: str, settings: DirectorySettings, port: int, answers: Answers) -> None:
    """A process of its own, as `api` serves: one event loop, one core."""
    if kind == "ours":
        telemetry.setup(settings.model_copy(update={"log_level": "ERROR"}), "api")
        app = create_app(settings)
        tune_memory()
    else:
        app = bare(settings, answers) if kind == "bare" else usual(settings)
    http: Any = OneWrite if kind == "ours" else "httptools"
    config = uvicorn.Config(app, port=port, http=http, loop="uvloop", log_config=None, access_log=False)
    uvicorn.Server(config).run()


@dataclass
class Server:
    """One that is running."""

    port: int
    process: psutil.Process

    @property
    def cpu(self) -> float:
        """Seconds of one core so far."""
        spent = self.process.cpu_times()
        return spent.user + spent.system


@asynccontextmanager
async def serving(kind: str, settings: DirectorySettings, answers: Answers = ()) -> AsyncIterator[Server]:
    """A server of that kind."""
    port = free_port()
    process = multiprocessing.get_context("spawn").Process(target=serve, args=(kind, settings, port, answers))
    process.start()
    while True:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            break
        except OSError:
            await asyncio.sleep(0.05)
    writer.close()
    assert process.pid
    try:
        yield Server(port, psutil.Process(process.pid))
    finally:
        process.terminate()
        process.join()


async def _pool(settings: DirectorySettings) -> "asyncpg.Pool[asyncpg.Record]":
    async def init(conn: "asyncpg.Connection[asyncpg.Record]") -> None:
        await conn.set_type_codec("jsonb", encoder=orjson.dumps, decoder=orjson.loads, schema="pg_catalog")

    return await asyncpg.create_pool(settings.database_url, min_size=1, max_size=settings.pool_size, init=init)


def _app(settings: DirectorySettings) -> FastAPI:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with await _pool(settings) as app.state.pool:
            yield

    return FastAPI(lifespan=lifespan)


def bare(settings: DirectorySettings, answers: Answers) -> FastAPI:
    """The queries are asked, and the answer is finished bytes."""
    app = _app(settings)
    person, page = answers

    @app.get("/v1/people/{person_id}")
    async def read(person_id: UUID, request: Request) -> Response:
        async with request.app.state.pool.acquire() as conn:
            await conn.fetchrow(SQL.get_card, person_id)
        return Response(person, media_type="application/json")

    @app.get("/v1/people")
    async def find(request: Request, unit: str, limit: int) -> Response:
        async with request.app.state.pool.acquire() as conn:
            await conn.fetch(SQL.list_cards, unit, None, None, None, None, None, None, limit + 1)
        return Response(page, media_type="application/json")

    return app


def usual(settings: DirectorySettings) -> FastAPI:
    """The same with response models."""
    app = _app(settings)

    @app.get("/v1/people/{person_id}", response_model=Card)
    async def read(person_id: UUID, request: Request) -> Any:
        async with request.app.state.pool.acquire() as conn:
            return dict(await conn.fetchrow(SQL.get_card, person_id))

    @app.get("/v1/people", response_model=Page[Card])
    async def find(request: Request, unit: str, limit: int) -> Any:
        async with request.app.state.pool.acquire() as conn:
            rows = await conn.fetch(SQL.list_cards, unit, None, None, None, None, None, None, limit + 1)
        return {"items": [dict(row) for row in rows[:limit]], "next": None}

    return app


async def get(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, path: str, token: str) -> bytes:
    """One request, with as little client as can be."""
    writer.write(f"GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n".encode())
    head = await reader.readuntil(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200"), head
    length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
    return await reader.readexactly(length)


async def rate(server: Server, path: str, token: str, seconds: float) -> tuple[float, float]:
    """Requests a second over four connections, and the server's microseconds of CPU for each."""
    began, spent = time.perf_counter(), server.cpu

    async def caller() -> int:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        mine = 0
        while time.perf_counter() < began + seconds:
            await get(reader, writer, path, token)
            mine += 1
        writer.close()
        return mine

    done = sum(await asyncio.gather(*(caller() for _ in range(CALLERS))))
    return done / (time.perf_counter() - began), (server.cpu - spent) / done * 1e6


async def reads(settings: DirectorySettings, paths: Sequence[str], token: str, seconds: float, turns: int) -> None:
    """One person and a filtered page, by turns of each server."""
    async with serving("ours", settings) as ours, serving("usual", settings) as often:
        streams = await asyncio.open_connection("127.0.0.1", ours.port)
        answers = tuple([await get(*streams, path, token) for path in paths])
        streams[1].close()
        async with serving("bare", settings, answers) as theirs:
            for path, name in zip(paths, ("GET one person", "GET 20 of a unit"), strict=True):
                taken = [
                    [await rate(each, path, token, seconds) for each in (ours, theirs, often)] for _ in range(turns)
                ]
                (one, spent), (other, least), (plain, most) = (
                    (statistics.median(rates), statistics.median(costs))
                    for rates, costs in (zip(*column, strict=True) for column in zip(*taken, strict=True))
                )
                print(f"{name:17} {one:>6,.0f}/s {spent:>5,.0f} us   bare {other:>6,.0f}/s {least:>5,.0f} us"
                      f"   ratio {one / other:.2f} ({least / spent:.2f} by CPU)"
                      f"   usual {plain:>6,.0f}/s {most:>5,.0f} us   ratio {one / plain:.2f}")  # fmt: skip
            print(f"memory {ours.process.memory_info().rss >> 20} MB, bare {theirs.process.memory_info().rss >> 20} MB")


async def main() -> None:
    """A directory of so many people, read."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--people", type=int, default=10_000)
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--turns", type=int, default=5)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as state:
        server = Postgres(Path(state), free_port())
        async with server, serving_issuer() as issuer:
            await server.create_service_databases(["directory"])
            settings = load(
                DirectorySettings,
                "directory",
                database_url=server.dsn("directory", "directory"),
                issuer=issuer.url,
                kafka_bootstrap="unused",
            )
            await migrate(settings)
            db = await Database.connect(settings)
            told = [Told(each, SOURCE) for each in workers(asked.people)]
            for start in range(0, len(told), BATCH):
                async with db.transaction() as conn:
                    await take_records(conn, told[start : start + BATCH], datetime.now(UTC))
            async with db.acquire() as conn:
                await conn.execute("ANALYZE people")
                row = await conn.fetchrow("SELECT person_id, unit_code FROM people OFFSET 100 LIMIT 1")
            await db.close()
            assert row
            paths = (f"/v1/people/{row['person_id']}", f"/v1/people?unit={row['unit_code']}&limit=20")
            await reads(settings, paths, issuer.token(exp=7200), asked.seconds, asked.turns)
        server.remove()


if __name__ == "__main__":
    asyncio.run(main())
