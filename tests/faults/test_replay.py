"""A tenth of the figures of replay and poison: a hundred thousand events three times, a thousand that are none."""

import os

import pytest

from shared.db import connect
from shared.settings import Settings
from tests.conftest import NewDatabase
from tests.faults.world import World
from tests.fixtures import register
from tests.fixtures.replay import VERSIONS, poisoned, publish, redriven, replayed

pytestmark = [
    pytest.mark.real_broker,
    pytest.mark.skipif(os.environ.get("LATERAL_LOCAL_BROKER") != "apache", reason="by `make test-kafka`"),
]
EVENTS = 100_000
HOSTILE = 1_000


async def test_three_replays_of_duplicates_out_of_order_end_alike_and_tell_nobody(
    world: World, new_database: NewDatabase
) -> None:
    """Row 31. All three read the same log, in which each key's versions lie in an order of their own."""
    await publish(world.settings, EVENTS)
    urls = [await new_database("shared") for _ in range(3)]
    found = [await replayed(world.settings, url) for url in urls]
    assert {said["model"] for said, *_ in found} == {found[0][0]["model"]}
    assert found[0][0]["model"].rows == EVENTS // VERSIONS
    assert [told for _, told, _ in found] == [0, 0, 0]
    assert [await not_at_the_end(world.settings, url) for url in urls] == [0, 0, 0]


async def test_a_tenth_of_all_records_is_hostile_and_all_of_them_are_kept(world: World) -> None:
    """Row 16."""
    records = await publish(world.settings, 10 * HOSTILE, HOSTILE)
    _, kept, letters = await poisoned(world.settings, world.db, register.HANDLERS, records)
    assert kept == HOSTILE
    _, handled, failed, wrong = await redriven(world.db, register.HANDLERS)
    assert (handled, failed, wrong) == (letters - HOSTILE, 0, 0)
    async with world.db.acquire() as conn:
        assert await conn.fetchval("SELECT count(DISTINCT event_id) FROM effects") == 10 * HOSTILE
        assert await conn.fetchval("SELECT count(*) FROM effects") == 10 * HOSTILE


async def not_at_the_end(settings: Settings, url: str) -> int:
    """Keys whose last version is not what the read model says."""
    conn = await connect(settings.model_copy(update={"database_url": url}))
    found: int = await conn.fetchval("SELECT count(*) FROM model WHERE version <> $1", VERSIONS)
    await conn.close()
    return found
