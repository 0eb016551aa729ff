"""A service's processes: its API, its worker, or both in one; and how each ends in good order."""

import asyncio
import gc
import logging
import signal
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import typer
import uvicorn
from starlette.applications import Starlette

from shared import courier, telemetry, timers
from shared.consumer import Consumer, Handlers
from shared.crashpoint import crashpoint
from shared.db import Connection, Database
from shared.health import health_app
from shared.ledger import Ledger
from shared.migrate import SchemaMismatch, check
from shared.one_write import OneWrite
from shared.privacy import retention
from shared.privacy.catalogue import Catalogue, DataClass
from shared.privacy.retention import Purge
from shared.rebuild import ReadModels
from shared.reconcile import Reconciler
from shared.relay import Relay
from shared.retry import retry_refused
from shared.settings import Settings, load
from shared.subject_keys import WrappingKeysMissing, check_wrapping_keys
from shared.timers import HOUSEKEEPING, Timer

log = logging.getLogger(__name__)
DRAIN_SECONDS = 10
GRACE_SECONDS = 15
"""What a part may take to end in good order; whatever waits for a broker that is gone is then cut off."""


async def _nothing(_: Connection) -> None: ...


@dataclass(frozen=True)
class Service:
    """All that makes a service a service; its `__main__` says it once."""

    name: str
    settings: type[Settings]
    app: Callable[[Settings], Any]
    """Makes the FastAPI application."""
    handlers: Handlers
    catalogue: Catalogue
    timers: Sequence[Timer] | Callable[[Any], Sequence[Timer]] = ()
    """What falls due, or from its settings what does."""
    read_models: ReadModels = field(default_factory=dict)
    """Tables that events alone make, for `rebuild`, each with its columns that say when and not what."""
    purges: Mapping[DataClass, Purge] = field(default_factory=dict)
    """What else removes a class's data, where deleting rows is not all there is to it."""
    whole: Callable[[Connection], Awaitable[None]] = _nothing
    """Raises SchemaMismatch where its database must not be used, whatever its schema."""
    couriers: Callable[[Any], Sequence[courier.Courier]] = lambda _: ()
    """From its settings: what it delivers outside the database."""
    commands: Callable[[typer.Typer], None] = lambda _: None
    """Adds commands of its own to those of every service."""

    def load(self, **overrides: object) -> Settings:
        """Its settings from the environment."""
        return load(self.settings, self.name, **overrides)


async def run(service: Service, role: str) -> int:
    """Be the `api`, the `worker` or `all` until SIGTERM, or until a part fails; returns the exit code."""
    settings = service.load()
    telemetry.setup(settings, role)
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    db = await Database.connect(settings)
    try:
        async with db.acquire() as conn:
            await check(conn, service.name)
            await check_wrapping_keys(conn)
            await service.whole(conn)
        tune_memory()
        parts = {} if role == "api" else work(service, settings, db, stop)
        if role == "worker":
            parts["health"] = serve(health_app(db), settings.host, settings.worker_port, stop)
        else:
            parts["api"] = serve(service.app(settings), settings.host, settings.port, stop, settings.drain_seconds)
        return await supervise(parts, stop, settings.drain_seconds + GRACE_SECONDS)
    except (SchemaMismatch, WrappingKeysMissing) as error:
        log.error("%s", error)  # noqa: TRY400 - the message says it all
        return 2
    finally:
        await crashpoint("process.while_stopping")
        await db.close()
        telemetry.flush()


def tune_memory() -> None:
    """What was made while starting stays; a batch of thousands of events is no reason to look at all of it again."""
    gc.freeze()
    gc.set_threshold(250_000, 20, 50)


def work(service: Service, settings: Settings, db: Database, stop: asyncio.Event) -> dict[str, Awaitable[None]]:
    """What a worker does: consume events, publish the outbox, keep the ledger, run timers."""
    consumer = Consumer(settings, db, service.handlers)
    return {
        "consumer": consumer.run(stop),
        "relay": Relay(settings).run(stop),
        "ledger": Ledger(settings, db, consumer.topics).run(stop),
        "reconciler": Reconciler(settings, db, service.handlers).run(stop),
        "timers": timers.run(db, timers_of(service, settings), stop),
        "couriers": courier.run(db, service.couriers(settings), stop),
    }


def timers_of(service: Service, settings: Settings) -> Sequence[Timer]:
    """All that falls due by itself: the chassis's own, and the service's."""
    again = Timer("retry-refused", 2, partial(retry_refused, service=service.name, handlers=service.handlers))
    days = retention.policy(settings.retention_days)
    own = service.timers(settings) if callable(service.timers) else service.timers
    purge = Timer(
        "retention", 3600, partial(retention.apply, catalogue=service.catalogue, purges=service.purges, days=days)
    )
    return (*HOUSEKEEPING, again, purge, *own)


class Server(uvicorn.Server):
    """Leaves signals to the process."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield


async def serve(app: Starlette, host: str, port: int, stop: asyncio.Event, drain: float = 0.0) -> None:
    """Answer requests until `stop`, and those in flight to their end.

    For `drain` seconds /readyz says that we drain and every answer asks its client to connect anew, elsewhere.
    """
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        http=OneWrite,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=DRAIN_SECONDS,
    )
    server = Server(config)
    serving = asyncio.create_task(server.serve())
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait((serving, stopping), return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    app.state.draining = True
    if drain and not serving.done():
        await asyncio.wait((serving,), timeout=drain)
    server.should_exit = True
    await serving
    if not server.started:
        message = f"cannot serve on {host}:{port}"
        raise OSError(message)


async def supervise(parts: dict[str, Awaitable[None]], stop: asyncio.Event, grace: float = GRACE_SECONDS) -> int:
    """Run the parts; when one fails or ends unasked, stop the others in good order.

    A part that has not ended `grace` seconds after `stop` is cancelled, as a kill would: nothing is lost by that.
    """
    tasks = {asyncio.ensure_future(part): name for name, part in parts.items()}
    impatience = asyncio.create_task(_cut_off(tasks, stop, grace))
    code = 0
    while tasks:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            name = tasks.pop(task)
            error = None if task.cancelled() else task.exception()
            if error is not None or not stop.is_set():
                log.error("%s ended", name, exc_info=error)
                code = 1
                stop.set()
    impatience.cancel()
    return code


async def _cut_off(tasks: Mapping["asyncio.Task[None]", str], stop: asyncio.Event, grace: float) -> None:
    await stop.wait()
    await asyncio.sleep(grace)
    for task, name in tasks.items():
        log.warning("%s does not end and is cut off", name)
        task.cancel()
