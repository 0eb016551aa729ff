"""The ledger: what was produced beside what was taken, by topic and day."""

from datetime import datetime, timedelta, tzinfo
from uuid import uuid4

import pytest

from shared.db import Database
from shared.events.sessions import ParticipationChanged
from shared.kafka import apply_topics, reader
from shared.ledger import Ledger, completeness
from shared.settings import Settings
from tests.fixtures.delivery import append, consuming, effects_table, participation, publish_all, until

pytestmark = pytest.mark.real_broker


async def test_the_ledger_counts_what_was_produced_and_what_was_taken(on_kafka: Settings, db: Database) -> None:
    async with db.transaction() as conn:
        await effects_table(conn)
    await append(db, *(participation(uuid4(), 1) for _ in range(25)))
    await publish_all(on_kafka)
    async with consuming(on_kafka, db) as consumer:
        await until(db, "SELECT count(*) FROM effects", 25)
        client = reader(on_kafka)
        await client.start()
        await Ledger(on_kafka, db, consumer.topics).compare(client)
        await client.stop()
    async with db.acquire() as conn:
        [entry] = await completeness(conn, "metrics")
    assert (entry.topic, entry.produced, entry.ingested) == ("sessions.participation", 25, 25)


@pytest.mark.parametrize("hours", [-24, 24])
async def test_a_clock_that_is_wrong_about_the_day_finds_nothing_missing(
    hours: int, on_kafka: Settings, db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Row 23: a worker an hour behind, shortly after midnight, and one an hour ahead, shortly before."""

    class Clock(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> "Clock":
            return super().now(tz) + timedelta(hours=hours)

    async with db.transaction() as conn:
        await effects_table(conn)
    await append(db, *(participation(uuid4(), 1) for _ in range(5)))
    await publish_all(on_kafka)
    async with consuming(on_kafka, db) as consumer:
        await until(db, "SELECT count(*) FROM effects", 5)
        ledger = Ledger(on_kafka, db, consumer.topics)
        client = reader(on_kafka)
        await client.start()
        with monkeypatch.context() as wrong:
            wrong.setattr("shared.ledger.datetime", Clock)
            await ledger.compare(client)
            assert await ledger.compare(client) == 0
        await ledger.compare(client)
        assert await ledger.compare(client) == 0
        await client.stop()
    async with db.acquire() as conn:
        [entry] = await completeness(conn, "metrics")
    assert (entry.produced, entry.ingested) == (5, 5)


async def test_the_ledger_finds_a_topic_that_is_made_after_it_has_looked(
    chassis: Settings, bootstrap: str, db: Database
) -> None:
    settings = chassis.model_copy(update={"kafka_bootstrap": bootstrap, "topic_prefix": f"late-{uuid4().hex}-"})
    ledger = Ledger(settings, db, [ParticipationChanged.topic])
    client = reader(settings)
    await client.start()
    await ledger.compare(client)
    await apply_topics(settings)
    await append(db, participation(uuid4(), 1))
    await publish_all(settings)
    await ledger.compare(client)
    await client.stop()
    async with db.acquire() as conn:
        assert [entry.produced for entry in await completeness(conn, "metrics")] == [1]
