"""The directory: HR events against bare batches of the same rows, and a large snapshot.

Ours are records as the broker hands them over: decoded (the next batch while the database works, as the consumer does),
claimed, traced (each in a sampled trace of its own), applied, counted. The peer is what plain asyncpg does with the
very rows that come of it, in every table they end in: the inbox, what HR said, the person, two events in the outbox;
`executemany`, a transaction for a thousand events.

python -m bench.bench_directory [events] [snapshot] --people 20000
"""

import argparse
import asyncio
import resource
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from uuid import uuid4

import orjson
import psutil
import uvloop

from deploy.local.ports import free_port
from deploy.local.postgres import Postgres
from deploy.local.sample.organization import Organization
from deploy.local.sample.publish import wire
from services.directory.commands import feeds
from services.directory.consumers import HANDLERS
from services.directory.domain.lines import Line, Reader
from services.directory.settings import DirectorySettings
from services.directory.store import feeds as feed_store
from shared import telemetry
from shared.batch import Taken, read_on
from shared.consumer import Consumer
from shared.db import Connection, Database, Record
from shared.envelope import Raw, encode
from shared.events.hr import WorkerUpserted
from shared.kafka import AT_ONCE
from shared.migrate import migrate
from shared.processes import tune_memory
from shared.settings import load

BATCH = 1000
SOURCE = "https://hr.example"
TABLES = {"inbox": "claimed_at", "worker_records": "recorded_at", "people": "changed_at", "outbox": "created_at"}
"""Where the rows of an event end: what was claimed, what HR said, who they are, what others are told."""


def workers(people: int) -> Iterator[WorkerUpserted]:
    """The sample organization's workers, as HR tells of them."""
    for worker in Organization(date(2026, 3, 1), people).workers():
        yield WorkerUpserted.model_validate(wire(worker))


def records(told: list[WorkerUpserted], first: int) -> list[Raw]:
    """As the broker has them, from offset `first` on, each in a sampled trace of its own."""
    found = []
    for offset, worker in enumerate(told, first):
        trace = {"traceparent": f"00-{uuid4().hex}-{uuid4().hex[:16]}-01"}
        headers, value = encode(worker, trace)
        found.append(Raw("hr.workers", 0, offset, worker.key.encode(), tuple(headers), value, 1_780_000_000_000))
    return found


async def events(db: Database, settings: DirectorySettings, people: int) -> None:
    """Apply everybody, then everybody again with a change; after each, the same rows by bare batches."""
    told = list(workers(people))
    people = len(told)
    consumer = Consumer(settings, db, HANDLERS)
    for turn in range(2):
        raws = records(told, turn * people)
        async with db.acquire() as conn:
            since = await conn.fetchval("SELECT now()")
            before = list(await conn.fetch("SELECT * FROM people"))
            await _settle(conn)
        spent, began = time.process_time(), time.perf_counter()
        await through(consumer, raws)
        taken, spent = time.perf_counter() - began, time.process_time() - spent
        bare, cost = await bare_batches(db, people, since, before)
        ours = f"{people / taken:>6,.0f} workers/s, {spent / people * 1e6:,.0f} us in Python"
        theirs = f"{people / bare:>6,.0f}, {cost / people * 1e6:,.0f} us"
        print(f"HR events, {('hired', 'changed')[turn]:8} {ours}   bare batches {theirs}   ratio {bare / taken:.2f}")
        told = [each.model_copy(update={"sequence_number": 100 + turn, "site_code": "NEW"}) for each in told]


async def through(consumer: Consumer, raws: list[Raw]) -> None:
    """All that a consumer does, but for the broker: the next batch is decoded while the database works."""
    batches = [raws[start : start + BATCH] for start in range(0, len(raws), BATCH)]
    ahead = await taken(batches[0])
    for at in range(len(batches)):
        apply = consumer._apply(ahead.raws, ahead.decoded)  # noqa: SLF001 - what reads the broker is left out
        task = asyncio.create_task(apply)
        await asyncio.sleep(0)
        if at + 1 < len(batches):
            ahead = await taken(batches[at + 1])
        await task


async def taken(raws: list[Raw]) -> Taken:
    """As the consumer decodes: some at a time."""
    found = Taken(0, [], ([], {}), {}, whole=False)
    for start in range(0, len(raws), AT_ONCE):
        read_on(raws[start : start + AT_ONCE], {cls.event_type: cls for cls in HANDLERS}, {}, found)
        await asyncio.sleep(0)
    return found


async def bare_batches(db: Database, people: int, since: datetime, before: list[Record]) -> tuple[float, float]:
    """Seconds, and seconds of our own CPU, for all rows since then by `executemany`, a thousand events a transaction.

    They are read back and taken out first, and people are as they were `before`: the same indexes have to change.
    """
    rows: dict[str, list[Record]] = {}
    async with db.acquire() as conn:
        for table, column in TABLES.items():
            rows[table] = list(await conn.fetch(f"SELECT * FROM {table} WHERE {column} >= $1", since))
            await conn.execute(f"DELETE FROM {table} WHERE {column} >= $1", since)
        if before:
            await _insert(conn, "people", before)
        await _settle(conn)
    began, spent = time.perf_counter(), time.process_time()
    batches = -(-people // BATCH)
    for batch in range(batches):
        async with db.transaction() as conn:
            for table, found in rows.items():
                await _insert(conn, table, found[len(found) * batch // batches : len(found) * (batch + 1) // batches])
    return time.perf_counter() - began, time.process_time() - spent


async def _settle(conn: Connection) -> None:
    """Both begin on tables as autovacuum leaves them within a minute."""
    for table in TABLES:
        await conn.execute(f"VACUUM ANALYZE {table}")


async def _insert(conn: Connection, table: str, rows: list[Record]) -> None:
    names = list(rows[0].keys())
    marks = ", ".join(f"${at}" for at in range(1, len(names) + 1))
    over = ", ".join(f"{name} = excluded.{name}" for name in names)
    clash = f"ON CONFLICT (person_id) DO UPDATE SET {over}" if table == "people" else ""
    await conn.executemany(f"INSERT INTO {table} VALUES ({marks}) {clash}", [tuple(row.values()) for row in rows])


async def snapshot(db: Database, people: int) -> None:
    """A snapshot by file, its lines made as they are read: memory at the beginning, in the middle and at the end."""
    async with db.transaction() as conn:
        feed_id = await feeds.begin(
            conn, SOURCE, "generic", "jsonl", "utf-8", snapshot=True, defaults={}, said_at=datetime.now(UTC), by="bench"
        )
    async with db.acquire() as conn:
        job = await feed_store.get(conn, feed_id)
    assert job
    reader, written = Reader("jsonl"), 0
    waiting: list[Line] = []
    memory: list[int] = []
    began = time.perf_counter()
    for worker in plain(people):
        data = orjson.dumps(worker) + b"\n"
        written += len(data)
        waiting += reader.feed(data)
        if len(waiting) == BATCH:
            async with db.transaction() as conn:
                await feeds.take_lines(conn, feed_id, feeds.read(job, waiting), datetime.now(UTC))
            waiting = []
            memory.append(psutil.Process().memory_info().rss >> 20)
    taken = time.perf_counter() - began
    async with db.transaction() as conn:
        began = time.perf_counter()
        done = await feeds.finish(conn, feed_id, datetime.now(UTC))
    tenth, half = memory[max(1, len(memory) // 10) - 1], memory[len(memory) // 2]
    print(
        f"snapshot    {done.taken:>9,} people, {written >> 20} MB in {taken:.0f} s: {done.taken / taken:,.0f} lines/s; "
        f"missing found in {time.perf_counter() - began:.1f} s"
    )
    print(f"            memory after a tenth {tenth} MB, half {half} MB, all {memory[-1]} MB")


def plain(people: int) -> Iterator[dict[str, object]]:
    """Anybody, as cheaply as can be: the generator's memory is not to be measured."""
    for number in range(people):
        yield {
            "employeeNumber": f"E{number:07d}", "status": "active", "givenName": "Ada", "familyName": f"L{number}",
            "workEmail": f"e{number}@corp.local", "timeZone": "Europe/Berlin", "hireDate": "2020-01-01",
            "jobCode": f"J{number % 90}", "jobTitle": "Engineer", "jobLevel": number % 6, "unitCode": f"U{number % 90}",
            "managerEmployeeNumber": f"E{number // 10:07d}" if number else None, "siteCode": f"S{number % 40}",
            "country": "DE", "languages": ["de", "en"],
            "skills": [{"skillId": f"http://skills.example/{number % 5000}", "level": 3, "targetLevel": 4}],
        }  # fmt: skip


async def main() -> None:
    """Measure what is asked for and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("what", nargs="*", default=["events", "snapshot"])
    parser.add_argument("--people", type=int, default=10_000)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as state:
        server = Postgres(Path(state), free_port())
        async with server:
            await server.create_service_databases(["directory"])
            settings = load(
                DirectorySettings,
                "directory",
                database_url=server.dsn("directory", "directory"),
                kafka_bootstrap="unused",
                command_timeout=300,
            )
            await migrate(settings)
            db = await Database.connect(settings)
            for what in asked.what:
                async with db.acquire() as conn:
                    await conn.execute("TRUNCATE inbox, worker_records, people, outbox, feeds CASCADE")
                if what == "events":
                    telemetry.setup(settings.model_copy(update={"log_level": "ERROR"}), "worker")
                    tune_memory()
                    await events(db, settings, asked.people)
                else:
                    await snapshot(db, asked.people)
            await db.close()
        server.remove()
    print(f"memory at most {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


if __name__ == "__main__":
    uvloop.run(main())
