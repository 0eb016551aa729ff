"""Servers of one process each, ours as `api` serves and bare ones, and callers with as little client as can be."""

import asyncio
import multiprocessing
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import asyncpg
import orjson
import psutil
import uvicorn
from fastapi import FastAPI

from deploy.local.ports import free_port
from deploy.local.postgres import Postgres
from shared import telemetry
from shared.migrate import migrate
from shared.one_write import OneWrite
from shared.processes import tune_memory
from shared.settings import Settings, load
from tests.fixtures.issuer import Issuer, serving_issuer

S = TypeVar("S", bound=Settings)
STARTS_SECONDS = 60.0


class NotServing(Exception):
    """A server did not come up."""


class TooFewRequests(Exception):
    """All requests are answered before the time is over: what a rate is of has to be made larger."""


class Request(NamedTuple):
    """What a caller sends."""

    method: str
    path: str
    token: str
    body: bytes = b""


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


def ours(create_app: Callable[[S], FastAPI], settings: S, port: int) -> None:
    """As `api` serves: telemetry, one event loop, one core."""
    telemetry.setup(settings.model_copy(update={"log_level": "ERROR"}), "api")
    app = create_app(settings)
    tune_memory()
    _run(app, port, OneWrite)


def bare(create_app: Callable[[S], FastAPI], settings: S, port: int) -> None:
    """As tutorials serve it."""
    _run(create_app(settings), port, "httptools")


def _run(app: FastAPI, port: int, http: Any) -> None:
    uvicorn.Server(uvicorn.Config(app, port=port, http=http, loop="uvloop", log_config=None, access_log=False)).run()


@asynccontextmanager
async def founded(name: str, kind: type[S]) -> AsyncIterator[tuple[S, Issuer]]:
    """A migrated database for a service, and an issuer of tokens it trusts."""
    with tempfile.TemporaryDirectory() as state:
        server = Postgres(Path(state), free_port())
        async with server, serving_issuer() as issuer:
            await server.create_service_databases([name])
            url = server.dsn(name, name)
            settings = load(kind, name, database_url=url, issuer=issuer.url, kafka_bootstrap="unused")
            await migrate(settings)
            yield settings, issuer
        server.remove()


@asynccontextmanager
async def serving(
    serve: Callable[[Callable[[S], FastAPI], S, int], None], create_app: Callable[[S], FastAPI], settings: S
) -> AsyncIterator[Server]:
    """A server of one's own process; what it is told must be picklable. Raises NotServing."""
    port = free_port()
    process = multiprocessing.get_context("spawn").Process(target=serve, args=(create_app, settings, port))
    process.start()
    assert process.pid
    try:
        await _listens(port, process)
        yield Server(port, psutil.Process(process.pid))
    finally:
        process.terminate()
        process.join()


async def _listens(port: int, process: multiprocessing.process.BaseProcess) -> None:
    deadline = time.monotonic() + STARTS_SECONDS
    while True:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            if process.exitcode is not None:
                message = f"the server ended with {process.exitcode} before it listened; what it said is above"
                raise NotServing(message) from None
            if time.monotonic() > deadline:
                message = f"the server did not listen within {STARTS_SECONDS:.0f} s"
                raise NotServing(message) from None
            await asyncio.sleep(0.05)
        else:
            writer.close()
            return


def plain_app(settings: Settings) -> FastAPI:
    """FastAPI with an asyncpg pool of its defaults."""

    async def init(conn: "asyncpg.Connection[asyncpg.Record]") -> None:
        await conn.set_type_codec("jsonb", encoder=orjson.dumps, decoder=orjson.loads, schema="pg_catalog")

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with asyncpg.create_pool(
            settings.database_url, min_size=1, max_size=settings.pool_size, init=init
        ) as app.state.pool:
            yield

    return FastAPI(lifespan=lifespan)


async def ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, said: Request) -> bytes:
    """One request that must succeed; its answer."""
    length = f"Content-Type: application/json\r\nContent-Length: {len(said.body)}\r\n" if said.body else ""
    head = f"{said.method} {said.path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {said.token}\r\n{length}\r\n"
    writer.write(head.encode() + said.body)
    head_back = await reader.readuntil(b"\r\n\r\n")
    size = int(head_back.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
    answer = await reader.readexactly(size)
    assert head_back.startswith(b"HTTP/1.1 20"), (head_back, answer)
    return answer


async def rate(server: Server, said: Iterator[Request], callers: int, seconds: float) -> tuple[float, float]:
    """Requests a second over so many connections, and the server's microseconds of CPU each. Raises TooFewRequests."""
    began, spent = time.perf_counter(), server.cpu

    async def caller() -> int:
        streams = await asyncio.open_connection("127.0.0.1", server.port)
        mine = 0
        while (passed := time.perf_counter() - began) < seconds:
            if (one := next(said, None)) is None:
                message = f"no request is left after {passed:.1f} of {seconds:g} s: make more, or ask for less long"
                raise TooFewRequests(message)
            await ask(*streams, one)
            mine += 1
        streams[1].close()
        return mine

    done = sum(await asyncio.gather(*(caller() for _ in range(callers))))
    return done / (time.perf_counter() - began), (server.cpu - spent) / done * 1e6
