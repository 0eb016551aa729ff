"""A worker killed at the worst moments: every event still has its effect, once, in order.

On the real brokers `test_nemeses.py` kills at the same places, and at more.
"""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

import pytest

from shared.db import Database
from shared.envelope import encode
from shared.migrate import BOOK, migrations
from shared.settings import Settings
from tests.fixtures.delivery import SECONDS, append, effects_table, participation, producing, until, wire

pytestmark = pytest.mark.real_broker
PLACES = (
    "outbox.before_publish:2",
    "outbox.while_sending:2",
    "outbox.after_publish:1",
    "consumer.before_store:1",
    "consumer.after_store:1",
    "consumer.after_commit:3",
)


async def start(settings: Settings, crash_at: str = "") -> asyncio.subprocess.Process:
    env = {
        **os.environ,
        "LATERAL_DATABASE_URL": settings.database_url,
        "LATERAL_KAFKA_BOOTSTRAP": settings.kafka_bootstrap,
        "LATERAL_TOPIC_PREFIX": settings.topic_prefix,
        "LATERAL_INSTANCE": settings.instance,
        "LATERAL_BATCH_SIZE": "25",
        "LATERAL_CRASH_AT": crash_at,
        "LATERAL_LOG_LEVEL": "WARNING",
    }
    return await asyncio.create_subprocess_exec(sys.executable, "-m", "tests.fixtures.toy", env=env)


@asynccontextmanager
async def worker(settings: Settings) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await start(settings)
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(process.wait(), SECONDS) == 0


@pytest.mark.parametrize("place", PLACES)
async def test_a_worker_killed_at_any_point_loses_and_doubles_nothing(
    place: str, migrated: Settings, db: Database
) -> None:
    """Rows 1, 2 and 5."""
    sessions = [uuid4() for _ in range(10)]
    doomed = await start(migrated, place)
    death = asyncio.create_task(doomed.wait())
    versions = 0
    try:
        async with asyncio.timeout(SECONDS):
            while not death.done():
                versions += 1
                await append(db, *(participation(session, versions) for session in sessions))
                await asyncio.wait([death], timeout=0.05)
        assert await death == -signal.SIGKILL
    finally:
        if not death.done():
            doomed.kill()
    async with worker(migrated):
        versions += 1  # what only the second worker can do: it has started before it is told to stop
        await append(db, *(participation(session, versions) for session in sessions))
        await until(db, "SELECT count(*) FROM effects", versions * len(sessions))
        await until(db, "SELECT count(*) FROM outbox WHERE published_at IS NULL", 0)
    async with db.acquire() as conn:
        rows = await conn.fetch("SELECT key, array_agg(version ORDER BY id) AS versions FROM effects GROUP BY key")
        assert await conn.fetchval("SELECT count(*) FROM dead_letters") == 0
    assert [row["versions"] for row in rows] == [list(range(1, versions + 1))] * len(sessions)


@pytest.fixture
async def migrated(on_kafka: Settings, db: Database) -> Settings:
    """The toy's table, in a database that says it fits the service whose name the toy borrows."""
    async with db.transaction() as conn:
        await effects_table(conn)
        await conn.execute(BOOK)
        await conn.executemany(
            "INSERT INTO schema_migrations VALUES ($1, $2, $3)",
            [(item.component, item.name, item.checksum) for item in migrations("metrics")],
        )
    return on_kafka


async def test_a_worker_killed_while_it_parks_has_parked_once_afterwards(migrated: Settings, db: Database) -> None:
    event = participation(uuid4(), 1)
    headers, _ = encode(event, {})
    async with producing(migrated) as client:
        await client.send_and_wait(wire(migrated, event), b"{", event.key.encode(), headers=headers)
    doomed = await start(migrated, "consumer.while_parking:1")
    assert await asyncio.wait_for(doomed.wait(), SECONDS) == -signal.SIGKILL
    async with db.acquire() as conn:
        assert await conn.fetchval("SELECT count(*) FROM dead_letters") == 0
    async with worker(migrated):
        await until(db, "SELECT count(*) FROM dead_letters", 1)
        await until(
            db, "SELECT count(*) FROM outbox WHERE topic = 'metrics.dead-letters' AND published_at IS NOT NULL", 1
        )


async def test_a_worker_killed_while_it_stops_leaves_everything_to_the_next(migrated: Settings, db: Database) -> None:
    doomed = await start(migrated, "process.while_stopping:1")
    sessions = [uuid4() for _ in range(5)]
    await append(db, *(participation(session, 1) for session in sessions))
    await until(db, "SELECT count(*) > 0 FROM effects", True)
    await append(db, *(participation(session, 2) for session in sessions))
    doomed.send_signal(signal.SIGTERM)
    assert await asyncio.wait_for(doomed.wait(), SECONDS) == -signal.SIGKILL
    async with worker(migrated):
        await append(db, *(participation(session, 3) for session in sessions))  # it has started before it is stopped
        await until(db, "SELECT count(*) FROM effects", 3 * len(sessions))
    async with db.acquire() as conn:
        assert await conn.fetchval("SELECT count(DISTINCT (key, version)) FROM effects") == 3 * len(sessions)
