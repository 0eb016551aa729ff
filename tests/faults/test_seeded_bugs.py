"""The checker is checked: bugs that delivery systems really have had, each seeded here, each caught.

Every scenario runs twice, with the chassis as it is and with the bug: the first must be clean, or nothing is proved.
"""

import json
from collections.abc import Awaitable, Callable, Sequence
from contextlib import nullcontext, suppress
from typing import Any, get_args
from uuid import uuid4

import pytest

import shared.consumer
from shared import deadletters, inbox, outbox, sql
from shared.batch import Decoded
from shared.consumer import Consumer, Handlers
from shared.db import Connection, Record, connect
from shared.envelope import Envelope, Kept, encode
from shared.events.base import Event
from shared.events.privacy import ErasureCompleted
from shared.events.sessions import ParticipationChanged
from shared.kafka import AIOKafkaConsumer, AIOKafkaProducer, KafkaError, consumer
from shared.rebuild import rebuild
from shared.relay import Relay
from shared.settings import Settings
from tests.faults.history import INVARIANTS, History, Kind, check
from tests.faults.world import Killed, World, committed, kinds
from tests.fixtures import register
from tests.fixtures.delivery import BrokenBroker, participation, producing, wire

SQL = sql.load("shared", "delivery")
pytestmark = pytest.mark.real_broker
Patch = pytest.MonkeyPatch
Batch = Sequence[Envelope[Any]]
ROWS = "SELECT id, created_at, topic, key, header_names, header_values, value FROM outbox"


class LastSeen(Relay):
    """Goes on after the highest id it has seen."""

    last = 0

    async def publish_batch(self, conn: Connection, client: AIOKafkaProducer) -> int:
        rows = await conn.fetch(f"{ROWS} WHERE id > $1 ORDER BY id", self.last)
        await self._send(client, rows)
        self.last = max([self.last, *(row["id"] for row in rows)])
        await mark(conn, rows)
        return len(rows)


async def a_cursor_by_id(world: World, patch: Patch, *, bug: bool) -> None:
    """Ids become visible out of commit order."""
    relay = LastSeen(world.settings) if bug else Relay(world.settings)
    async with producing(world.settings) as client:
        slow = await connect(world.settings)
        late = slow.transaction()
        await late.start()
        entry = await register.enter(slow, uuid4(), operation := uuid4())
        await world.write(uuid4())
        conn = await connect(world.settings)
        await relay.publish_batch(conn, client)
        await late.commit()
        world.operations.append(register.acknowledged(operation, entry))
        await relay.publish_batch(conn, client)
        await slow.close()
        await conn.close()
    await world.consume()


class MarkFirst(Relay):
    """Marks what it is about to send."""

    async def publish_batch(self, conn: Connection, client: AIOKafkaProducer) -> int:
        rows = await conn.fetch(f"{ROWS} WHERE published_at IS NULL ORDER BY id")
        await mark(conn, rows)
        await self._send(client, rows)
        return len(rows)


async def marked_before_delivery(world: World, patch: Patch, *, bug: bool) -> None:
    """The broker dies with the record in its hands."""
    await world.write(uuid4())
    conn = await connect(world.settings)
    with pytest.raises(KafkaError):
        await (MarkFirst if bug else Relay)(world.settings).publish_batch(conn, BrokenBroker())
    await conn.close()
    await world.publish()
    await world.consume()


async def auto_commit(world: World, patch: Patch, *, bug: bool) -> None:
    """The client commits what it has handed out, while the handler is still at it; then the process dies."""

    async def die(conn: Connection, batch: Batch) -> None:
        if bug:
            await committed(world.settings, everything=False)
        raise Killed

    def automatic(settings: Settings, group: str) -> AIOKafkaConsumer:
        made = consumer(settings, group)
        made._enable_auto_commit, made._auto_commit_interval_ms = True, 20
        return made

    await world.write(uuid4(), uuid4())
    await world.publish()
    with patch.context() as wrong:
        if bug:
            wrong.setattr(shared.consumer, "consumer", automatic)
        await world.die({ParticipationChanged: die})
    await world.consume()


async def no_inbox(world: World, patch: Patch, *, bug: bool) -> None:
    """The relay dies between publishing and marking, and publishes again."""

    async def everything(conn: Connection, name: str, envelopes: Sequence[Envelope[Event]]) -> list[Envelope[Event]]:
        return list(envelopes)

    await world.write(uuid4())
    await world.publish()
    async with world.db.transaction() as conn:
        await conn.execute("UPDATE outbox SET published_at = NULL")
    await world.publish()
    if bug:
        patch.setattr(inbox, "claim", everything)
    await world.consume()


async def inbox_outside(world: World, patch: Patch, *, bug: bool) -> None:
    """The claim is committed by itself, and then the process dies."""
    claim = inbox.claim

    async def outside(_: Connection, name: str, envelopes: Sequence[Envelope[Event]]) -> list[Envelope[Event]]:
        async with world.db.transaction() as conn:
            return await claim(conn, name, envelopes)

    await world.write(uuid4())
    await world.publish()
    if bug:
        patch.setattr(inbox, "claim", outside)
    await world.die({ParticipationChanged: _die})
    await world.consume()


async def no_version_guard(world: World, patch: Patch, *, bug: bool) -> None:
    """An older version arrives after a newer one, from a relay that slept with the record in its hands."""
    key = uuid4()
    await world.write(key, key)
    conn = await connect(world.settings)
    rows = await conn.fetch(f"{ROWS} WHERE published_at IS NULL ORDER BY id DESC")
    async with producing(world.settings) as client:
        await Relay(world.settings)._send(client, rows)
    await mark(conn, rows)
    await conn.close()
    await world.consume({ParticipationChanged: register.apply_carelessly if bug else register.apply})


class CommitFirst(Consumer):
    """Commits what it has fetched and then handles it."""

    async def _poll(self, client: AIOKafkaConsumer) -> None:
        for place, records in (await client.getmany(timeout_ms=250)).items():
            await client.commit({place: records[-1].offset + 1})
            await self._apply([self._raw(record) for record in records])


async def offset_before_store(world: World, patch: Patch, *, bug: bool) -> None:
    """The process dies between the two."""
    await world.write(uuid4())
    await world.publish()
    await world.die({ParticipationChanged: _die}, CommitFirst if bug else Consumer)
    await world.consume()


async def several_relays(world: World, patch: Patch, *, bug: bool) -> None:
    """Three relays share the outbox by SKIP LOCKED; the one with the oldest rows is the slowest."""
    await world.write(*[uuid4()] * 6)
    if not bug:
        await world.publish()
    else:
        async with producing(world.settings) as client:
            held = []
            for _ in range(3):
                conn = await connect(world.settings)
                await conn.execute("BEGIN")
                query = f"{ROWS} WHERE published_at IS NULL ORDER BY id LIMIT 2 FOR UPDATE SKIP LOCKED"
                held.append((conn, await conn.fetch(query)))
            for conn, rows in reversed(held):
                await Relay(world.settings)._send(client, rows)
                await mark(conn, rows)
                await conn.execute("COMMIT")
                await conn.close()
    await world.consume()


async def a_deserializer_that_raises(world: World, patch: Patch, *, bug: bool) -> None:
    """A record that is no JSON, parsed by the client: no later record of the partition is ever seen."""

    def parsing(settings: Settings, group: str) -> AIOKafkaConsumer:
        made = consumer(settings, group)
        made._value_deserializer = json.loads
        return made

    key = uuid4()
    await send(world, b"{", str(key))
    await world.write(key)
    await world.publish()
    if not bug:
        await world.consume()
        return
    patch.setattr(shared.consumer, "consumer", parsing)
    for _ in range(3):  # restarted by whoever watches it, again and again
        with pytest.raises(json.JSONDecodeError):
            await world.die(register.HANDLERS)


class Swallow(Consumer):
    """Logs whatever goes wrong and goes on."""

    async def _succeeds(self, raws: Sequence[Kept], decoded: Decoded | None) -> bool:
        with suppress(ValueError):
            await self._attempt(raws, decoded or ([], {}))
        return True


async def an_error_swallowed(world: World, patch: Patch, *, bug: bool) -> None:
    """The handler fails once."""
    failures = iter([True])

    async def fail_once(conn: Connection, batch: Batch) -> None:
        if next(failures, False):
            raise ValueError
        await register.apply(conn, batch)

    await world.write(uuid4())
    await world.publish()
    if bug:
        patch.setattr(Consumer, "_succeeds", Swallow._succeeds)
    await world.consume({ParticipationChanged: fail_once})


async def a_letter_dropped(world: World, patch: Patch, *, bug: bool) -> None:
    """A dead letter that cannot be stored just now is dropped."""

    async def drop(*_: Any) -> None:
        return

    await send(world, b"\xff", str(uuid4()))
    if bug:
        patch.setattr(deadletters, "park", drop)
    await world.consume()


async def a_replay_that_tells_again(world: World, patch: Patch, *, bug: bool) -> None:
    """The read model is made anew, and everybody hears of everything a second time."""

    async def tell(conn: Connection, batch: Batch) -> None:
        await register.apply(conn, batch)
        receipts = [
            ErasureCompleted(request_id=uuid4(), person_id=each.data.person_id, service="metrics", rows=0)
            for each in batch
        ]
        await outbox.append_all(conn, [(receipt, None) for receipt in receipts])

    handlers: Handlers = {ParticipationChanged: tell}
    await world.write(uuid4(), uuid4())
    await world.publish()
    await world.consume(handlers)
    async with world.db.transaction() as conn:
        await conn.execute("TRUNCATE inbox, consumed_positions, effects, model")
    if bug:
        patch.setattr(outbox, "muted", nullcontext)
    await rebuild(world.settings, world.db, handlers)
    async with world.db.acquire() as conn:
        sent = await conn.fetch("SELECT key FROM outbox WHERE topic = $1", ErasureCompleted.topic.name)
    world.side_effects = [row["key"] for row in sent]


Scenario = Callable[..., Awaitable[None]]
SEEDED: tuple[tuple[Scenario, set[str], set[str]], ...] = (
    (a_cursor_by_id, {"lost-event"}, set()),
    (marked_before_delivery, {"lost-event"}, set()),
    (auto_commit, {"lost-effect", "skipped-offset"}, set()),
    (no_inbox, {"duplicate-effect"}, set()),
    (inbox_outside, {"lost-effect"}, set()),
    (no_version_guard, {"stale-overwrite", "divergent-read-model"}, {"key-order-inversion"}),
    (offset_before_store, {"lost-effect", "skipped-offset"}, set()),
    (several_relays, {"key-order-inversion"}, set()),
    (a_deserializer_that_raises, {"lost-effect", "skipped-offset"}, set()),
    (an_error_swallowed, {"lost-effect"}, set()),
    (a_letter_dropped, {"lost-effect"}, set()),
    (a_replay_that_tells_again, {"repeated-side-effect"}, set()),
)
"""The bug, what the checker must say of it, and what it says of the same story without the bug."""


@pytest.mark.parametrize(("scenario", "caught", "without"), SEEDED, ids=[seeded[0].__name__ for seeded in SEEDED])
@pytest.mark.parametrize("bug", [False, True], ids=["right", "seeded"])
async def test_the_checker_tells_the_bug_from_the_chassis(
    scenario: Scenario, caught: set[str], without: set[str], bug: bool, world: World, monkeypatch: Patch
) -> None:
    await scenario(world, monkeypatch, bug=bug)
    monkeypatch.undo()
    anomalies = await world.anomalies()
    assert kinds(anomalies) >= caught if bug else kinds(anomalies) == without, anomalies


async def mark(conn: Connection, rows: Sequence[Record]) -> None:
    await conn.execute("UPDATE outbox SET published_at = now() WHERE id = ANY ($1)", [row["id"] for row in rows])


async def send(world: World, value: bytes, key: str) -> None:
    headers, _ = encode(participation(uuid4(), 1), {})
    async with producing(world.settings) as client:
        await client.send_and_wait(wire(world.settings, ParticipationChanged), value, key.encode(), headers=headers)


async def _die(conn: Connection, batch: Batch) -> None:
    raise Killed


def test_a_recovery_without_end_and_a_record_that_names_its_client_are_anomalies_too() -> None:
    assert kinds(check(History(recoveries=[1.0, 301.0], leaks=["a name"]))) == {"slow-recovery", "personal-data"}
    assert check(History(recoveries=[1.0])) == []


def test_every_anomaly_breaks_one_invariant() -> None:
    broken = [kind for kinds_ in INVARIANTS.values() for kind in kinds_]
    assert sorted(broken) == sorted(get_args(Kind))
