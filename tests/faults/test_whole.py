"""Nothing is missing, and what is missing is noticed: reconciliation, rebuilding, retention, slow work, rebalances."""

import asyncio
import json
import os
from collections.abc import Sequence
from typing import Any
from uuid import uuid4

import pytest
from confluent_kafka import TopicPartition as Place
from confluent_kafka.admin import AdminClient, NewPartitions

import shared.consumer
from shared.consumer import Consumer
from shared.db import Connection, Database
from shared.envelope import Envelope
from shared.events.sessions import ParticipationChanged
from shared.kafka import AIOKafkaConsumer, reader, wire_name
from shared.ledger import Ledger
from shared.rebuild import NotEmpty, differences, rebuild
from shared.reconcile import Reconciler
from shared.refusal import Refused
from shared.telemetry import CONSUMER_BEHIND, RECONCILE_MISSING
from tests.conftest import NewDatabase
from tests.faults.world import World
from tests.fixtures import register
from tests.fixtures.delivery import SECONDS, append, participation

pytestmark = pytest.mark.real_broker
TOPIC = ParticipationChanged.topic
READ_MODELS = {"model": (), "effects": ("id",)}


class TooEarly(Refused):
    """What it rests on has not come yet."""


async def test_an_event_that_was_never_applied_is_found_and_forgotten_once_it_is(world: World) -> None:
    keys = [uuid4() for _ in range(5)]
    await world.write(*keys)
    await world.publish()
    await world.consume()
    reconciler = Reconciler(world.settings, world.db, register.HANDLERS)
    async with world.db.transaction() as conn:
        lost = await conn.fetchrow("DELETE FROM inbox WHERE event_id = (SELECT min(event_id) FROM inbox) RETURNING *")
    assert lost
    assert await reconciler.reconcile() == 1
    assert await reconciler.reconcile() == 1
    client = reader(world.settings)
    await client.start()
    await Ledger(world.settings, world.db, [TOPIC]).compare(client)
    await client.stop()
    assert RECONCILE_MISSING._value.get() >= 1
    async with world.db.transaction() as conn:
        [found] = await reconciler.found(conn)
        assert (found.topic, found.checked, found.missing) == (TOPIC.name, 5, 1)
        await conn.execute("INSERT INTO inbox VALUES ($1, $2, $3)", lost["consumer"], lost["source"], lost["event_id"])
    assert await reconciler.reconcile() == 0
    async with world.db.acquire() as conn:
        said = await conn.fetch("SELECT value FROM outbox WHERE topic = 'metrics.reconciliations' ORDER BY id")
    assert [json.loads(row["value"])["missing"] for row in said] == [1, 1, 0]


async def test_a_rebuilt_read_model_is_the_live_one_and_nobody_is_told_again(
    world: World, new_database: NewDatabase
) -> None:
    """Row 31."""

    async def tell(conn: Connection, envelopes: Sequence[Envelope[Any]]) -> None:
        from shared import outbox  # noqa: PLC0415

        await register.apply(conn, envelopes)
        await outbox.append_all(conn, [(participation(uuid4(), 1), envelope) for envelope in envelopes])

    keys = [uuid4() for _ in range(20)]
    for _ in range(5):
        await world.write(*keys)
    await world.publish()
    await world.consume()
    empty = world.settings.model_copy(update={"database_url": await new_database("shared")})
    made = await Database.connect(empty)
    await register.prepare(made)
    assert await rebuild(empty, made, {ParticipationChanged: tell}) == 100
    async with world.db.acquire() as live, made.acquire() as rebuilt:
        assert await differences(live, rebuilt, {"model": ()}) == {}
        assert await rebuilt.fetchval("SELECT count(*) FROM outbox") == 0
        await rebuilt.execute("UPDATE model SET version = version + 1 WHERE key = $1", keys[0])
        assert list(await differences(live, rebuilt, {"model": ()})) == ["model"]
    with pytest.raises(NotEmpty):
        await rebuild(empty, made, register.HANDLERS)
    await made.close()


async def test_what_a_rule_refused_for_a_moment_is_in_a_rebuilt_read_model(
    world: World, new_database: NewDatabase
) -> None:
    first, second = uuid4(), uuid4()

    async def second_comes_first(conn: Connection, envelopes: Sequence[Envelope[Any]]) -> None:
        for envelope in envelopes:
            known = await conn.fetchval("SELECT count(*) FROM model WHERE key = $1", second)
            if envelope.key == str(first) and not known:
                raise TooEarly("the other one is not known")
        await register.apply(conn, envelopes)

    for key in (first, second):
        await world.write(key)
        await world.publish()
    await world.consume()
    one_by_one = {"database_url": await new_database("shared"), "batch_size": 1}
    empty = world.settings.model_copy(update=one_by_one)
    made = await Database.connect(empty)
    await register.prepare(made)
    await rebuild(empty, made, {ParticipationChanged: second_comes_first})
    async with world.db.acquire() as live, made.acquire() as rebuilt:
        assert await differences(live, rebuilt, {"model": ()}) == {}
        assert await rebuilt.fetchval("SELECT state FROM dead_letters") == "replayed"
    await made.close()


async def test_records_that_the_log_dropped_before_they_were_read_are_noticed(world: World, bootstrap: str) -> None:
    """Row 12."""
    if os.environ.get("LATERAL_LOCAL_BROKER") != "apache":
        pytest.skip("the development broker drops no records: `make test-kafka`")
    key = uuid4()
    await world.write(key)
    await world.publish()
    await world.consume()
    await world.write(key, key, key)
    await world.publish()
    number = next(r["partition"] for r in await _positions(world))
    place = Place(wire_name(world.settings, TOPIC), number, 3)
    admin = AdminClient({"bootstrap.servers": bootstrap})  # a client that is let go takes its answers with it
    await asyncio.to_thread(next(iter(admin.delete_records([place]).values())).result, SECONDS)
    client = reader(world.settings)
    await client.start()
    await Ledger(world.settings, world.db, [TOPIC]).compare(client)
    await client.stop()
    assert CONSUMER_BEHIND._value.get() == 2


async def _positions(world: World) -> list[Any]:
    async with world.db.acquire() as conn:
        return list(await conn.fetch("SELECT partition FROM consumed_positions WHERE next_offset > 0"))


async def test_slow_work_pauses_its_partitions_and_skips_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Row 26."""
    monkeypatch.setattr(shared.consumer, "SLOW_SECONDS", 0.01)
    paused: list[int] = []
    client_of: list[AIOKafkaConsumer] = []
    keep = Consumer._keep_polling

    async def watched(self: Consumer, client: AIOKafkaConsumer, milliseconds: int) -> None:
        client_of.append(client)
        await keep(self, client, milliseconds)
        paused.append(len(client.paused()))

    async def slow(conn: Connection, envelopes: Sequence[Envelope[Any]]) -> None:
        while len(paused) < 3:  # noqa: ASYNC110 - as slow as it takes
            await asyncio.sleep(0.01)
        await register.apply(conn, envelopes)

    monkeypatch.setattr(Consumer, "_keep_polling", watched)
    await world.write(*(uuid4() for _ in range(30)))
    await world.publish()
    await world.consume({ParticipationChanged: slow})
    assert min(paused) == TOPIC.partitions
    assert client_of[0].paused() == set()
    assert await world.anomalies() == []


async def test_records_that_a_rebalance_brings_while_nothing_is_wanted_are_read_later(world: World) -> None:
    """A partition assigned in the middle of a poll is not paused: what it gives must be given back."""
    await world.write(*[uuid4()] * 4)
    await world.publish()
    client = reader(world.settings)
    await client.start()
    try:
        place = next(p for p, end in (await client.end_offsets(await _places(world, client))).items() if end)
        client.assign([place])
        await client.seek_to_beginning()
        client.pause = lambda *_: None  # the assignment came after the pause
        await Consumer(world.settings, world.db, register.HANDLERS)._keep_polling(client, 1000)
        assert await client.position(place) == 0
    finally:
        await client.stop()


async def _places(world: World, client: AIOKafkaConsumer) -> list[Any]:
    from shared.kafka import partitions  # noqa: PLC0415

    return (await partitions(world.settings, [TOPIC]))[TOPIC.name]


async def test_partitions_added_to_a_live_topic_are_counted(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Row 24."""
    monkeypatch.setattr("shared.ledger.AGAIN_SECONDS", -1)
    ledger = Ledger(world.settings, world.db, [TOPIC])
    client = reader(world.settings)
    await client.start()
    await ledger.compare(client)
    ledger._partitions = {TOPIC.name: ledger._partitions[TOPIC.name][:1]}  # as it was before they were added
    await append(world.db, *(participation(uuid4(), 1) for _ in range(12)))
    await world.publish()
    await ledger.compare(client)
    await client.stop()
    async with world.db.acquire() as conn:
        assert await conn.fetchval("SELECT sum(records) FROM produced") == 12


async def test_partitions_added_while_a_reader_is_away_are_read_when_it_is_back(world: World, bootstrap: str) -> None:
    """Row 24."""
    await world.write(*(uuid4() for _ in range(12)))
    await world.publish()
    await world.consume()
    name = wire_name(world.settings, TOPIC)
    admin = AdminClient({"bootstrap.servers": bootstrap})
    before = len(admin.list_topics(name, timeout=SECONDS).topics[name].partitions)
    await asyncio.to_thread(admin.create_partitions([NewPartitions(name, 2 * before)])[name].result, SECONDS)
    await world.write(*(uuid4() for _ in range(40)))
    await world.publish()
    await world.consume()
    assert await world.anomalies() == []
    assert {row["partition"] for row in await _positions(world)} - set(range(before))
