"""Delivery: the relay against a bare producer, the consumer against bare reading and COPY, and the delay in between."""

import asyncio
import resource
import statistics
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from deploy.local.broker import EmbeddedBroker
from deploy.local.ports import free_port
from deploy.local.postgres import Postgres
from shared import kafka, outbox
from shared.consumer import Consumer
from shared.db import Connection, Database, connect
from shared.envelope import Envelope, encode
from shared.events.sessions import ParticipationChanged
from shared.relay import Relay
from shared.settings import Settings, load

EVENTS = 20_000
RATE = 300
SECONDS = 10
COLUMNS = ("session_id", "person_id", "version", "state", "minutes", "seen_at")


def event(number: int) -> ParticipationChanged:
    """One fact of four hundred bytes."""
    return ParticipationChanged(
        session_id=UUID(int=number // 6 + 1),
        person_id=uuid4(),
        version=1,
        programme_id=UUID(int=7),
        format="mentoring_circle",
        session_starts_at=datetime(2026, 3, 1, 9, tzinfo=UTC),
        state="attended",
        role="participant",
        minutes=45,
        taught=1,
        asked=2,
        shared=0,
        challenged=0,
        summarised=0,
    )


def row(data: ParticipationChanged) -> tuple[object, ...]:
    """What the toy handler stores of it."""
    return (data.session_id, data.person_id, data.version, data.state, data.minutes, datetime.now(UTC))


async def store(conn: Connection, envelopes: Sequence[Envelope[Any]]) -> None:
    """The toy handler."""
    await conn.copy_records_to_table("facts", records=[row(each.data) for each in envelopes], columns=COLUMNS)


async def prepare(settings: Settings) -> None:
    """The chassis's tables and one of facts."""
    conn = await connect(settings)
    for file in sorted(Path("shared/migrations").glob("*.sql")):
        await conn.execute(file.read_text("utf-8"))
    await conn.execute(
        "CREATE TABLE facts"
        " (session_id uuid, person_id uuid, version int, state text, minutes int, seen_at timestamptz)"
    )
    await conn.close()
    await kafka.apply_topics(settings)


async def bare_producer(settings: Settings) -> float:
    """The ceiling of the relay: the same finished records, a thousand at a time, nothing read and nothing marked."""
    records = [(each.key.encode(), *encode(each, {})) for each in map(event, range(EVENTS))]
    client = kafka.producer(settings)
    await client.start()
    began = time.perf_counter()
    for start in range(0, EVENTS, 1000):
        sent = [
            await client.send("bare", value, key, headers=headers)
            for key, headers, value in records[start : start + 1000]
        ]
        await asyncio.gather(*sent)
    taken = time.perf_counter() - began
    await client.stop()
    return EVENTS / taken


async def relay(settings: Settings, db: Database) -> float:
    """Drain a full outbox."""
    async with db.transaction() as conn:
        await outbox.append_all(conn, [(event(number), None) for number in range(EVENTS)])
    conn = await connect(settings)
    client = kafka.producer(settings)
    await client.start()
    began = time.perf_counter()
    while await Relay(settings).publish_batch(conn, client):
        pass
    taken = time.perf_counter() - began
    await client.stop()
    await conn.close()
    return EVENTS / taken


async def bare_copy(settings: Settings) -> float:
    """The ceiling of the consumer: the same records read, and the same rows written, without anything in between."""
    client = kafka.reader(settings)
    await client.start()
    partitions = client.partitions_for_topic("sessions.participation") or set()
    client.assign([kafka.TopicPartition("sessions.participation", number) for number in partitions])
    await client.seek_to_beginning()
    conn = await connect(settings)
    rows = [row(event(number)) for number in range(1000)]
    began, seen = time.perf_counter(), 0
    while seen < EVENTS:
        batches = await client.getmany(timeout_ms=250, max_records=1000)
        found = sum(len(batch) for batch in batches.values())
        if found:
            await conn.copy_records_to_table("facts", records=rows[:found], columns=COLUMNS)
        seen += found
    taken = time.perf_counter() - began
    await client.stop()
    await conn.execute("TRUNCATE facts")
    await conn.close()
    return EVENTS / taken


async def consume(settings: Settings, db: Database) -> float:
    """Read, validate, claim, store, count and commit."""
    stop = asyncio.Event()
    began = time.perf_counter()
    task = asyncio.create_task(Consumer(settings, db, {ParticipationChanged: store}).run(stop))
    async with db.acquire() as conn:
        first = None
        while await conn.fetchval("SELECT count(*) FROM facts") < EVENTS:
            if first is None and await conn.fetchval("SELECT EXISTS (SELECT FROM facts)"):
                first = began = time.perf_counter()
            await asyncio.sleep(0.01)
    taken = time.perf_counter() - began
    stop.set()
    await task
    return EVENTS / taken


async def delay(settings: Settings, db: Database) -> tuple[float, float]:
    """Milliseconds from commit to effect at a steady rate: median and 99th percentile."""
    async with db.transaction() as conn:
        await conn.execute("TRUNCATE facts")
    stop = asyncio.Event()
    parts = [Relay(settings).run(stop), Consumer(settings, db, {ParticipationChanged: store}).run(stop)]
    tasks = [asyncio.create_task(part) for part in parts]
    committed: dict[UUID, datetime] = {}
    await asyncio.sleep(2)
    began = time.perf_counter()
    for number in range(RATE * SECONDS):
        each = event(number)
        async with db.transaction() as conn:
            await outbox.append(conn, each)
        committed[each.person_id] = datetime.now(UTC)
        await asyncio.sleep(max(0.0, began + (number + 1) / RATE - time.perf_counter()))
    async with db.acquire() as conn:
        while await conn.fetchval("SELECT count(*) FROM facts") < len(committed):
            await asyncio.sleep(0.05)
        rows = await conn.fetch("SELECT person_id, seen_at FROM facts")
    stop.set()
    await asyncio.gather(*tasks)
    waits = sorted((each["seen_at"] - committed[each["person_id"]]).total_seconds() * 1000 for each in rows)
    return statistics.median(waits), waits[int(len(waits) * 0.99)]


async def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as state:
        server = Postgres(Path(state), free_port())
        broker = EmbeddedBroker(Path(state), free_port())
        async with server, broker:
            await server.create_service_databases(["metrics"])
            settings = load(
                Settings,
                "metrics",
                database_url=server.dsn("metrics", "metrics"),
                kafka_bootstrap=broker.bootstrap,
                pool_size=4,
            )
            await prepare(settings)
            db = await Database.connect(settings)
            bare, ours = await bare_producer(settings), await relay(settings, db)
            print(f"relay     {ours:>9,.0f} events/s   bare producer {bare:>9,.0f}   ratio {ours / bare:.2f}")
            bare, ours = await bare_copy(settings), await consume(settings, db)
            print(f"consumer  {ours:>9,.0f} events/s   read + COPY   {bare:>9,.0f}   ratio {ours / bare:.2f}")
            median, late = await delay(settings, db)
            print(f"commit to effect at {RATE} writes/s: p50 {median:.0f} ms, p99 {late:.0f} ms")
            await db.close()
        server.remove()
    print(f"memory    {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB at most")


if __name__ == "__main__":
    asyncio.run(main())
