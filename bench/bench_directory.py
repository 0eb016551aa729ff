"""The directory: HR events against bare batches of the same rows, and a large snapshot.

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
from typing import Any
from uuid import uuid4

import orjson
import psutil

from deploy.local.ports import free_port
from deploy.local.postgres import Postgres
from deploy.local.sample.organization import Organization
from deploy.local.sample.publish import wire
from services.directory.commands import feeds
from services.directory.commands.workers import record_workers
from services.directory.domain.lines import Line, Reader
from services.directory.settings import DirectorySettings
from services.directory.store import feeds as feed_store
from shared.db import Connection, Database
from shared.envelope import Envelope
from shared.events.hr import WorkerUpserted
from shared.migrate import migrate
from shared.settings import load

BATCH = 1000
SOURCE = "https://hr.example"
TABLES = ("worker_records", "people", "outbox")


def workers(people: int) -> Iterator[WorkerUpserted]:
    """The sample organization's workers, as HR tells of them."""
    for worker in Organization(date(2026, 3, 1), people).workers():
        yield WorkerUpserted.model_validate(wire(worker))


def envelope(worker: WorkerUpserted) -> Envelope[WorkerUpserted]:
    """As the consumer hands it to the handler."""
    return Envelope(
        id=str(uuid4()),
        source=SOURCE,
        type=worker.event_type,
        subject=worker.key,
        time=datetime.now(UTC),
        data=worker,
        topic=worker.topic.name,
        key=worker.key,
        partition=0,
        offset=0,
    )


async def events(db: Database, people: int) -> None:
    """Apply everybody, then everybody again with a change; and write the same rows by COPY."""
    told = list(workers(people))
    rates = []
    for turn in ("hired", "changed"):
        began = time.perf_counter()
        for start in range(0, len(told), BATCH):
            async with db.transaction() as conn:
                await record_workers(conn, [envelope(each) for each in told[start : start + BATCH]], datetime.now(UTC))
        rates.append((turn, len(told) / (time.perf_counter() - began)))
        told = [
            each.model_copy(update={"sequence_number": each.sequence_number + 100, "site_code": "NEW"}) for each in told
        ]
    bare = await copied(db, len(told))
    for turn, rate in rates:
        print(f"HR events, {turn:8} {rate:>8,.0f} workers/s   bare batches {bare:>8,.0f}   ratio {rate / bare:.2f}")


async def copied(db: Database, people: int) -> float:
    """The ceiling: the rows of the first turn, read back, into the same tables emptied, by executemany in batches."""
    rows: dict[str, list[Any]] = {}
    async with db.transaction() as conn:
        for table in TABLES:
            wide = 2 if table == "outbox" else 1
            rows[table] = list(await conn.fetch(f"SELECT * FROM {table} LIMIT $1", people * wide))
        await conn.execute("TRUNCATE worker_records, people, outbox CASCADE")
    began = time.perf_counter()
    for start in range(0, people, BATCH):
        async with db.transaction() as conn:
            for table in TABLES:
                wide = 2 if table == "outbox" else 1
                await _insert(conn, table, rows[table][start * wide : (start + BATCH) * wide])
    return people / (time.perf_counter() - began)


async def _insert(conn: Connection, table: str, rows: list[Any]) -> None:
    if rows:
        marks = ", ".join(f"${at}" for at in range(1, len(rows[0]) + 1))
        await conn.executemany(f"INSERT INTO {table} VALUES ({marks})", [tuple(row.values()) for row in rows])


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
        done = await feeds.finish(conn, feed_id)
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
                    await conn.execute("TRUNCATE worker_records, people, outbox, feeds CASCADE")
                await {"events": events, "snapshot": snapshot}[what](db, asked.people)
            await db.close()
        server.remove()
    print(f"memory at most {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


if __name__ == "__main__":
    asyncio.run(main())
