"""Dead letters and parked keys in an operator's hands: tried first, in order, byte for byte, and on the record."""

import asyncio
import getpass
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any
from uuid import UUID, uuid4

import pytest
from typer.testing import CliRunner, Result

from shared import deadletters, redrive, sql
from shared.consumer import Handlers
from shared.db import Connection
from shared.deadletters import NotReplayable
from shared.envelope import Envelope
from shared.events.sessions import ParticipationChanged
from shared.redrive import Selection
from shared.refusal import Refused
from shared.runner import cli
from tests.faults.world import World
from tests.fixtures import register, register_process

pytestmark = pytest.mark.real_broker
TOPIC = ParticipationChanged.topic.name
DELIVERY = sql.load("shared", "delivery")
Command = Callable[..., Awaitable[Result]]


@pytest.fixture
def run(world: World, monkeypatch: pytest.MonkeyPatch) -> Command:
    """Types a command of `dead-letters`."""
    monkeypatch.setenv("LATERAL_DATABASE_URL", world.settings.database_url)

    async def type_(*words: str) -> Result:
        return await asyncio.to_thread(CliRunner().invoke, cli(register_process.SERVICE), ["dead-letters", *words])

    return type_


class Impossible(Refused):
    """The toy rule says no."""


async def refused(world: World, *keys: UUID) -> None:
    """Two versions of each key, the first of which a rule refuses."""

    async def refuse(conn: Connection, envelopes: Sequence[Envelope[Any]]) -> None:
        if any(envelope.data.session_id in keys and envelope.data.version == 1 for envelope in envelopes):
            raise Impossible("not the first")
        await register.apply(conn, envelopes)

    await world.write(*keys, *keys)
    await world.publish()
    await world.consume({ParticipationChanged: refuse})


async def letters(world: World, state: str) -> int:
    async with world.db.acquire() as conn:
        found: int = await conn.fetchval("SELECT count(*) FROM dead_letters WHERE state = $1", state)
    return found


async def again(
    world: World, selection: Selection, handler: Any = register.apply, *, dry: bool
) -> list[redrive.Outcome]:
    handlers: Handlers = {ParticipationChanged: handler}
    found = redrive.redrive(world.db, "metrics", handlers, selection, rate=1e6, dry=dry)
    return [outcome async for outcome in found]


async def test_a_dry_run_says_what_would_happen_and_changes_nothing(world: World) -> None:
    await refused(world, uuid4(), uuid4())
    tried = await again(world, Selection(reason="refused"), dry=True)
    assert [(outcome.letters, outcome.problem) for outcome in tried] == [(2, None), (2, None)]
    assert (await letters(world, "open"), await letters(world, "replayed")) == (4, 0)
    assert await again(world, Selection(reason="refused"), dry=False) == tried
    assert (await letters(world, "open"), await letters(world, "replayed")) == (0, 4)
    assert await world.anomalies() == []
    async with world.db.acquire() as conn:
        actions = [row["action"] for row in await conn.fetch("SELECT action FROM audit")]
    assert actions == ["dead-letters.replay"] * 2


async def test_a_key_that_fails_again_stays_whole_and_others_go_on(world: World) -> None:
    bad, good = uuid4(), uuid4()
    await refused(world, bad, good)

    async def fail_one(conn: Connection, envelopes: Sequence[Envelope[Any]]) -> None:
        await register.apply(conn, envelopes)
        if any(envelope.data.session_id == bad and envelope.data.version > 1 for envelope in envelopes):
            raise ValueError("not yet")

    outcomes = await again(world, Selection(topic=TOPIC), fail_one, dry=False)
    assert sorted(outcome.problem or "" for outcome in outcomes) == ["", "ValueError: not yet"]
    assert (await letters(world, "open"), await letters(world, "replayed")) == (2, 2)
    async with world.db.acquire() as conn:
        assert {row["key"] for row in await conn.fetch("SELECT key FROM effects")} == {good}


async def test_what_is_kept_of_a_record_is_what_came_byte_for_byte(world: World) -> None:
    key = uuid4()
    await refused(world, key)
    async with world.db.acquire() as conn:
        rows = await conn.fetch("SELECT * FROM dead_letters ORDER BY id")
        kept = [await deadletters.opened(conn, row) for row in rows]
        sent = await conn.fetch(
            "SELECT value, header_names, header_values FROM outbox WHERE topic = $1 ORDER BY id", TOPIC
        )
    assert [(raw.value, [n for n, _ in raw.headers], [v for _, v in raw.headers]) for raw in kept] == [
        tuple(row) for row in sent
    ]
    assert not [
        row for row in rows if b"person_id" in row["value"] or str(key).encode() in b"".join(row["header_values"])
    ]


async def test_a_key_parked_by_hand_waits_in_order_until_it_is_let_go(world: World) -> None:
    key, other = uuid4(), uuid4()
    async with world.db.transaction() as conn:
        await redrive.park(conn, "metrics", TOPIC, str(key))
        with pytest.raises(NotReplayable, match="carries full state"):
            await redrive.park(conn, "metrics", "directory.people", str(key))
    await world.write(key, other, key)
    await world.publish()
    await world.consume()
    assert await letters(world, "open") == 2
    async with world.db.transaction() as conn:
        assert await redrive.unpark(conn, "metrics", register.HANDLERS, TOPIC, str(key)) == 2
        with pytest.raises(NotReplayable, match="not parked"):
            await redrive.unpark(conn, "metrics", register.HANDLERS, TOPIC, str(key))
    await world.write(key)
    await world.publish()
    await world.consume()
    assert await letters(world, "open") == 0
    assert await world.anomalies() == []


async def test_the_rate_holds_for_the_letters_of_one_key(world: World) -> None:
    key, count, rate = uuid4(), 10, 20.0
    await refused(world, key)
    await world.write(*[key] * (count - 2))
    await world.publish()
    await world.consume()
    began = time.monotonic()
    handlers: Handlers = {ParticipationChanged: register.apply}
    found = redrive.redrive(world.db, "metrics", handlers, Selection(), rate=rate, dry=False)
    assert [(outcome.letters, outcome.problem) async for outcome in found] == [(count, None)]
    assert time.monotonic() - began >= (count - 1) / rate
    assert await world.anomalies() == []


async def test_what_an_operator_does_to_keys_and_consumers_is_done_and_on_the_record(
    world: World, run: Command
) -> None:
    key, name = uuid4(), "metrics"
    assert (await run("park", TOPIC, str(key))).output == "parked\n"
    assert "0 waiting, parked by hand" in (await run("keys")).output
    await world.write(key, key)
    await world.publish()
    await world.consume()
    assert await letters(world, "open") == 2
    assert "2 waiting" in (await run("keys")).output
    assert (await run("unpark", TOPIC, str(key))).output == "unparked, 2 handled\n"
    refusal = await run("unpark", TOPIC, str(key))
    assert (refusal.exit_code, refusal.output) == (1, "that key is not parked\n")
    assert await letters(world, "replayed") == 2
    assert await world.anomalies() == []
    async with world.db.transaction() as conn:
        await conn.execute(DELIVERY.stop_consumer, name, "a hundred in a row")
    assert (await run("resume")).output == "may go on; it had stopped because a hundred in a row\n"
    async with world.db.acquire() as conn:
        assert await conn.fetchval("SELECT count(*) FROM consumer_stops") == 0
        lines = await conn.fetch("SELECT actor, action, object, outcome FROM audit ORDER BY id")
    who = f"operator:{getpass.getuser()}"
    assert [tuple(line) for line in lines] == [
        (who, "dead-letters.park", f"{name}/keys/{TOPIC}", 200),
        (who, "dead-letters.unpark", f"{name}/keys/{TOPIC}", 200),
        (who, "consumer.resume", name, 200),
    ]


async def test_the_command_tries_first_shows_only_shapes_and_asks_for_a_reason(world: World, run: Command) -> None:
    await refused(world, uuid4())
    first, second = sorted([row["id"] for row in await _all(world)])
    assert "2 waiting" in (await run("keys")).output
    assert "reason" in (await run("replay")).output
    assert (await run("replay", "--reason", "refused")).output.splitlines()[-1].startswith("2 would be replayed")
    shown = (await run("show", str(first))).output
    assert '"person_id": "text of 36"' in shown
    assert "attended" not in shown
    assert "attended" in (await run("show", str(first), "--reveal")).output
    assert (await run("discard", str(first), "--why", "a test")).output == f"discarded {first}\n"
    assert (await run("discard", str(first), "--why", "a test")).exit_code == 1
    assert (await run("replay", str(second), "--apply")).output.splitlines()[-1] == "replayed 1, left 0"
    assert (await run("list")).output == "no open dead letters\n"
    assert (await run("keys")).output == "no parked keys\n"
    async with world.db.acquire() as conn:
        lines = [row["action"] for row in await conn.fetch("SELECT action FROM audit ORDER BY id")]
    assert lines == ["dead-letters.reveal", "dead-letters.discard", "dead-letters.replay"]


async def _all(world: World) -> list[Any]:
    async with world.db.acquire() as conn:
        return list(await conn.fetch("SELECT id FROM dead_letters"))
