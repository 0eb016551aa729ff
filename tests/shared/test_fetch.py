"""What one poll takes: something of every topic that has something."""

import asyncio
from uuid import uuid4

import pytest

from shared.envelope import encode
from shared.events.directory import PersonErased
from shared.kafka import AIOKafkaConsumer, Record, TopicPartition, apply_topics, fetch, quiet, reader
from shared.settings import Settings
from tests.fixtures.delivery import SECONDS, participation, producing, wire

pytestmark = pytest.mark.real_broker


async def all_of(client: AIOKafkaConsumer, milliseconds: int, most: int) -> list[Record]:
    return [record async for _, records in fetch(client, milliseconds, most) for record in records]


async def test_a_topics_backlog_leaves_room_for_the_others(on_kafka: Settings) -> None:
    await apply_topics(on_kafka)
    session, events = uuid4(), [PersonErased(person_id=uuid4())] * 30
    async with producing(on_kafka) as client:
        for event in (*(participation(session, version) for version in range(1, 31)), *events):
            headers, value = encode(event, {})
            await client.send_and_wait(wire(on_kafka, event), value, event.key.encode(), headers=headers)
    one = reader(on_kafka)
    await one.start()
    try:
        topics = {wire(on_kafka, event) for event in (participation(session, 1), events[0])}
        one.assign([TopicPartition(topic, number) for topic in topics for number in range(6)])
        await one.seek_to_beginning()
        async with asyncio.timeout(SECONDS):
            while {place.topic for place in one._fetcher._records} != topics:  # noqa: ASYNC110 - the client tells nobody
                await asyncio.sleep(0.01)
        taken = [(record.topic, record.offset) for record in await all_of(one, 0, 12)]
        offsets = [[at for each, at in taken if each == topic] for topic in topics]
        assert sorted(map(len, offsets)) == [4, 8]  # a third each, and the last third is whoever's comes first
        assert all(each == list(range(len(each))) for each in offsets)
    finally:
        await one.stop()


async def test_quiet_is_what_was_read_to_its_end(on_kafka: Settings) -> None:
    await apply_topics(on_kafka)
    session = uuid4()
    topic = wire(on_kafka, participation(session, 1))
    places = {TopicPartition(topic, number) for number in range(6)}
    one = reader(on_kafka)

    async def send(*versions: int) -> TopicPartition:
        async with producing(on_kafka) as client:
            for version in versions:
                event = participation(session, version)
                headers, value = encode(event, {})
                told = await client.send_and_wait(topic, value, event.key.encode(), headers=headers)
        return TopicPartition(topic, told.partition)

    async def become(expected: set[TopicPartition]) -> None:
        async with asyncio.timeout(SECONDS):
            while set(quiet(one)) != expected:  # noqa: ASYNC110 - the client tells nobody
                await asyncio.sleep(0.01)

    busy = await send(1, 2, 3, 4)
    one.assign(places)
    assert quiet(one) == []  # nobody has been asked
    await one.start()
    try:
        await one.seek_to_beginning()
        await become(places - {busy})
        async with asyncio.timeout(SECONDS):
            assert [record.offset for record in await all_of(one, 60_000, 3)] == [0, 1, 2]
            await become(places - {busy})
            assert [record.offset for record in await all_of(one, 60_000, 3)] == [3]
            await become(places)
            await send(5)
            await become(places - {busy})
            assert [record.offset for record in await all_of(one, 60_000, 3)] == [4]
    finally:
        await one.stop()
