"""The outbox's measured rules: nothing skipped, nothing marked before it is delivered, one leader."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest

from shared import outbox, sql
from shared.db import Database, connect
from shared.envelope import MAX_BYTES, TooLarge
from shared.events.directory import PersonErased
from shared.kafka import KafkaError
from shared.relay import LOCK, Relay
from shared.settings import Settings
from tests.fixtures.delivery import BrokenBroker, append, consuming, effects_table, participation, publish_all, until

SQL = sql.load("shared", "delivery")

pytestmark = pytest.mark.real_broker


async def test_an_event_that_becomes_visible_late_is_still_published(on_kafka: Settings, db: Database) -> None:
    slow, fast = await connect(on_kafka), await connect(on_kafka)
    late = slow.transaction()
    await late.start()
    await outbox.append(slow, participation(uuid4(), 1))
    await outbox.append(fast, participation(uuid4(), 1))
    assert await publish_all(on_kafka) == 1
    await late.commit()
    assert await publish_all(on_kafka) == 1
    await slow.close()
    await fast.close()


async def test_a_rolled_back_change_tells_nobody(on_kafka: Settings, db: Database) -> None:
    async def change_and_fail() -> None:
        async with db.transaction() as conn:
            await outbox.append(conn, participation(uuid4(), 1))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await change_and_fail()
    assert await publish_all(on_kafka) == 0


async def test_an_event_that_no_broker_would_take_never_enters_the_outbox(db: Database) -> None:
    """Row 28."""
    huge = participation(uuid4(), 1).model_copy(update={"format": "f" * MAX_BYTES})
    with pytest.raises(TooLarge) as refused:
        await append(db, participation(uuid4(), 1), huge)
    assert (refused.value.status, str(MAX_BYTES) in refused.value.detail) == (413, True)
    async with db.acquire() as conn:
        assert await conn.fetchval("SELECT count(*) FROM outbox") == 0


async def test_a_change_and_its_event_are_written_together_or_not_at_all(db: Database) -> None:
    change = "UPDATE things SET version = version + 1 WHERE id = $1 AND version = $2 RETURNING true"
    async with db.transaction() as conn:
        await conn.execute("CREATE TABLE things (id int, version int)")
        await conn.execute("INSERT INTO things VALUES (1, 1)")
        event = participation(uuid4(), 2)
        assert await outbox.append_with(conn, event, change, 1, 1)
        assert not await outbox.append_with(conn, event, change, 1, 1)
        with outbox.muted():
            assert await outbox.append_with(conn, event, change, 1, 2)
            assert not await outbox.append_with(conn, event, change, 1, 2)
        assert await conn.fetchval("SELECT version FROM things") == 3
        (row,) = await conn.fetch("SELECT topic, key, header_names, header_values, value FROM outbox")
        (made,) = await outbox.prepare([(event, None)])
        kept = dict(zip(row["header_names"], row["header_values"], strict=True))
        assert (row["topic"], row["key"], row["value"]) == (made[0], made[1], made[4])
        assert (tuple(kept), kept["ce_sequence"]) == (made[2], b"000000000002")


async def test_many_events_at_once_are_kept_word_for_word(db: Database) -> None:
    rows = await outbox.prepare([(participation(uuid4(), 1), None), (PersonErased(person_id=uuid4()), None)])
    rows += [("a", "ü", ("none",), [], None), ("b", "k", ("x", "y"), [b"", b"\0\xff"], b"")]
    async with db.transaction() as conn:
        await outbox.write(conn, rows)
        kept = await conn.fetch("SELECT topic, key, header_names, header_values, value FROM outbox ORDER BY id")
    assert [tuple(row) for row in kept] == [
        (topic, key, list(names), list(values), value) for topic, key, names, values, value in rows
    ]


class Noting:
    """A client that notes where records go."""

    def __init__(self) -> None:
        self.topics: list[str] = []

    async def send(self, topic: str, **_: Any) -> "asyncio.Future[None]":
        self.topics.append(topic)
        delivery: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        delivery.set_result(None)
        return delivery


async def test_an_event_of_a_topic_that_only_newer_code_knows_is_published(on_kafka: Settings, db: Database) -> None:
    """While a release is rolled out the older worker may lead: it publishes what the newer API has appended."""
    await append(db, participation(uuid4(), 1))
    conn, client = await connect(on_kafka), Noting()
    await conn.execute("UPDATE outbox SET topic = 'newer.facts'")
    anybody: Any = client
    assert await Relay(on_kafka).publish_batch(conn, anybody) == 1
    assert client.topics == [f"{on_kafka.topic_prefix}newer.facts"]
    await conn.close()


async def test_nothing_is_marked_before_the_broker_has_it(on_kafka: Settings, db: Database) -> None:
    await append(db, participation(uuid4(), 1))
    conn = await connect(on_kafka)
    with pytest.raises(KafkaError):
        await Relay(on_kafka).publish_batch(conn, BrokenBroker())
    assert await conn.fetchval("SELECT count(*) FROM outbox WHERE published_at IS NULL") == 1
    await conn.close()
    assert await publish_all(on_kafka) == 1


async def test_of_two_relays_one_publishes_and_the_order_holds(on_kafka: Settings, db: Database) -> None:
    async with db.transaction() as conn:
        await effects_table(conn)
    stop = asyncio.Event()
    relays = [asyncio.create_task(Relay(on_kafka).run(stop)) for _ in range(2)]
    sessions = [uuid4() for _ in range(5)]
    async with consuming(on_kafka, db):
        for version in range(1, 41):
            await append(db, *(participation(session, version) for session in sessions))
        await until(db, "SELECT count(*) FROM effects", 200)
        leaders = f"SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = {LOCK} AND granted"
        await until(db, f"{leaders} AND database = (SELECT oid FROM pg_database WHERE datname = current_database())", 1)
    stop.set()
    await asyncio.gather(*relays)
    async with db.acquire() as conn:
        rows = await conn.fetch("SELECT key, array_agg(version ORDER BY id) AS versions FROM effects GROUP BY key")
    assert [row["versions"] for row in rows] == [list(range(1, 41))] * 5


async def test_when_the_leader_loses_its_connection_the_other_relay_takes_over(
    on_kafka: Settings, db: Database
) -> None:
    stop = asyncio.Event()
    relays = [asyncio.create_task(Relay(on_kafka).run(stop)) for _ in range(2)]
    await append(db, participation(uuid4(), 1))
    await until(db, "SELECT count(*) FROM outbox WHERE published_at IS NULL", 0)
    async with db.acquire() as conn:
        await conn.execute("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE objid = $1 AND granted", LOCK)
    await append(db, participation(uuid4(), 2))
    await until(db, "SELECT count(*) FROM outbox WHERE published_at IS NULL", 0)
    stop.set()
    await asyncio.gather(*relays)


async def test_old_published_partitions_are_dropped_and_unpublished_ones_kept(db: Database) -> None:
    async with db.transaction() as conn:
        for days in (20, 30):
            await conn.execute(
                f"""CREATE TABLE outbox_{"{}"} PARTITION OF outbox FOR VALUES FROM ('{{}}') TO ('{{}}')""".format(
                    await conn.fetchval("SELECT to_char(current_date - $1::int, 'YYYYMMDD')", days),
                    await conn.fetchval("SELECT current_date - $1::int", days),
                    await conn.fetchval("SELECT current_date - $1::int + 1", days),
                )
            )
            await conn.execute(
                """INSERT INTO outbox (created_at, topic, key, header_names, header_values, published_at)
                   VALUES (current_date - $1::int, 't', 'k', '{}', '{}', CASE WHEN $1 = 30 THEN now() END)""",
                days,
            )
        await conn.execute(SQL.maintain_outbox)
        left = await conn.fetchval("SELECT count(*) FROM outbox")
        ahead = await conn.fetchval("SELECT count(*) FROM pg_inherits WHERE inhparent = 'outbox'::regclass")
    assert left == 1
    assert ahead == 1 + 1 + 3
