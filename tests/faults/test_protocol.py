"""What a broker answers when it is in trouble: librdkafka's mock cluster says it on demand."""

import asyncio
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest

from shared.db import Database
from shared.relay import Relay
from shared.settings import Settings
from tests.faults.world import World
from tests.fixtures import register
from tests.fixtures.delivery import SECONDS, until
from tests.fixtures.mock_kafka import FETCH, HEARTBEAT, JOIN_GROUP, OFFSET_COMMIT, PRODUCE, MockKafka

UNPUBLISHED = "SELECT count(*) FROM outbox WHERE published_at IS NULL"
NOT_LEADER, TIMED_OUT, TOO_FEW_REPLICAS, OUT_OF_SEQUENCE, REBALANCING, UNKNOWN_MEMBER = 6, 7, 19, 45, 27, 25


@pytest.fixture
async def mock() -> AsyncIterator[MockKafka]:
    async with MockKafka() as made:
        await made.tell("topic", "sessions.participation", 6)
        yield made


@pytest.fixture
async def world(chassis: Settings, db: Database, mock: MockKafka) -> World:
    await register.prepare(db)
    return World(chassis.model_copy(update={"kafka_bootstrap": mock.bootstrap, "kafka_session_seconds": 6}), db)


async def relayed(world: World) -> None:
    """Run the relay until nothing waits."""
    stop = asyncio.Event()
    relay = asyncio.create_task(Relay(world.settings).run(stop))
    await until(world.db, UNPUBLISHED, 0)
    stop.set()
    await asyncio.wait_for(relay, SECONDS)


@pytest.mark.parametrize("code", [NOT_LEADER, TIMED_OUT, TOO_FEW_REPLICAS, OUT_OF_SEQUENCE])
async def test_a_refused_produce_is_repeated_and_has_one_effect(world: World, mock: MockKafka, code: int) -> None:
    """Row 9."""
    await world.write(*[uuid4()] * 5, *(uuid4() for _ in range(5)))
    await mock.tell("errors", PRODUCE, code, code, code)
    await relayed(world)
    await world.consume()
    assert await world.anomalies() == []


@pytest.mark.parametrize(
    ("api", "code"),
    [(OFFSET_COMMIT, REBALANCING), (JOIN_GROUP, UNKNOWN_MEMBER), (HEARTBEAT, REBALANCING), (FETCH, NOT_LEADER)],
)
async def test_a_refused_reader_goes_on_and_does_nothing_twice(
    world: World, mock: MockKafka, api: int, code: int
) -> None:
    """Row 6."""
    await world.write(*(uuid4() for _ in range(10)))
    await world.publish()
    await mock.tell("errors", api, code, code)
    await world.consume()
    assert await world.anomalies() == []


async def test_while_the_broker_is_down_everything_is_accepted_and_waits(world: World, mock: MockKafka) -> None:
    """Row 10."""
    stop = asyncio.Event()
    relay = asyncio.create_task(Relay(world.settings).run(stop))
    await world.write(uuid4())
    await until(world.db, UNPUBLISHED, 0)
    await mock.tell("down", 1)
    await world.write(*(uuid4() for _ in range(50)))
    await until(world.db, UNPUBLISHED, 50)
    await mock.tell("up", 1)
    await until(world.db, UNPUBLISHED, 0)
    stop.set()
    await asyncio.wait_for(relay, SECONDS)
    await world.consume()
    assert await world.anomalies() == []
