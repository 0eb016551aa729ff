"""Metrics: Kafka to committed facts and roll-ups, against raw COPY of the same rows."""

import argparse
import asyncio
import os
import resource
import signal
import time
from datetime import UTC
from typing import Any
from urllib.parse import urlsplit

import uvloop

from bench.metrics_world import Size, fill_people, participations, produce, settled, stack
from services.metrics.consumers import HANDLERS
from shared.consumer import Consumer, Handlers
from shared.db import Database, connect
from shared.events.sessions import ParticipationChanged
from shared.settings import Settings

PEERS = {"quix": ["quixstreams[postgresql]"], "pathway": ["pathway"]}
TAKEN = "SELECT coalesce(sum(next_offset), 0)::int FROM consumed_positions WHERE topic = 'sessions.participation'"
FACTS: Handlers = {ParticipationChanged: HANDLERS[ParticipationChanged]}
COLUMNS = (
    "session_id", "person_id", "month", "starts_at", "version", "programme_id", "format", "unit_path", "state", "role",
    "minutes", "contributions",
)  # fmt: skip


async def raw_copy(settings: Settings, size: Size, batch: int, *, indexed: bool) -> float:
    """Rows a second: the same rows, as finished tuples, by binary COPY into a table with the same keys."""
    conn = await connect(settings)
    await conn.execute("DROP TABLE IF EXISTS bare")
    await conn.execute("CREATE TABLE bare (LIKE participations INCLUDING DEFAULTS)")
    await conn.execute("ALTER TABLE bare ADD PRIMARY KEY (session_id, person_id, month)")
    if indexed:
        await conn.execute("CREATE INDEX ON bare (person_id)")
    rows: list[Any] = [
        (
            fact.session_id, fact.person_id, fact.session_starts_at.date().replace(day=1),
            fact.session_starts_at.astimezone(UTC), fact.version, fact.programme_id, fact.format,
            ["org", "d1", "t21"], fact.state, fact.role, fact.minutes, fact.asked,
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


async def ingest(settings: Settings, db: Database, size: Size) -> float:
    """Events a second from the first record taken to the last one committed."""
    stop = asyncio.Event()
    before, began = time.process_time(), time.perf_counter()
    task = asyncio.create_task(Consumer(settings, db, FACTS).run(stop))
    await settled(db, TAKEN, 1)
    async with db.acquire() as conn:
        first: int = await conn.fetchval(TAKEN)
    before, began = time.process_time(), time.perf_counter()
    await settled(db, TAKEN, size.events)
    taken, cpu = time.perf_counter() - began, time.process_time() - before
    stop.set()
    await task
    print(f"          {cpu / (size.events - first) * 1e6:.0f} us of Python an event")
    return (size.events - first) / taken


async def peer(settings: Settings, name: str, packages: list[str], events: int) -> str:
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
        stderr=asyncio.subprocess.DEVNULL,
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
        return "not within 150 s, or ended: " + (
            (await process.stderr.read()).decode()[-200:] if process.stderr else ""
        )
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
    options.add_argument("--peers", action="store_true", help="also run the peers, each in its own environment")
    asked = options.parse_args()
    size = Size(asked.events, asked.people)
    async with stack(asked.batch) as (settings, _):
        await fill_people(settings, size.people)
        await produce(settings, size)
        db = await Database.connect(settings)
        bare = await raw_copy(settings, size, asked.batch, indexed=False)
        keyed = await raw_copy(settings, size, asked.batch, indexed=True)
        ours = await ingest(settings, db, size)
        print(f"raw COPY  {bare:>9,.0f} rows/s with the key, {keyed:,.0f} with the index on people too")
        print(f"ingest    {ours:>9,.0f} events/s   ratio {ours / bare:.2f} and {ours / keyed:.2f}")
        if asked.peers:
            for name, packages in PEERS.items():
                print(f"{name:<9} {await peer(settings, name, packages, size.events)}, rows alone, no roll-up")
        await db.close()
    print(f"memory    {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB at most")


if __name__ == "__main__":
    uvloop.run(main())
