"""The seam: all parts of Lateral on one machine, each replaced by what the environment names."""

import asyncio
import fcntl
import functools
import os
import sys
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from time import monotonic
from typing import IO, Any, Self

from deploy.local import issuer, issuer_page, traces
from deploy.local.broker import Broker, EmbeddedBroker
from deploy.local.info import StackInfo
from deploy.local.ports import LOOPBACK, from_environment, is_free
from deploy.local.postgres import Postgres
from deploy.local.processes import Child, Command, Report, StartFailed
from deploy.local.spans import SpanStore
from deploy.local.web import Served

SERVICES = ("directory", "matching", "sessions", "metrics")
PEOPLE_REACH = ("sessions", "metrics")
"""They write their own address into what they send."""
ROLES = {"one": ("all",), "two": ("api", "worker")}
READY_WITHIN = 60.0
PATIENCE = 30.0

ServiceCommand = Callable[[str, str], Sequence[str]]


def python_module(service: str, command: str) -> Sequence[str]:
    """How a service's command is run."""
    module = "deploy.local.prepare" if command == "prepare" else f"services.{service}"
    return (sys.executable, "-m", module, *([] if command == "prepare" else [command]))


class Stack:
    """Everything together. `report` is told each thing a person would like to know while it starts, runs and stops."""

    def __init__(
        self,
        report: Report,
        *,
        environ: Mapping[str, str] = os.environ,
        command: ServiceCommand = python_module,
    ) -> None:
        self.state = Path(environ.get("LATERAL_STATE", ".lateral")).resolve()
        self.ports = from_environment(environ)
        self._environ = dict(environ)
        self._report = report
        self._command = command
        self._roles = _roles(environ.get("LATERAL_LOCAL_PROCESSES", "one"))
        self._databases = {name: environ.get(f"LATERAL_{name.upper()}_DATABASE_URL", "") for name in SERVICES}
        self._bootstrap = environ.get("LATERAL_KAFKA_BOOTSTRAP", "")
        self._idle_seconds = 0.0
        self._issuer_url = environ.get("LATERAL_ISSUER", "")
        self._otlp = environ.get("LATERAL_OTLP_ENDPOINT", "")
        self._tokens: dict[str, str] = {}
        self._traces: str | None = None
        self._services: list[Child] = []
        self._stores: list[Callable[[], Coroutine[Any, Any, None]]] = []
        self._pages: list[Served] = []
        self._lock: IO[str] | None = None

    async def __aenter__(self) -> Self:
        try:
            await self.start()
        except BaseException:
            await self.stop()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    @property
    def info(self) -> StackInfo:
        """Where everything is."""
        return StackInfo(
            pid=os.getpid(),
            services={name: self._url(name) for name in SERVICES},
            workers={name: self._url(self._port_name(name, self._roles[-1])) for name in SERVICES},
            databases=self._databases,
            kafka_bootstrap=self._bootstrap,
            issuer=self._issuer_url,
            otlp_endpoint=self._otlp,
            traces=self._traces,
            tokens=self._tokens,
        )

    def pid(self, name: str) -> int:
        """The process of `directory`, or of `directory-api` and `directory-worker`, for those who want to kill it."""
        return next(child.pid for child in self._services if child.command.name == name)

    async def start(self) -> None:
        """Bring everything up and wait until every service is ready. Raises StartFailed."""
        self._refuse_a_second_stack()
        database, broker = asyncio.Event(), asyncio.Event()
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._start_issuer())
                group.create_task(self._start_traces())
                group.create_task(self._start_database(database))
                group.create_task(self._start_broker(broker))
                group.create_task(self._prepare(database, broker))
        except BaseExceptionGroup as group_error:
            raise _first(group_error) from group_error
        with self._step("four services"):
            await self._start_services()
        self.info.write(self.state)

    async def stop(self) -> None:
        """Stop services, then pages, broker and database, in this order."""
        if self._services:
            with self._step("services stopped"):
                await asyncio.gather(*(child.stop() for child in self._services))
        await asyncio.gather(*(page.stop() for page in self._pages))
        for stop in reversed(self._stores):
            await stop()
        if self._lock is not None:
            StackInfo.remove(self.state)
            self._lock.close()
        self._services, self._pages, self._stores, self._lock = [], [], [], None

    def _refuse_a_second_stack(self) -> None:
        self.state.mkdir(mode=0o711, parents=True, exist_ok=True)
        lock = (self.state / "lock").open("w")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            raise StartFailed(self._somebody_runs(f"another stack uses {self.state}")) from None
        self._lock = lock
        taken = [f"{port} ({name})" for name, port in self._needed_ports().items() if not is_free(port)]
        if taken:
            raise StartFailed(self._somebody_runs(f"taken on {LOOPBACK}: port {', '.join(taken)}"))

    def _needed_ports(self) -> dict[str, int]:
        given = {
            "issuer": self._issuer_url,
            "traces": self._otlp,
            "kafka": self._bootstrap,
            "kafka_controller": self._bootstrap or not self._wants_apache,
            "postgres": all(self._databases.values()),
        }
        return {name: port for name, port in self.ports.items() if not given.get(name)}

    @property
    def _wants_apache(self) -> bool:
        return self._environ.get("LATERAL_LOCAL_BROKER") == "apache"

    def _somebody_runs(self, problem: str) -> str:
        running = StackInfo.read(self.state)
        stop = f"stop it with Ctrl-C where it runs, or `kill {running.pid}`" if running else "stop what uses it"
        seems = f"A stack seems to be running (process {running.pid}): " if running else "Either "
        return f"{problem}\n{seems}{stop}, or choose others: LATERAL_PORT_BASE=1000 LATERAL_STATE=.lateral-2"

    async def _start_issuer(self) -> None:
        if self._issuer_url:
            return
        self._issuer_url = self._url("issuer")
        signer = await asyncio.to_thread(issuer.Issuer, self.state, self._issuer_url)
        self._tokens = {client: signer.client_token(client) for client in issuer.CLIENTS}
        app = issuer.create_app(signer)
        app.include_router(issuer_page.page(signer, self._url("metrics")))
        await self._serve(Served(app, self.ports["issuer"]))

    async def _start_traces(self) -> None:
        if self._otlp:
            return
        self._otlp = self._traces = self._url("traces")
        await self._serve(Served(traces.create_app(SpanStore()), self.ports["traces"]))

    async def _serve(self, page: Served) -> None:
        self._pages.append(page)
        await page.start()

    async def _start_database(self, ready: asyncio.Event) -> None:
        ours = [name for name, url in self._databases.items() if not url]
        if ours:
            with self._step("PostgreSQL"):
                fsync = self._environ.get("LATERAL_POSTGRES_FSYNC") != "off"
                postgres = Postgres(self.state, self.ports["postgres"], fsync=fsync, report=self._report)
                self._stores.append(postgres.stop)
                await postgres.start()
                await postgres.create_service_databases(ours)
            self._databases |= {name: postgres.dsn(name, name) for name in ours}
        ready.set()

    async def _start_broker(self, ready: asyncio.Event) -> None:
        if not self._bootstrap:
            with self._step("Kafka broker"):
                broker = self._new_broker()
                self._stores.append(broker.stop)
                await broker.start()
            self._bootstrap = broker.bootstrap
        ready.set()

    def _new_broker(self) -> Broker:
        if not self._wants_apache:
            self._idle_seconds = 0.15  # it answers an empty fetch at once: eight readers would keep a core busy
            return EmbeddedBroker(self.state, self.ports["kafka"], self._report)
        from deploy.local.apache_kafka import ApacheKafka  # noqa: PLC0415 - only those who ask for it

        return ApacheKafka(self.state, self.ports["kafka"], self.ports["kafka_controller"], self._report)

    async def _prepare(self, database: asyncio.Event, broker: asyncio.Event) -> None:
        await database.wait()
        await broker.wait()
        with self._step("schemas and topics"):
            await self._service_command("all", "prepare").run()

    async def _start_services(self) -> None:
        names = [(service, role) for service in SERVICES for role in self._roles]
        self._services = [Child(self._service_command(*name), self._report) for name in names]
        try:
            async with asyncio.TaskGroup() as group:
                for child, (service, role) in zip(self._services, names, strict=True):
                    port = self.ports[self._port_name(service, role)]
                    group.create_task(_start_and_wait(child, functools.partial(_is_ready, port)))
        except BaseExceptionGroup as error:
            raise _first(error) from error

    def _service_command(self, service: str, command: str) -> Command:
        hidden = {f"LATERAL_{name.upper()}_DATABASE_URL" for name in SERVICES}
        env = {name: value for name, value in self._environ.items() if name not in hidden}
        for name in SERVICES if service == "all" else (service,):
            env |= {
                f"LATERAL_{name.upper()}_DATABASE_URL": self._databases[name],
                f"LATERAL_{name.upper()}_PORT": str(self.ports[name]),
                f"LATERAL_{name.upper()}_WORKER_PORT": str(self.ports[f"{name}_worker"]),
            }
        for name in PEOPLE_REACH:
            env.setdefault(f"LATERAL_{name.upper()}_PUBLIC_URL", f"http://{LOOPBACK}:{self.ports[name]}")
        env |= {
            "LATERAL_INSTANCE": self._environ.get("LATERAL_INSTANCE", "local"),
            "LATERAL_KAFKA_BOOTSTRAP": self._bootstrap,
            "LATERAL_KAFKA_IDLE_SECONDS": str(self._idle_seconds),
            "LATERAL_ISSUER": self._issuer_url,
            "LATERAL_OTLP_ENDPOINT": self._otlp,
        }
        name = service if command == "all" else f"{service}-{command}"
        return Command(name, self._command(service, command), log=self.state / "logs" / f"{name}.log", env=env)

    @staticmethod
    def _port_name(service: str, role: str) -> str:
        return f"{service}_worker" if role == "worker" else service

    def _url(self, name: str) -> str:
        return f"http://{LOOPBACK}:{self.ports[name]}"

    @contextmanager
    def _step(self, what: str) -> Iterator[None]:
        began = monotonic()
        yield
        self._report(f"{what} ({monotonic() - began:.1f} s)")


def _roles(processes: str) -> tuple[str, ...]:
    """One process a service starts faster; two, API and worker apart, is how it is run in earnest."""
    if processes not in ROLES:
        message = f"LATERAL_LOCAL_PROCESSES is `one` or `two`, not `{processes}`"
        raise StartFailed(message)
    return ROLES[processes]


async def _start_and_wait(child: Child, probe: Callable[[], Coroutine[Any, Any, bool]]) -> None:
    await child.start()
    await child.ready(probe, READY_WITHIN)


async def _is_ready(port: int) -> bool:
    """Ask /readyz. By hand: eight HTTP clients polling would take a core from the services that are starting."""
    try:
        reader, writer = await asyncio.open_connection(LOOPBACK, port)
        writer.write(b"GET /readyz HTTP/1.1\r\nHost: %b\r\nConnection: close\r\n\r\n" % LOOPBACK.encode())
        status = await asyncio.wait_for(reader.readline(), 2)
        writer.close()
    except (OSError, TimeoutError):
        return False
    return b" 200 " in status


def _first(error: BaseExceptionGroup[BaseException]) -> BaseException:
    """The failure to tell: the others were most often its consequence."""
    inner = error.exceptions[0]
    return _first(inner) if isinstance(inner, BaseExceptionGroup) else inner
