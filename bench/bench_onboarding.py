"""A hire's event to their buddy's proposal, a changed profile to the suggestions that show it, and rounds' loop lag.

Worker and API are processes of their own, fed and read through a broker and HTTP, with an organization of `--size`
people in the database. The bar of a hire is two seconds, of suggestions one; the peer of both is the bare way through
the same broker and back, and the same API's /livez.
"""

import argparse
import asyncio
import gc
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Self
from uuid import UUID, uuid4

import httpx
import orjson
import psutil
import uvloop

from bench import brokers
from bench.matching_world import World, envelope, matching, person_id, programme
from deploy.local.ports import free_port
from services.matching.commands.publication import publish
from services.matching.commands.rounds import run_round
from services.matching.consumers import HANDLERS
from services.matching.couriers import couriers
from services.matching.queries.rounds import get_round
from services.matching.settings import MatchingSettings
from shared import kafka
from shared.courier import run_once
from shared.db import Database
from shared.envelope import encode
from shared.events.base import Event
from shared.events.directory import SkillOffer
from shared.events.matching import MatchProposed
from shared.events.topics import MATCHING_MATCHES
from tests.fixtures.issuer import Issuer, serving_issuer

HIRE_BAR, FRESH_BAR = 2.0, 1.0
PATIENCE = 60.0
TICK = 0.001


class Wire:
    """A producer of other services' events, and what matching says."""

    def __init__(self, settings: MatchingSettings) -> None:
        self._settings = settings
        self._heard: dict[str, float] = {}
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._producer = kafka.producer(self._settings)
        await self._producer.start()
        self._reader = kafka.AIOKafkaConsumer(
            kafka.wire_name(self._settings, MATCHING_MATCHES),
            bootstrap_servers=self._settings.kafka_bootstrap,
            auto_offset_reset="earliest",
            fetch_max_wait_ms=5,
        )
        await self._reader.start()
        self._task = asyncio.create_task(self._listen())
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._task is not None
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task
        await self._reader.stop()
        await self._producer.stop()

    async def _listen(self) -> None:
        async for record in self._reader:
            names = dict(record.headers)
            if names["ce_type"].decode() == MatchProposed.event_type:
                for member in orjson.loads(record.value)["members"]:
                    self._heard.setdefault(member["person_id"], time.perf_counter())

    async def tell(self, *events: Event) -> float:
        """Send events; when the broker has the last."""
        for event in events:
            headers, value = encode(event, {})
            await self._producer.send(
                kafka.wire_name(self._settings, event.topic), value, event.key.encode(), headers=headers
            )
        await self._producer.flush()
        return time.perf_counter()

    async def proposed(self, person: UUID) -> float:
        """When the proposal that names somebody was read."""
        async with asyncio.timeout(PATIENCE):
            while str(person) not in self._heard:
                await asyncio.sleep(TICK)
        return self._heard[str(person)]


async def hires(wire: Wire, world: World, count: int) -> list[float]:
    """One hire after another; seconds from the event's acknowledgement to the proposal."""
    took = []
    for _ in range(count):
        hire = world.hire()
        began = await wire.tell(hire)
        took.append(await wire.proposed(hire.person_id) - began)
    return took


async def monday(wire: Wire, world: World, count: int) -> list[float]:
    """So many hires at once."""
    crowd = [world.hire() for _ in range(count)]
    began = await wire.tell(*crowd)
    return [await wire.proposed(hire.person_id) - began for hire in crowd]


async def fresh(
    wire: Wire, ask: Callable[[int, str], Awaitable[set[str]]], world: World, numbers: range
) -> list[float]:
    """Somebody offers what nobody did; seconds until the suggestions of who asks for it show them. Each number once."""
    took = []
    for number in numbers:
        teacher, skill = 10 + 7 * number, f"new/{uuid4()}"
        await ask(3, skill)
        event = world.changed(teacher, 2).model_copy(update={"offers": (SkillOffer(skill_id=skill, level=5),)})
        alike = {"languages": tuple(world.languages(3)), "work_starts": world.starts[3],
                 "work_ends": world.starts[3] + 480, "time_zone": world.zone(3), "manager_id": None}  # fmt: skip
        began = await wire.tell(event.model_copy(update=alike))
        async with asyncio.timeout(PATIENCE):
            while str(person_id(teacher)) not in await ask(3, skill):
                await asyncio.sleep(TICK)
        took.append(time.perf_counter() - began)
    return took


def tell(what: str, seconds: Sequence[float], bar: float | None = None) -> None:
    """One line of figures."""
    ordered = sorted(seconds)
    p50, p99 = statistics.median(ordered), ordered[max(0, -(-99 * len(ordered) // 100) - 1)]
    ratio = f"  p99 is {p99 / bar:.2f} of the bar of {bar:g} s" if bar else ""
    print(f"{what:<44} p50 {1000 * p50:7.1f} ms  p99 {1000 * p99:7.1f} ms  (n {len(ordered)}){ratio}", flush=True)


@asynccontextmanager
async def process(role: str, settings: MatchingSettings, issuer: Issuer) -> AsyncIterator[tuple[int, psutil.Process]]:
    """A worker or an API of matching; its port and process."""
    port = free_port()
    name = "LATERAL_MATCHING_WORKER_PORT" if role == "worker" else "LATERAL_MATCHING_PORT"
    environ = os.environ | {
        "LATERAL_MATCHING_DATABASE_URL": settings.database_url, "LATERAL_KAFKA_BOOTSTRAP": settings.kafka_bootstrap,
        "LATERAL_ISSUER": issuer.url, "LATERAL_LOG_LEVEL": "ERROR", name: str(port),
        "LATERAL_MATCHING_COMMAND_TIMEOUT": str(settings.command_timeout), "LATERAL_INSTANCE": f"{role}-{port}",
    }  # fmt: skip
    child = subprocess.Popen([sys.executable, "-m", "services.matching", role], env=environ)  # noqa: ASYNC220
    try:
        async with httpx.AsyncClient(trust_env=False) as client, asyncio.timeout(PATIENCE):
            while True:
                with suppress(httpx.TransportError):
                    if (await client.get(f"http://127.0.0.1:{port}/readyz")).is_success:
                        break
                await asyncio.sleep(0.05)
        yield port, psutil.Process(child.pid)
    finally:
        child.terminate()
        child.wait()


async def services(world: World, settings: MatchingSettings, db: Database, given: argparse.Namespace) -> None:
    """Hires and suggestions through running processes."""
    await _hear(db, programme("onboarding_buddy"))
    async with (
        serving_issuer() as issuer,
        Wire(settings) as wire,
        process("worker", settings, issuer) as (_, worker),
        process("api", settings, issuer) as (port, api),
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=PATIENCE) as client,
    ):
        headers = issuer.bearer("admin", exp=3600)

        async def ask(row: int, skill: str | None = None) -> set[str]:
            query = {"limit": "20"} | ({"skill_id": skill} if skill else {})
            answer = await client.get(f"/v1/people/{person_id(row)}/suggestions", params=query, headers=headers)
            return {each["person_id"] for each in answer.raise_for_status().json()["items"]}

        await hires(wire, world, 10)
        tell("hire: event to proposal, one by one", await hires(wire, world, given.hires), HIRE_BAR)
        tell(f"hire: event to proposal, {given.monday} at once", await monday(wire, world, given.monday), HIRE_BAR)
        await fresh(wire, ask, world, range(5))
        tell("profile change to suggestion", await fresh(wire, ask, world, range(5, 5 + given.changes)), FRESH_BAR)
        bare, took = [], []
        for row in range(200, 200 + given.asks):
            began = time.perf_counter()
            (await client.get("/livez")).raise_for_status()
            bare.append(time.perf_counter() - began)
            began = time.perf_counter()
            await ask(row)
            took.append(time.perf_counter() - began)
        tell("suggestions, top 20 through HTTP", took[20:])
        tell("peer: /livez of the same API", bare[20:])
        for name, each in (("worker", worker), ("api", api)):
            print(f"memory {name} {each.memory_info().rss / 1e6:.0f} MB")


async def rounds(db: Database, settings: MatchingSettings, format_: str) -> None:
    """A whole round as a preview, its publication, and for how long at most the event loop did nothing else."""
    about = programme(format_)
    await _hear(db, about)
    for what in ("preview", "publication"):
        lags: list[float] = []
        before = _reset_peak()
        watch = asyncio.create_task(_watch(lags))
        began, cpu = time.perf_counter(), time.process_time()
        async with db.transaction() as conn:
            if what == "preview":
                row = await run_round(conn, about.programme_id, seed=7, dry_run=True)
            else:
                row = await publish(conn, row["round_id"])
        while [courier for courier in couriers(settings) if await run_once(db, courier)]:
            pass  # what workers do of a large round, by this process
        async with db.acquire() as conn:
            row = await get_round(conn, row["round_id"])
        took, cpu = time.perf_counter() - began, time.process_time() - cpu
        watch.cancel()
        print(f"{format_} {what}: {row['matched']:,} of {row['asked']:,} matched in {took:.1f} s", end=", ")
        print(f"{cpu:.1f} s CPU of this process", end="; ")
        lags.sort()
        held = sum(lag for lag in lags if lag > 0.01)
        print(f"loop held at most {1000 * lags[-1]:.0f} ms, {1000 * lags[-20]:.0f} ms the 20th,", end=" ")
        print(f"{held:.2f} s in turns over 10 ms; {_peak() - before:.0f} MB more than before, at most", flush=True)
    solver = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(f"{format_}: the process that solved it {solver:.0f} MB")


async def _watch(lags: list[float]) -> None:
    while True:
        began = time.perf_counter()
        await asyncio.sleep(TICK)
        lags.append(time.perf_counter() - began - TICK)


def _reset_peak() -> float:
    """Forget how much memory this process had at most; what it has, in megabytes."""
    gc.collect()
    gc.freeze()  # the organization that was made up here is no service's to look through
    Path("/proc/self/clear_refs").write_text("5")
    return _peak()


def _peak() -> float:
    (line,) = (line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


async def _hear(db: Database, event: Event) -> None:
    async with db.transaction() as conn:
        await HANDLERS[type(event)](conn, [envelope(event)])


@asynccontextmanager
async def organization(size: int) -> AsyncIterator[tuple[World, MatchingSettings, Database]]:
    """So many people in matching's database, and a broker with its topics."""
    world = World(size)
    with TemporaryDirectory() as state:
        began = time.perf_counter()
        async with (
            brokers.broker(Path(state)) as broker,
            matching(world, kafka_bootstrap=broker.bootstrap) as (settings, db),
        ):
            print(f"{size:,} people stored in {time.perf_counter() - began:.0f} s", flush=True)
            await kafka.apply_topics(settings)
            yield world, settings, db


async def main(given: argparse.Namespace) -> None:
    """Measure and print."""
    async with organization(given.size) as (world, settings, db):
        if "services" in given.only:
            await services(world, settings, db, given)
        for format_ in given.rounds if "rounds" in given.only else ():
            await rounds(db, settings, format_)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=20_000)
    parser.add_argument("--hires", type=int, default=100)
    parser.add_argument("--monday", type=int, default=50)
    parser.add_argument("--changes", type=int, default=50)
    parser.add_argument("--asks", type=int, default=300)
    parser.add_argument("--only", nargs="+", default=["services", "rounds"])
    parser.add_argument("--rounds", nargs="+", default=["mentoring"])
    uvloop.run(main(parser.parse_args()))
