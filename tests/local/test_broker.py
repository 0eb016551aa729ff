"""One contract for both local brokers: what is acknowledged or committed survives a restart."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from deploy.local.apache_kafka import ApacheKafka, missing_tools
from deploy.local.broker import Broker, EmbeddedBroker
from deploy.local.ports import free_port, listen
from deploy.local.processes import StartFailed

pytestmark = pytest.mark.asyncio
TOPIC = "directory.people"
RECORDS = [(b"key-%d" % (number % 7), b"value-%d" % number) for number in range(200)]


@pytest_asyncio.fixture(params=["embedded", "apache"])
async def broker(request: pytest.FixtureRequest, state: Path) -> AsyncIterator[Broker]:
    """A running broker with one topic of three partitions."""
    if request.param == "embedded":
        made: Broker = EmbeddedBroker(state, free_port())
    elif missing := missing_tools():
        reason = f"NOT PROVED on Apache Kafka: {' and '.join(missing)} missing on the PATH"
        pytest.skip(reason)
    else:
        made = ApacheKafka(state, free_port(), free_port())
    await made.start()
    try:
        admin = AIOKafkaAdminClient(bootstrap_servers=made.bootstrap)
        await admin.start()
        await admin.create_topics([NewTopic(TOPIC, 3, 1)])
        await admin.close()
        yield made
    finally:
        await made.stop()


async def produce(broker: Broker) -> None:
    """Every record, acknowledged, by an idempotent producer."""
    async with AIOKafkaProducer(
        bootstrap_servers=broker.bootstrap, enable_idempotence=True, compression_type="lz4"
    ) as producer:
        sent = [await producer.send(TOPIC, key=key, value=value, headers=[("n", key)]) for key, value in RECORDS]
        for delivery in sent:
            await delivery


async def consume(broker: Broker, group: str, count: int) -> list[tuple[bytes, bytes]]:
    """`count` records for a group, with their offsets committed, in order per partition."""
    async with AIOKafkaConsumer(
        TOPIC,
        bootstrap_servers=broker.bootstrap,
        group_id=group,
        group_instance_id=f"{group}-1",
        enable_auto_commit=False,
        auto_offset_reset="earliest",
    ) as consumer:
        got: list[tuple[bytes, bytes]] = []
        while len(got) < count:
            polled = await consumer.getmany(timeout_ms=500, max_records=count - len(got))
            for partition, records in polled.items():
                got.extend((record.key, record.value) for record in records)
                await consumer.commit({partition: records[-1].offset + 1})
        return got


async def test_a_group_reads_every_record_in_order_and_goes_on_where_it_committed(broker: Broker) -> None:
    await produce(broker)
    first = await consume(broker, "matching", 80)
    rest = await consume(broker, "matching", len(RECORDS) - 80)
    assert sorted(first + rest) == sorted(RECORDS)
    for key in {key for key, _ in RECORDS}:
        assert [pair for pair in first + rest if pair[0] == key] == [pair for pair in RECORDS if pair[0] == key]


async def test_records_and_commits_survive_a_restart(broker: Broker) -> None:
    await produce(broker)
    first = await consume(broker, "matching", 80)
    await broker.stop()
    await broker.start()
    rest = await consume(broker, "matching", len(RECORDS) - 80)
    assert sorted(first + rest) == sorted(RECORDS)
    assert sorted(await consume(broker, "metrics", len(RECORDS))) == sorted(RECORDS)


async def test_two_members_share_the_partitions(broker: Broker) -> None:
    async with asyncio.timeout(60):
        await share(broker)


async def share(broker: Broker) -> None:
    """Two members of one group, until each partition belongs to exactly one of them."""
    await produce(broker)
    options = {"bootstrap_servers": broker.bootstrap, "group_id": "sessions", "enable_auto_commit": False}
    everything = {TopicPartition(TOPIC, number) for number in range(3)}
    async with (
        AIOKafkaConsumer(TOPIC, group_instance_id="a", **options) as a,
        AIOKafkaConsumer(TOPIC, group_instance_id="b", **options) as b,
    ):
        while not (a.assignment() and b.assignment() and a.assignment() ^ b.assignment() == everything):
            await a.getmany(timeout_ms=50)
            await b.getmany(timeout_ms=50)


async def test_a_stranger_on_the_port_is_never_taken_for_ours(state: Path) -> None:
    port = free_port()
    with listen(port), pytest.raises(StartFailed, match=f"somebody else listens on port {port}"):
        await EmbeddedBroker(state, port).start()
