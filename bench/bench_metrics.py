"""Metrics: Kafka to committed facts and roll-ups, against raw COPY of the same rows."""

import argparse
import asyncio
import os
import signal
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC
from itertools import count, islice
from pathlib import Path
from statistics import median
from typing import IO, Any, NamedTuple
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import uvloop
from confluent_kafka import TopicPartition
from confluent_kafka.admin import AdminClient

from bench.metrics_world import BEGIN, Size, fill_people, participations, produce, quick, settled, stack, tell
from shared import kafka
from shared.db import Database, connect
from shared.envelope import encode
from shared.events.sessions import FeedbackAnswer, FeedbackReleased
from shared.settings import Settings

PEERS = {"quix": ["quixstreams[postgresql]"], "pathway": ["pathway"]}
TAKEN = "SELECT coalesce(sum(next_offset), 0)::int FROM consumed_positions WHERE topic = 'sessions.participation'"
PLACES = "SELECT partition, max(next_offset) FROM consumed_positions WHERE topic = 'sessions.participation' GROUP BY 1"
AHEAD = 100_000
"""Events on the broker that have not been read."""
READS = b"reads\n"
MOST_GROUPS = 10
GROUPS = count()
"""Each run reads as a group of its own, from the beginning."""
COLUMNS = (
    "session_id", "person_id", "month", "starts_at", "version", "programme_id", "format", "unit_path", "state", "role",
    "minutes", "contributions", "taught",
)  # fmt: skip


@dataclass
class Worker:
    """A running process; what it took is known when it has ended."""

    process: asyncio.subprocess.Process
    cpu: float = 0.0
    megabytes: float = 0.0

    async def reads(self) -> bool:
        """Wait until it has partitions; False where it ended before."""
        assert self.process.stdout
        return await self.process.stdout.readline() == READS

    @property
    def resident(self) -> int:
        """Megabytes now."""
        lines = Path(f"/proc/{self.process.pid}/status").read_text("ascii").splitlines()
        return next(int(line.split()[1]) // 1024 for line in lines if line.startswith("VmRSS"))


class Ingest(NamedTuple):
    """Events a second, and of each process: microseconds of CPU an event, megabytes at most, and on the way."""

    rate: float
    cpu: list[float]
    megabytes: list[float]
    curve: list[int]


def feedback() -> FeedbackReleased:
    """A released batch of five answers."""
    answers = tuple(FeedbackAnswer(usefulness=score, relevance=score, engagement=4) for score in (5, 4, 4, 3, 5))
    return FeedbackReleased(
        batch_id=uuid4(),
        programme_id=UUID(int=1),
        format="mentoring",
        division="d1",
        month=BEGIN.date(),
        released_on=BEGIN.date(),
        answers=answers,
    )


async def raw_copy(settings: Settings, size: Size, batch: int, *, indexed: bool) -> float:
    """Rows a second: the same rows, as finished tuples, by binary COPY into a table with the key, or all indexes."""
    conn = await connect(settings)
    await conn.execute("DROP TABLE IF EXISTS bare")
    await conn.execute("CREATE TABLE bare (LIKE participations INCLUDING DEFAULTS)")
    await conn.execute("ALTER TABLE bare ADD PRIMARY KEY (session_id, person_id, month)")
    if indexed:
        await conn.execute("CREATE INDEX ON bare (person_id)")
        await conn.execute("CREATE INDEX ON bare USING brin ((changed_by::text::bigint))")
    rows: list[Any] = [
        (
            fact.session_id, fact.person_id, fact.session_starts_at.date().replace(day=1),
            fact.session_starts_at.astimezone(UTC), fact.version, fact.programme_id, fact.format,
            ["org", "d1", "t21"], fact.state, fact.role, fact.minutes, fact.asked, fact.taught,
        )
        for fact in participations(size)
    ]  # fmt: skip
    began = time.perf_counter()
    for start in range(0, len(rows), batch):
        await conn.copy_records_to_table("bare", records=rows[start : start + batch], columns=COLUMNS)
    taken = time.perf_counter() - began
    await conn.execute("DROP TABLE bare")
    await conn.close()
    return len(rows) / taken


@asynccontextmanager
async def workers(settings: Settings, processes: int) -> AsyncIterator[list[Worker]]:
    """Worker processes of metrics that have partitions; when the block ends they stop, and say what they took.

    The embedded broker gives one of two that join at the same moment an assignment without bytes, of which no client
    can make anything, and no other one: that worker ends, and all begin again, as a group of another name.
    """
    for _ in range(MOST_GROUPS):
        started = await _started(settings, processes)
        if all([await worker.reads() for worker in started]):
            break
        await _stopped(started)
        await empty(settings)
    else:
        message = f"of {MOST_GROUPS} groups none had partitions for each of {processes} workers"
        raise RuntimeError(message)
    try:
        yield started
    finally:
        for worker, said in zip(started, await _stopped(started), strict=True):
            worker.cpu, worker.megabytes = map(float, said.split())


async def _started(settings: Settings, processes: int) -> list[Worker]:
    started, group = [], next(GROUPS)
    for number in range(processes):
        told = (
            f"metrics{group}",
            settings.database_url,
            settings.kafka_bootstrap,
            str(settings.batch_size),
            str(number),
        )
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bench.metrics_worker", *told, stdout=asyncio.subprocess.PIPE
        )
        started.append(Worker(process))
    return started


async def _stopped(started: Sequence[Worker]) -> list[bytes]:
    """What each said after it had partitions."""
    for worker in started:
        if worker.process.returncode is None:
            worker.process.terminate()
    return [(await worker.process.communicate())[0] for worker in started]


async def ingest(settings: Settings, db: Database, size: Size, processes: int, curve: int = 0) -> Ingest:
    """From the first batch committed to the last one, by that many processes; the store is emptied before."""
    await empty(settings)
    async with workers(settings, processes) as running:
        first = await settled(db, TAKEN, processes * settings.batch_size)
        began, memory = time.perf_counter(), []
        for step in range(1, curve + 1):
            await settled(db, TAKEN, size.events * step // (curve + 1))
            memory.append(sum(worker.resident for worker in running))
        await settled(db, TAKEN, size.events)
        rate = (size.events - first) / (time.perf_counter() - began)
    return Ingest(rate, [worker.cpu / size.events * 1e6 for worker in running], [w.megabytes for w in running], memory)


async def stream(settings: Settings, db: Database, size: Size, every: int) -> None:
    """Resident memory on the way through many events, told ahead in chunks and taken off the broker's disk behind."""
    await empty(settings)
    admin = AdminClient({"bootstrap.servers": settings.kafka_bootstrap})
    records = quick(size)
    began, told, floor = time.perf_counter(), 0, settings.batch_size
    async with workers(settings, 1) as (worker,):
        while told < size.events:
            chunk = list(islice(records, AHEAD))
            await asyncio.to_thread(tell, settings.kafka_bootstrap, chunk)
            told += len(chunk)
            done = await settled(db, TAKEN, max(floor, told - AHEAD))
            async with db.acquire() as conn:
                places = await conn.fetch(PLACES)
            behind = [TopicPartition("sessions.participation", place, offset) for place, offset in places]
            for gone in admin.delete_records(behind).values():
                await asyncio.to_thread(gone.result)
            if told // every > (told - len(chunk)) // every:
                rate = done / (time.perf_counter() - began)
                print(f"stream    {told:>12,} told, {worker.resident} MB resident, {rate:,.0f} events/s", flush=True)
        await settled(db, TAKEN, size.events)
        print(f"stream    {size.events:>12,} taken, {worker.resident} MB resident", flush=True)


async def empty(settings: Settings) -> None:
    """As if nothing had ever come: no event was ever taken in."""
    conn = await connect(settings)
    await conn.execute(
        "TRUNCATE participations, participation_deltas, participation_months, session_months, inbox, feedback,"
        " consumed_positions, ingested, lag_samples"
    )
    await conn.close()


async def freshness(settings: Settings, db: Database, probes: int, backlog: int) -> str:
    """Milliseconds from the broker's acknowledgement of released feedback to its row being readable."""
    client = kafka.producer(settings)
    await client.start()
    taken = []
    for _ in range(probes):
        async with db.acquire() as conn:
            if backlog and await conn.fetchval(TAKEN) >= backlog:
                break
        batch = feedback()
        headers, value = encode(batch, {})
        await client.send_and_wait("sessions.feedback", value, batch.key.encode(), headers=headers)
        acknowledged = time.perf_counter()
        while True:
            async with db.acquire() as conn:
                if await conn.fetchval("SELECT true FROM feedback WHERE batch_id = $1", batch.batch_id):
                    break
            await asyncio.sleep(0.002)
        taken.append((time.perf_counter() - acknowledged) * 1000)
    await client.stop()
    taken.sort()
    if not taken:
        return "no probe came before the end"
    return f"p50 {taken[len(taken) // 2]:.0f} ms, p99 {taken[int(len(taken) * 0.99)]:.0f} ms, of {len(taken)}"


async def peer(settings: Settings, name: str, packages: list[str], events: int, said: IO[bytes]) -> str:
    """A peer's events a second from the first row seen to the last, in an environment made for it; or what it said."""
    where = urlsplit(settings.database_url)
    parts = {"HOST": where.hostname, "PORT": where.port, "DATABASE": where.path[1:], "USER": where.username}
    environment = {**os.environ, **{f"PG{part}": str(value) for part, value in parts.items()}}
    environment["PGPASSWORD"] = str(where.password)
    wanted = [option for package in packages for option in ("--with", package)]
    script = [f"bench/peer_{name}.py", settings.kafka_bootstrap, "sessions.participation"]
    process = await asyncio.create_subprocess_exec(
        *(".venv/bin/uv", "run", "--isolated", "--no-project", "--python", "3.11", *wanted, "python", *script),
        env=environment,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=said,
        start_new_session=True,
    )
    conn = await connect(settings)
    first, began, deadline = 0, 0.0, time.perf_counter() + 150
    try:
        while time.perf_counter() < deadline and process.returncode is None:
            await asyncio.sleep(0.05)
            if not await conn.fetchval("SELECT to_regclass($1) IS NOT NULL", f"{name}_facts"):
                continue
            rows: int = await conn.fetchval(f"SELECT count(*) FROM {name}_facts")
            if rows and not first:
                first, began = rows, time.perf_counter()
            if rows >= events:
                taken = time.perf_counter() - began
                return f"{(rows - first) / taken:>9,.0f} events/s" if rows > first else "all rows in one commit"
        said.seek(max(0, said.tell() - 300))
        return f"not within 150 s, or ended: {said.read().decode(errors='replace')}"
    finally:
        await conn.close()
        if process.returncode is None:
            os.killpg(process.pid, signal.SIGKILL)
            await process.wait()


async def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--events", type=int, default=60_000)
    options.add_argument("--people", type=int, default=20_000)
    options.add_argument("--batch", type=int, default=5000)
    options.add_argument("--rounds", type=int, default=3, help="COPY and ingest in turns; medians of the ratios count")
    options.add_argument("--peers", action="store_true", help="also run the peers, each in its own environment")
    options.add_argument("--two", action="store_true", help="also take the same events in by two processes")
    options.add_argument("--fresh", type=int, default=0, metavar="PROBES", help="also measure freshness")
    options.add_argument("--curve", type=int, default=0, metavar="POINTS", help="also print resident memory on the way")
    options.add_argument("--stream", type=int, default=0, metavar="EVENTS", help="instead: memory over so many events")
    options.add_argument("--every", type=int, default=1_000_000, help="events between two looks at the memory")
    asked = options.parse_args()
    size = Size(asked.events, asked.people)
    async with stack(asked.batch) as (settings, _):
        await fill_people(settings, size.people)
        db = await Database.connect(settings)
        if asked.stream:
            await stream(settings, db, Size(asked.stream, asked.people), asked.every)
            await db.close()
            return
        await produce(settings, participations(size))
        against: dict[str, list[float]] = {"the key": [], "all indexes of the facts": []}
        for _ in range(asked.rounds):
            bare = await raw_copy(settings, size, asked.batch, indexed=False)
            full = await raw_copy(settings, size, asked.batch, indexed=True)
            print(f"raw COPY  {bare:>9,.0f} rows/s with the key, {full:,.0f} with all indexes of the facts")
            one = await ingest(settings, db, size, 1, asked.curve)
            print(f"one       {one.rate:>9,.0f} events/s   ratio {one.rate / bare:.2f} and {one.rate / full:.2f}")
            print(
                f"          {one.cpu[0]:.0f} us of Python an event, {one.megabytes[0]:.0f} MB at most {one.curve or ''}"
            )
            for ratios, ceiling in zip(against.values(), (bare, full), strict=True):
                ratios.append(one.rate / ceiling)
        for name, ratios in against.items():
            print(f"median    {median(ratios):.2f} of COPY with {name}, {asked.rounds} rounds", flush=True)
        if asked.two:
            two = await ingest(settings, db, size, 2)
            print(f"two       {two.rate:>9,.0f} events/s   {two.rate / one.rate:.2f} times one, {sum(two.cpu):.0f} us")
        if asked.fresh:
            await empty(settings)
            async with workers(settings, 1):
                await settled(db, TAKEN, size.events)
                print(f"fresh     {await freshness(settings, db, asked.fresh, 0)}, idle")
            await empty(settings)
            async with workers(settings, 1):
                await settled(db, TAKEN, asked.batch)
                print(f"fresh     {await freshness(settings, db, asked.fresh, asked.events)}, at full ingest")
        again = await raw_copy(settings, size, asked.batch, indexed=False)
        print(f"raw COPY  {again:>9,.0f} rows/s with the key, at the end")
        if asked.peers:
            for name, packages in PEERS.items():
                with tempfile.TemporaryFile() as said:
                    told = await peer(settings, name, packages, size.events, said)
                print(f"{name:<9} {told}, rows alone, no roll-up", flush=True)
        await db.close()


if __name__ == "__main__":
    uvloop.run(main())
