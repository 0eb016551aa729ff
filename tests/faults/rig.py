"""The register as processes under load: APIs, workers, clients that never give up, and a history at the end."""

import asyncio
import os
import random
import re
import signal
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from time import monotonic
from typing import IO, Any
from uuid import UUID, uuid4

import asyncpg
import httpx

from deploy.local.ports import free_port
from shared.settings import Settings
from tests.faults.history import Anomaly, Gauge, Operation, check
from tests.faults.records import GAUGES, SECRET, read_history
from tests.faults.world import committed_all
from tests.fixtures.issuer import Issuer
from tests.fixtures.nursery import Child, Nursery

PATIENCE = 300.0
"""For what must happen and whose pace is not the claim: the machine may be busy with other tests."""
SOME = 40
"""Operations acknowledged before a fault goes on."""
GAUGE_SECONDS = 60.0
"""Longer than the longest pause between two looks of a gauge, on a machine that is busy."""
ANY_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
CLIENT = SECRET.decode()
KEYS = 12
CLIENTS = 8


class Member:
    """One process of the register, alive until it is told otherwise."""

    def __init__(
        self,
        role: str,
        env: Mapping[str, str],
        folder: str | None = None,
        log: IO[bytes] | None = None,
        nursery: Nursery | None = None,
    ) -> None:
        self.role = role
        self.nursery = nursery if folder is None else None
        """Who bears it; it is started from nothing when None."""
        self.module = "tests.fixtures.register_process" if folder is None else "tests.fixtures.first_release"
        self.folder = folder
        """Where the code of the first release lies; ours when None."""
        self.port = free_port()
        own = {f"LATERAL_METRICS_{'WORKER_' if role == 'worker' else ''}PORT": str(self.port)}
        own["LATERAL_INSTANCE"] = f"{role}-{uuid4().hex[:8]}"
        self.env = {**os.environ, **env, **own}
        self.process: asyncio.subprocess.Process | Child | None = None
        self._log = log

    async def start(self, **env: str) -> None:
        """Start it, with further variables, and wait until it is ready, or killed by a crash point in them.

        One that gives up because it reached nobody in time is started again, as whoever keeps processes would.
        """
        async with asyncio.timeout(PATIENCE):
            while True:
                self.process = await self._born(self.env | env)
                await eventually(self._ready_or_ended)
                code = self.process.returncode
                if code in {None, -signal.SIGKILL}:
                    return
                assert code == 1, f"{self.role} ended with {code}"

    async def _born(self, env: Mapping[str, str]) -> asyncio.subprocess.Process | Child:
        if self.nursery is not None:
            return await self.nursery.bear(self.role, env)
        arguments = (sys.executable, "-m", self.module, self.role)
        return await asyncio.create_subprocess_exec(*arguments, env=env, cwd=self.folder, stderr=self._log)

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal."""
        assert self.process is not None
        self.process.send_signal(number)

    async def ended(self) -> int:
        """Its exit code, once it has ended."""
        assert self.process is not None
        return await asyncio.wait_for(self.process.wait(), PATIENCE)

    async def stop(self) -> int:
        """End it in good order; returns its exit code."""
        assert self.process is not None
        if self.process.returncode is None:
            self.signal(signal.SIGTERM)
            self.signal(signal.SIGCONT)
        return await self.ended()

    async def kill(self) -> None:
        """End it at once."""
        if self.process is not None and self.process.returncode is None:
            self.signal(signal.SIGKILL)
            await self.ended()

    async def counts(self, metric: str) -> float:
        """What it has counted under a name, all labels together."""
        lines = (await self.metrics()).splitlines()
        named = (line.rpartition(" ") for line in lines)
        return sum(float(value) for name, _, value in named if name.partition("{")[0] == metric)

    async def metrics(self) -> str:
        """All that it has counted."""
        async with httpx.AsyncClient(trust_env=False, timeout=PATIENCE) as client:
            return (await client.get(f"http://127.0.0.1:{self.port}/metrics")).text

    async def _ready_or_ended(self) -> bool:
        assert self.process is not None
        if self.process.returncode is not None:
            return True
        try:
            async with httpx.AsyncClient(trust_env=False) as client:
                return (await client.get(f"http://127.0.0.1:{self.port}/readyz")).is_success
        except httpx.TransportError:
            return False


class Rig:
    """A running register and what its clients were told."""

    def __init__(self, settings: Settings, issuer: Issuer, nursery: Nursery | None = None, **env: str) -> None:
        self.settings = settings
        self.operations: dict[str, Operation] = {}
        self.answers: Counter[int] = Counter()
        self.leaving: set[int] = set()
        """Ports whose answers have asked to connect elsewhere: a balancer would send nobody there any more."""
        self.under_way: Counter[int] = Counter()
        """Requests not yet answered, by the port that has them."""
        self.served: Counter[int] = Counter()
        """Operations acknowledged, by the port of who did."""
        self.succeeded = 0
        """Operations acknowledged so far."""
        self.restarted = 0
        """Workers that ended by themselves."""
        self.draw = random.Random(0)
        """For the harm that is drawn."""
        self.rest = 0.0
        """Seconds each client rests between two operations."""
        self.harm: Counter[str] = Counter()
        """What was done to it, and how often."""
        self.struck: Counter[str] = Counter()
        """By which nemeses, and how often."""
        self.took: defaultdict[str, list[float]] = defaultdict(list)
        """Seconds, by what they were waited for."""
        self.keys = [uuid4() for _ in range(KEYS)]
        self.env = {
            "LATERAL_DATABASE_URL": settings.database_url,
            "LATERAL_KAFKA_BOOTSTRAP": settings.kafka_bootstrap,
            "LATERAL_KAFKA_SESSION_SECONDS": "6",
            "LATERAL_TOPIC_PREFIX": settings.topic_prefix,
            "LATERAL_ISSUER": issuer.url,
            "LATERAL_LOG_LEVEL": "WARNING",
        } | env
        self._nursery = nursery
        self.log = nursery.log if nursery else tempfile.NamedTemporaryFile()  # noqa: SIM115 - it lasts as long as this
        """What all members have logged."""
        self.broken: list[str] = []
        """What clients saw of connections that broke under a request."""
        self.named: list[str] = []
        """Answers that told who had asked."""
        self.apis: list[Member] = []
        self.workers: list[Member] = []
        self.recoveries: list[float] = []
        self._bearer = issuer.bearer("employee", exp=6 * 3600) | {"User-Agent": CLIENT, "X-Request-Id": CLIENT}
        self._random = random.Random(7)
        self.deadline = PATIENCE

    async def start(self, apis: int = 1, workers: int = 1) -> None:
        """Start that many of each."""
        self.apis = [self.member("api") for _ in range(apis)]
        self.workers = [self.member("worker") for _ in range(workers)]
        await asyncio.gather(*(member.start() for member in (*self.apis, *self.workers)))

    def member(self, role: str, folder: str | None = None, **env: str) -> Member:
        """One more, not yet started."""
        return Member(role, self.env | env, folder, self.log, self._nursery)

    async def stop(self) -> None:
        """Stop everything; whatever does not end by itself is an error."""
        codes = await asyncio.gather(*(member.stop() for member in (*self.apis, *self.workers) if member.process))
        assert not any(codes), codes

    async def kill(self) -> None:
        """For the end, and for that of a test that failed."""
        await asyncio.gather(*(member.kill() for member in (*self.apis, *self.workers)))
        if self._nursery is None:
            self.log.close()

    def logged(self) -> str:
        """The last of what all members have logged."""
        return Path(self.log.name).read_text("utf-8", "replace")[-4000:]

    @asynccontextmanager
    async def load(self, clients: int = CLIENTS) -> AsyncIterator[None]:
        """Clients at work while the block runs; each finishes its last operation, whatever it takes."""
        stop = asyncio.Event()
        limits = httpx.Limits(max_connections=clients, max_keepalive_connections=clients, keepalive_expiry=1.0)
        async with httpx.AsyncClient(trust_env=False, limits=limits, timeout=PATIENCE) as http:
            tasks = [asyncio.create_task(self._client(http, stop)) for _ in range(clients)]
            try:
                yield
            finally:
                stop.set()
                await asyncio.gather(*tasks)

    async def acknowledged(self, more: int) -> None:
        """Wait until clients have had that many more answers of success."""
        goal = self.succeeded + more
        await eventually(lambda: self.succeeded >= goal)

    async def settle(self) -> None:
        """Wait until the outbox is empty and everything is read; a worker that gave up is restarted, as anywhere."""
        began = monotonic()
        keeper = asyncio.create_task(self.keep_workers())
        conn = await asyncpg.connect(self.settings.database_url)
        try:
            pending = "SELECT count(*) FROM outbox WHERE published_at IS NULL"
            await eventually(lambda: _equals(conn, pending, 0))
            await committed_all(self.settings, PATIENCE)
            if self.outside() is not None:
                await eventually(lambda: _equals(conn, "SELECT count(*) FROM notices WHERE NOT done", 0))
        finally:
            keeper.cancel()
            await conn.close()
        self.recoveries.append(monotonic() - began)

    async def keep_workers(self) -> None:
        """Start whatever worker gives up, for as long as this is not cancelled."""
        while True:
            for worker in self.workers:
                if worker.process is not None and worker.process.returncode is not None:
                    self.restarted += 1
                    await worker.start()
            await asyncio.sleep(0.2)

    async def anomalies(self) -> list[Anomaly]:
        """What the checker says when all is at rest."""
        await self.settle()
        return check(
            await read_history(
                self.settings,
                tuple(self.operations.values()),
                recoveries=self.recoveries[-1:],
                secret=SECRET,
                told=self.outside(),
                gauges=await self._gauges(),
                leaks=await self._leaks(),
                traced=True,
            )
        )

    def outside(self) -> Collection[str] | None:
        """Of which operations somebody outside has been told, who knows a repetition by its id; None without one."""
        path = self.env.get("REGISTER_OUTSIDE")
        return None if path is None else set(Path(path).read_text("utf-8").split())

    async def _gauges(self) -> list[Gauge]:
        """What every worker's gauges say, once they have had the time to look."""
        conn = await asyncpg.connect(self.settings.database_url)
        there = {name: float(await conn.fetchval(query)) for name, query in GAUGES.items()}
        await conn.close()
        found: list[Gauge] = []

        async def right() -> bool:
            said = [(name, await worker.counts(name)) for worker in self.workers for name in there]
            found[:] = [Gauge(name, value, there[name]) for name, value in said]
            return all(gauge.said == gauge.there for gauge in found)

        with suppress(TimeoutError):
            await eventually(right, GAUGE_SECONDS)
        return found

    async def _leaks(self) -> list[str]:
        """Where the clients' own words, or whom an event is about, stand in logs, metrics or answers."""
        counted = [await member.metrics() for member in (*self.apis, *self.workers)]
        logged = await asyncio.to_thread(Path(self.log.name).read_text, "utf-8", "replace")
        people = ANY_ID.findall(logged)
        places = (("the log", logged), *(("the metrics", text) for text in counted))
        return [
            *(f"{where} name the client" for where, text in places if CLIENT in text),
            *(f"the log names {person}" for person in people if person in self.operations),
            *self.named,
        ]

    async def _client(self, http: httpx.AsyncClient, stop: asyncio.Event) -> None:
        while not stop.is_set():
            key, operation = self._random.choice(self.keys), uuid4()
            self.operations[str(operation)] = await self._insist(http, key, operation)
            await asyncio.sleep(self.rest)

    async def _insist(self, http: httpx.AsyncClient, key: UUID, operation: UUID) -> Operation:
        """The same request again until somebody answers it for good, as the interface asks of clients."""
        began = monotonic()
        body = {"key": str(key), "operation": str(operation)}
        headers = {**self._bearer, "Idempotency-Key": str(operation)}
        while monotonic() - began < self.deadline:
            api = self._random.choice([api for api in self.apis if api.port not in self.leaving] or self.apis)
            self.under_way[api.port] += 1
            try:
                answer = await http.post(f"http://127.0.0.1:{api.port}/v1/entries", json=body, headers=headers)
            except httpx.ConnectError:
                await asyncio.sleep(0.05)  # nobody has taken the request
                continue
            except httpx.TransportError as error:
                self.answers[0] += 1
                self.broken.append(f"{monotonic() - began:.1f} s, port {api.port}: {error!r}")
                await asyncio.sleep(0.05)
                continue
            finally:
                self.under_way[api.port] -= 1
            self.answers[answer.status_code] += 1
            if answer.headers.get("connection") == "close":
                self.leaving.add(api.port)
            if answer.status_code == httpx.codes.CREATED:
                self.served[api.port] += 1
                self.succeeded += 1
                return Operation(str(operation), str(key), "ok", answer.json()["version"])
            if CLIENT in answer.text:
                self.named.append(f"an answer of {answer.status_code} names the client")
            if answer.status_code != httpx.codes.SERVICE_UNAVAILABLE:
                return Operation(str(operation), str(key), "failed")
            await asyncio.sleep(0.05)
        return Operation(str(operation), str(key), "unknown")


async def eventually(fact: Callable[[], Any], within: float = PATIENCE) -> None:
    """Wait until `fact`, plain or asynchronous, holds."""
    async with asyncio.timeout(within):
        while True:
            found = fact()
            if await found if asyncio.iscoroutine(found) else found:
                return
            await asyncio.sleep(0.02)


async def _equals(conn: "asyncpg.Connection[asyncpg.Record]", query: str, value: object) -> bool:
    return bool(await conn.fetchval(query) == value)
