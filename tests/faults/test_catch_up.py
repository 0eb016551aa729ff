"""What workers of an older release had no use for is applied when they have ended, once and in order."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from typer.testing import CliRunner

from shared.catch_up import CatchUp
from shared.consumer import Handlers
from shared.db import Connection
from shared.events.sessions import GroundRulesAcknowledged
from shared.reconcile import Reconciler
from shared.runner import cli
from tests.faults.world import World
from tests.fixtures import register, register_process

pytestmark = pytest.mark.real_broker


async def nothing(_: Connection, __: object) -> None:
    """An older release handles another type of the topic."""


OLDER: Handlers = {GroundRulesAcknowledged: nothing}


async def test_what_an_older_release_skipped_is_applied_and_what_nobody_has_read_waits_for_the_group(
    world: World,
) -> None:
    keys = [uuid4() for _ in range(20)]
    began = datetime.now(UTC) - timedelta(minutes=1)
    for handlers in (OLDER, register.HANDLERS, OLDER):
        await world.write(*keys, *keys)
        await world.publish()
        await world.consume(handlers)
    assert await _effects(world) == 40
    await world.write(*keys)
    await world.publish()
    later = CatchUp(world.settings, world.db, register.HANDLERS)
    assert await later.since(datetime.now(UTC) + timedelta(minutes=1)) == 0
    assert await CatchUp(world.settings, world.db, OLDER).since(began) == 0
    assert await CatchUp(world.settings, world.db, register.HANDLERS).since(began) == 80
    assert await _effects(world) == 120
    assert await CatchUp(world.settings, world.db, register.HANDLERS).since(began) == 0
    async with world.db.acquire() as conn:
        assert await conn.fetchval("SELECT array_agg(DISTINCT version) FROM model") == [6]
        later_ones = "SELECT array_agg(version ORDER BY id) FROM effects WHERE version NOT IN (3, 4) GROUP BY key"
        assert {tuple(row[0]) for row in await conn.fetch(later_ones)} == {(1, 2, 5, 6)}
    await world.consume()
    assert await _effects(world) == 140


async def test_what_an_older_release_skipped_is_noticed_although_that_one_has_looked_since(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    older = Reconciler(world.settings, world.db, OLDER)
    newer = Reconciler(world.settings, world.db, register.HANDLERS)
    await world.write(*[uuid4() for _ in range(5)])
    await world.publish()
    await world.consume()
    assert (await older.reconcile(), await newer.reconcile()) == (0, 0)
    await world.write(*[uuid4() for _ in range(7)])
    await world.publish()
    await world.consume(OLDER)
    assert (await older.reconcile(), await newer.reconcile()) == (0, 7)
    newest = Reconciler(world.settings, world.db, {**register.HANDLERS, **OLDER})  # it begins a day back
    assert await newest.reconcile() == 7
    async with world.db.acquire() as conn:
        assert [(row.checked, row.missing) for row in await newest.found(conn)] == [(12, 7)]
    for name in ("database_url", "kafka_bootstrap", "topic_prefix"):
        monkeypatch.setenv(f"LATERAL_{name.upper()}", getattr(world.settings, name))
    said = await asyncio.to_thread(CliRunner().invoke, cli(register_process.SERVICE), ["catch-up", "--hours", "1"])
    assert said.output == "7 events caught up with\n"
    assert await newer.reconcile() == 0
    async with world.db.acquire() as conn:
        assert [(row.checked, row.missing) for row in await newer.found(conn)] == [(12, 0)]


async def _effects(world: World) -> int:
    async with world.db.acquire() as conn:
        found, different = await conn.fetchrow("SELECT count(*), count(DISTINCT event_id) FROM effects") or (0, 0)
        assert found == different
        return int(found)
