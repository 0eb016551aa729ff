"""A million events wait: how much memory the relay and the consumer take to work them off, each in its own process.

The ceiling is the 250 MB a process may have. The broker is Apache Kafka: the development broker ignores fetch limits.
"""

import argparse
import asyncio
import os
import sys
import tempfile
import time
from pathlib import Path

import asyncpg
import psutil

from bench.bench_delivery import event
from deploy.local.apache_kafka import ApacheKafka
from deploy.local.ports import free_port
from deploy.local.postgres import Postgres
from shared import kafka
from shared.db import Database, connect
from shared.envelope import encode
from shared.outbox import COLUMNS
from shared.settings import Settings, load
from tests.conftest import _migrate
from tests.fixtures import register

LIMIT_MB = 250
CHUNK = 20_000
MULTIPLY = """
INSERT INTO outbox ({columns}, header_values, value)
SELECT {columns},
    header_values[:{at} - 1] || convert_to(gen_random_uuid()::text, 'UTF8') || header_values[{at} + 1:], value
FROM outbox CROSS JOIN generate_series(1, $1::int)
"""


async def fill(settings: Settings, size: int) -> None:
    """The backlog, straight into the outbox: as after a long outage of the broker. Each event has an id of its own."""
    rows = []
    for number in range(CHUNK):
        headers, value = encode(made := event(number), {})
        rows.append((made.topic.name, made.key, [name for name, _ in headers], [text for _, text in headers], value))
    at = rows[0][2].index("ce_id") + 1
    conn = await connect(settings)
    await conn.copy_records_to_table("outbox", records=rows, columns=COLUMNS)
    await conn.execute(MULTIPLY.format(at=at, columns=", ".join(COLUMNS[:3])), size // CHUNK - 1, timeout=120)
    await conn.execute("ANALYZE outbox")
    await conn.close()


async def watch(settings: Settings, query: str, goal: int, seconds: float) -> tuple[int, float, float]:
    """Run a worker until the query says `goal` or the time is over: how far it came, how long, most memory in MB."""
    env = os.environ | {
        "LATERAL_DATABASE_URL": settings.database_url,
        "LATERAL_KAFKA_BOOTSTRAP": settings.kafka_bootstrap,
        "LATERAL_LOG_LEVEL": "ERROR",
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.fixtures.register_process", "worker", env=env
    )
    conn = await asyncpg.connect(settings.database_url)
    try:
        seen, most, began = 0, 0.0, time.perf_counter()
        while seen < goal and time.perf_counter() - began < seconds:
            await asyncio.sleep(0.25)
            most = max(most, psutil.Process(process.pid).memory_info().rss / 1e6)
            seen = await conn.fetchval(query)
        return seen, time.perf_counter() - began, most
    finally:
        await conn.close()
        process.terminate()
        await process.wait()


async def main(size: int, seconds: float) -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as state:
        server, broker = Postgres(Path(state), free_port()), ApacheKafka(Path(state), free_port(), free_port())
        async with server, broker:
            await server.create_service_databases(["metrics"])
            url = server.dsn("metrics", "metrics")
            settings = load(Settings, "metrics", database_url=url, kafka_bootstrap=broker.bootstrap)
            await _migrate("shared", settings)
            await kafka.apply_topics(settings)
            db = await Database.connect(settings)
            await register.prepare(db)
            await db.close()
            await fill(settings, size)
            query = "SELECT coalesce(sum(next_offset), 0)::bigint FROM consumed_positions"
            seen, taken, most = await watch(settings, query, size, seconds)
            conn = await asyncpg.connect(url)
            left = await conn.fetchval("SELECT count(*) FROM outbox WHERE published_at IS NULL")
            await conn.close()
            print(f"backlog   {size:>9,} events in the outbox")
            print(f"published {size - left:>9,} and applied {seen:,} in {taken:.0f} s, by one worker process")
            print(f"memory    {most:>9.0f} MB at most, ratio to the limit of {LIMIT_MB} MB {most / LIMIT_MB:.2f}")
        server.remove()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--size", type=int, default=100_000)
    parser.add_argument("--seconds", type=float, default=45)
    given = parser.parse_args()
    asyncio.run(main(given.size, given.seconds))
