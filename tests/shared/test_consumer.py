"""From an outbox through a real broker to an effect: once, in order, and nothing dropped."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from aiokafka.conn import AIOKafkaConnection
from aiokafka.errors import CorruptRecordException, for_code
from aiokafka.record.memory_records import MemoryRecords
from msgspec.structs import replace

from shared import deadletters
from shared.batch import runs, traced
from shared.consumer import PARKED_IN_A_ROW, Consumer, Handlers
from shared.db import Connection, Database
from shared.envelope import Envelope, encode
from shared.events.base import Event
from shared.events.directory import PersonErased
from shared.events.sessions import ParticipationChanged
from shared.kafka import (
    AT_ONCE,
    AIOKafkaConsumer,
    CommitFailedError,
    KafkaError,
    Piece,
    TopicPartition,
    apply_topics,
    fetch,
    reader,
)
from shared.redrive import replay_key
from shared.refusal import Refused
from shared.retry import retry_refused
from shared.settings import Settings
from shared.telemetry import CONSUMER_STOPPED, UNKNOWN_TYPES
from tests.fixtures.delivery import (
    HANDLERS,
    SECONDS,
    append,
    consuming,
    effects_table,
    participation,
    producing,
    publish_all,
    until,
    wire,
    write_down,
)

pytestmark = pytest.mark.real_broker


async def seen(db: Database) -> list[tuple[str, int]]:
    async with db.acquire() as conn:
        rows = await conn.fetch("SELECT key, version FROM effects ORDER BY id")
    return [(row["key"], row["version"]) for row in rows]


async def prepare(db: Database) -> None:
    async with db.transaction() as conn:
        await effects_table(conn)


async def test_an_appended_event_has_its_effect_once_and_in_order(on_kafka: Settings, db: Database) -> None:
    await prepare(db)
    sessions = [uuid4() for _ in range(20)]
    events = [participation(session, version) for version in range(1, 11) for session in sessions]
    await append(db, *events)
    assert await publish_all(on_kafka) == len(events)
    async with consuming(on_kafka, db):
        await until(db, "SELECT count(*) FROM effects", len(events))
    for session in sessions:
        assert [version for key, version in await seen(db) if key == str(session)] == list(range(1, 11))


async def test_a_duplicate_event_changes_nothing(on_kafka: Settings, db: Database) -> None:
    """Row 20."""
    await prepare(db)
    event, last = participation(uuid4(), 1), participation(uuid4(), 2)
    headers, value = encode(event, {})
    async with producing(on_kafka) as client:
        for _ in range(5):
            await client.send_and_wait(wire(on_kafka, event), value, event.key.encode(), headers=headers)
    await append(db, last)
    await publish_all(on_kafka)
    async with consuming(on_kafka, db):
        await until(db, "SELECT count(*) FROM effects", 2)
    assert sorted(await seen(db)) == sorted([(event.key, 1), (last.key, 2)])


async def test_broken_bytes_are_parked_with_the_reason_and_the_next_record_goes_on(
    on_kafka: Settings, db: Database
) -> None:
    """Row 16."""
    await prepare(db)
    good = participation(uuid4(), 1)
    headers, value = encode(good, {})
    assert value is not None
    async with producing(on_kafka) as client:
        for broken in (
            b"\xff\xfe",
            b"{",
            b"[]",
            b"null",
            b"{" * 5000,
            value.replace(b'"minutes":45', b'"minutes":NaN'),
        ):
            await client.send_and_wait(wire(on_kafka, good), broken, b"k", headers=headers)
        await client.send_and_wait(wire(on_kafka, good), value, good.key.encode(), headers=headers)
    async with consuming(on_kafka, db):
        await until(db, "SELECT count(*) FROM effects", 1)
        await until(db, "SELECT count(*) FROM dead_letters WHERE state = 'open'", 6)
    async with db.acquire() as conn:
        letters = await conn.fetch("SELECT * FROM dead_letters ORDER BY record_offset")
        mirrored = await conn.fetchval("SELECT count(*) FROM outbox WHERE topic = 'metrics.dead-letters'")
        first = await deadletters.opened(conn, letters[0])
    assert mirrored == 6
    assert first.value == b"\xff\xfe"
    assert {letter["reason"] for letter in letters} == {"undecodable"}


class Impossible(Refused):
    """The toy rule says no to odd versions."""


async def test_a_failed_handler_leaves_neither_effect_nor_claim(on_kafka: Settings, db: Database) -> None:
    """Row 19."""
    await prepare(db)
    failures = iter([True, False])

    async def fail_once(conn: Connection, envelopes: Sequence[Envelope[Any]]) -> None:
        await write_down(conn, envelopes)
        if next(failures):
            raise ValueError

    await append(db, participation(uuid4(), 1))
    await publish_all(on_kafka)
    async with consuming(on_kafka, db, {ParticipationChanged: fail_once}):
        await until(db, "SELECT count(*) FROM inbox", 1)
    assert len(await seen(db)) == 1


async def test_what_a_rule_refuses_is_parked_its_key_waits_and_other_keys_go_on(
    on_kafka: Settings, db: Database
) -> None:
    """Row 17."""
    await prepare(db)
    refused, other = uuid4(), uuid4()

    async def refuse_one(conn: Connection, envelopes: Sequence[Envelope[Any]]) -> None:
        for envelope in envelopes:
            if envelope.key == str(refused) and envelope.data.version == 1:
                raise Impossible("version 1 of this one is impossible")
        await write_down(conn, envelopes)

    await append(db, *(participation(key, version) for version in (1, 2, 3) for key in (refused, other)))
    await publish_all(on_kafka)
    async with consuming(on_kafka, db, {ParticipationChanged: refuse_one}):
        await until(db, "SELECT count(*) FROM dead_letters", 3)
        await until(db, "SELECT count(*) FROM effects", 3)
    async with db.transaction() as conn:
        letters = await conn.fetch("SELECT id, reason FROM dead_letters ORDER BY id")
        assert [letter["reason"] for letter in letters] == ["refused", "held", "held"]
        await replay_key(conn, "metrics", HANDLERS, letters[0]["id"])
    assert [version for key, version in await seen(db) if key == str(refused)] == [1, 2, 3]
    async with db.acquire() as conn:
        assert await conn.fetchval("SELECT count(*) FROM parked_keys") == 0


async def test_what_was_let_go_when_it_was_read_is_parked_word_for_word(on_kafka: Settings, db: Database) -> None:
    """One of many is refused, and a later one of its key waits: both as they came, and the rest has its effect."""
    await prepare(db)
    bad, others = uuid4(), [participation(uuid4(), 1) for _ in range(40)]
    wrong = [participation(bad, version) for version in (1, 2)]
    sent = [(*encode(event, {"tracestate": "a=1"}), event) for event in (*others[:20], *wrong, *others[20:])]

    async def refuse(conn: Connection, envelopes: Sequence[Envelope[Any]]) -> None:
        if any(envelope.key == str(bad) for envelope in envelopes):
            raise Impossible("nothing of this one is possible")
        await write_down(conn, envelopes)

    async with producing(on_kafka) as client:
        for headers, value, event in sent:
            await client.send_and_wait(wire(on_kafka, event), value, event.key.encode(), headers=headers, partition=0)
    async with consuming(on_kafka, db, {ParticipationChanged: refuse}):
        await until(db, "SELECT count(*) FROM dead_letters", 2)
        await until(db, "SELECT count(*) FROM effects", len(others))
    async with db.acquire() as conn:
        letters = await conn.fetch("SELECT * FROM dead_letters ORDER BY record_offset")
        found = [await deadletters.opened(conn, letter) for letter in letters]
        taken = await conn.fetchval("SELECT sum(records)::int FROM ingested")
    assert [letter["reason"] for letter in letters] == ["refused", "held"]
    assert [(list(each.headers), each.value) for each in found] == [sent[at][:2] for at in (20, 21)]
    assert taken == len(sent)


async def test_a_later_full_state_supersedes_a_broken_one(on_kafka: Settings, db: Database) -> None:
    await prepare(db)
    handlers: Handlers = {PersonErased: write_nothing}
    person = uuid4()
    async with producing(on_kafka) as client:
        topic = wire(on_kafka, PersonErased)
        headers, _ = encode(PersonErased(person_id=person), {})
        await client.send_and_wait(topic, b"broken", str(person).encode(), headers=[("ce_type", b"x")])
        await client.send_and_wait(topic, None, str(person).encode(), headers=headers)
    async with consuming(on_kafka, db, handlers):
        await until(db, "SELECT state FROM dead_letters", "superseded")
    async with db.acquire() as conn:
        assert await conn.fetchval("SELECT count(*) FROM parked_keys") == 0


async def test_what_was_refused_for_a_moment_is_tried_again_by_itself(on_kafka: Settings, db: Database) -> None:
    """Row 19."""
    await prepare(db)
    allowed = [False]

    async def refuse_at_first(conn: Connection, envelopes: Sequence[Envelope[Any]]) -> None:
        if not allowed[0]:
            raise Impossible("not yet")

    handlers: Handlers = {PersonErased: refuse_at_first}
    await append(db, PersonErased(person_id=uuid4()))
    await publish_all(on_kafka)
    async with consuming(on_kafka, db, handlers):
        await until(db, "SELECT reason FROM dead_letters", "refused")
    async with db.transaction() as conn:
        await conn.execute("UPDATE dead_letters SET parked_at = now() - interval '1 minute'")
        assert await retry_refused(conn, "metrics", handlers) == 0
        assert await conn.fetchval("SELECT attempts FROM dead_letters WHERE state = 'open'") == 2
        allowed[0] = True
        assert await retry_refused(conn, "metrics", handlers) == 1
        assert await conn.fetchval("SELECT state FROM dead_letters") == "replayed"


async def test_an_unknown_type_is_skipped_and_counted(on_kafka: Settings, db: Database) -> None:
    """Row 17."""
    await prepare(db)
    event = participation(uuid4(), 1)
    headers, value = encode(event, {})
    unknown = [(name, b"org.lateral.other.v9" if name == "ce_type" else text) for name, text in headers]
    before = UNKNOWN_TYPES.labels("sessions.participation")._value.get()
    async with producing(on_kafka) as client:
        await client.send_and_wait(wire(on_kafka, event), value, event.key.encode(), headers=unknown)
        await client.send_and_wait(wire(on_kafka, event), value, event.key.encode(), headers=headers)
    async with consuming(on_kafka, db):
        await until(db, "SELECT count(*) FROM effects", 1)
    assert UNKNOWN_TYPES.labels("sessions.participation")._value.get() == before + 1
    async with db.acquire() as conn:
        assert await conn.fetchval("SELECT count(*) FROM dead_letters") == 0


async def test_too_many_bad_records_in_a_row_stop_the_consumer_until_a_person_resumes_it(
    on_kafka: Settings, db: Database
) -> None:
    """Row 18; `ConsumerStopped` fires on the gauge."""
    await prepare(db)
    settings = on_kafka.model_copy(update={"batch_size": 20})
    event = participation(uuid4(), 1)
    headers, value = encode(event, {})
    async with producing(settings) as client:
        for _ in range(PARKED_IN_A_ROW + 60):
            await client.send(wire(settings, event), b"bad deploy", uuid4().bytes, headers=headers, partition=0)
        await client.send_and_wait(wire(settings, event), value, event.key.encode(), headers=headers, partition=0)
    async with consuming(settings, db):
        await until(db, "SELECT count(*) FROM consumer_stops", 1)
        async with db.acquire() as conn:
            parked = await conn.fetchval("SELECT count(*) FROM dead_letters")
            assert PARKED_IN_A_ROW <= parked < PARKED_IN_A_ROW + 60
            while not CONSUMER_STOPPED._value.get():  # noqa: ASYNC110 - a gauge wakes nobody
                await asyncio.sleep(0.01)
            await conn.execute("DELETE FROM consumer_stops")
        await until(db, "SELECT count(*) FROM effects", 1)


async def test_a_database_that_drops_its_connections_loses_nothing(on_kafka: Settings, db: Database) -> None:
    await prepare(db)
    outages = iter([True, True, False])

    async def cut(conn: Connection, envelopes: Sequence[Envelope[Any]]) -> None:
        await write_down(conn, envelopes)
        if next(outages, False):
            await conn.execute("SELECT pg_terminate_backend(pg_backend_pid())")

    await append(db, *(participation(uuid4(), 1) for _ in range(10)))
    await publish_all(on_kafka)
    async with consuming(on_kafka, db, {ParticipationChanged: cut}):
        await until(db, "SELECT count(*) FROM effects", 10)
    async with db.acquire() as conn:
        assert await conn.fetchval("SELECT count(*) FROM dead_letters") == 0


@pytest.mark.parametrize("what", ["trouble", "rebalance"])
async def test_what_was_read_ahead_never_passes_what_has_to_be_read_again(
    on_kafka: Settings, db: Database, what: str
) -> None:
    await prepare(db)
    session, consumers, met = uuid4(), list[Consumer](), asyncio.Event()

    async def disturbed(conn: Connection, envelopes: Sequence[Envelope[Any]]) -> None:
        await write_down(conn, envelopes)
        if met.is_set():
            return
        async with asyncio.timeout(SECONDS):
            while not consumers or consumers[0]._ahead is None:  # noqa: ASYNC110 - a condition in the consumer
                await asyncio.sleep(0.001)
        met.set()
        if what == "trouble":
            raise ConnectionResetError
        await consumers[0].assignment.on_partitions_assigned([])

    await append(db, *(participation(session, version) for version in range(1, 10)))
    await publish_all(on_kafka)
    async with consuming(on_kafka.model_copy(update={"batch_size": 3}), db, {ParticipationChanged: disturbed}) as one:
        consumers.append(one)
        await until(db, "SELECT count(*) FROM effects", 9)
    assert [version for _, version in await seen(db)] == list(range(1, 10))


async def test_what_was_taken_before_the_broker_failed_is_taken_again(
    on_kafka: Settings, db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    await prepare(db)
    session, pieces = uuid4(), Counter[str]()

    async def failing(client: AIOKafkaConsumer, milliseconds: int, most: int) -> AsyncIterator[Piece]:
        async for piece in fetch(client, milliseconds, most):
            yield piece
            if milliseconds == 0 and not pieces["ahead"]:
                pieces["ahead"] += 1
                raise KafkaError

    await append(db, *(participation(session, version) for version in range(1, 3 * AT_ONCE)))
    await publish_all(on_kafka)
    monkeypatch.setattr("shared.consumer.fetch", failing)
    async with consuming(on_kafka.model_copy(update={"batch_size": AT_ONCE + 10}), db):
        await until(db, "SELECT count(*) FROM effects", 3 * AT_ONCE - 1)
    assert pieces["ahead"]
    assert [version for _, version in await seen(db)] == list(range(1, 3 * AT_ONCE))


async def test_a_batch_that_was_damaged_on_its_way_takes_nothing_of_other_partitions_with_it(
    on_kafka: Settings, db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The client has taken what others gave in the same call when it finds out, and drops it."""
    await apply_topics(on_kafka)
    arrived, events = Counter[str](), [participation(uuid4(), 1) for _ in range(28 * 6)]
    topic = wire(on_kafka, events[0])

    def damaged(data: bytes) -> MemoryRecords:
        arrived["partitions"] += len(data) > 0
        return MemoryRecords(data[:-1] + bytes([data[-1] ^ 1]) if data and arrived["partitions"] == 6 else data)

    async with producing(on_kafka) as client:
        for number, event in enumerate(events):
            headers, value = encode(event, {})
            await client.send(topic, value, event.key.encode(), headers=headers, partition=number % 6)
    monkeypatch.setattr("aiokafka.consumer.fetcher.MemoryRecords", damaged)
    consumer, one = Consumer(on_kafka.model_copy(update={"batch_size": 100}), db, HANDLERS), reader(on_kafka)
    await one.start()
    try:
        one.assign([TopicPartition(topic, number) for number in range(6)])
        await one.seek_to_beginning()
        async with asyncio.timeout(SECONDS):
            while len(one._fetcher._records) < 6:  # noqa: ASYNC110 - the client tells nobody
                await asyncio.sleep(0.01)
            taken = (await consumer._take(one, 0)).raws
            with pytest.raises(CorruptRecordException):
                await consumer._take(one, 0)
            while len(taken) < len(events):
                taken += (await consumer._take(one, 100)).raws
    finally:
        await one.stop()
    assert sorted((raw.partition, raw.offset) for raw in taken) == [(at, to) for at in range(6) for to in range(28)]


async def test_a_partition_without_anything_is_left_alone_while_a_batch_is_at_work_and_read_after_it(
    on_kafka: Settings, db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    await prepare(db)
    session, asked, seen_at, slept = uuid4(), Counter[str](), list[int](), Counter[str]()
    send = AIOKafkaConnection.send

    def counted(self: AIOKafkaConnection, request: Any, expect_response: bool = True) -> Any:
        asked[type(request).__name__] += 1
        return send(self, request, expect_response)

    async def slow(conn: Connection, envelopes: Sequence[Envelope[Any]]) -> None:
        before = asked["FetchRequest"]
        await asyncio.sleep(0.3)
        slept["asked"] += asked["FetchRequest"] - before
        await write_down(conn, envelopes)
        if len(seen_at) == slept["batches"] == 0:
            await append(db, PersonErased(person_id=uuid4()))
            await publish_all(on_kafka)
        slept["batches"] += 1

    async def erased(_: Connection, envelopes: Sequence[Envelope[Any]]) -> None:
        seen_at.extend([slept["batches"]] * len(envelopes))

    await append(db, *(participation(session, version) for version in range(1, 31)))
    await publish_all(on_kafka)
    monkeypatch.setattr(AIOKafkaConnection, "send", counted)
    few = on_kafka.model_copy(update={"batch_size": 3})
    async with consuming(few, db, {ParticipationChanged: slow, PersonErased: erased}):
        await until(db, "SELECT count(*) FROM effects", 30)
    assert len(seen_at) == 1  # what came meanwhile did not wait for the end of the backlog
    assert seen_at[0] < 9
    assert slept["asked"] < 10 * slept["batches"]  # a broker that does not wait would be asked by the hundred


class Refusing:
    """A client whose commits fail."""

    def __init__(self, place: TopicPartition, error: Exception) -> None:
        self.place, self.error = place, error

    def assignment(self) -> set[TopicPartition]:
        return {self.place}

    async def commit(self, _: Any) -> None:
        raise self.error


@pytest.mark.parametrize(
    ("error", "repeats"), [(KafkaError(), True), (TimeoutError(), True), (CommitFailedError(), False)]
)
async def test_a_commit_is_repeated_unless_the_group_has_gone_on_without_us(
    error: Exception, repeats: bool, on_kafka: Settings, db: Database, caplog: pytest.LogCaptureFixture
) -> None:
    """Which is ordinary, and told in one line."""
    consumer = Consumer(on_kafka, db, HANDLERS)
    place = TopicPartition(wire(on_kafka, ParticipationChanged), 0)
    consumer._done = {(ParticipationChanged.topic.name, 0): 5}
    client: Any = Refusing(place, error)
    await consumer._commit(client)
    assert bool(consumer._done) == repeats
    (said,) = (record for record in caplog.records if record.name == "shared.consumer")
    assert bool(said.exc_info) == repeats


async def test_commits_that_fail_for_a_minute_end_the_process_and_not_three_batches_of_a_rebalance(
    on_kafka: Settings, db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    consumer = Consumer(on_kafka, db, HANDLERS)
    client: Any = Refusing(TopicPartition(wire(on_kafka, ParticipationChanged), 0), CommitFailedError())
    clock = {"now": 1000.0}
    monkeypatch.setattr(time, "monotonic", lambda: clock["now"])
    for offset in range(10):
        consumer._done = {(ParticipationChanged.topic.name, 0): offset}
        await consumer._commit(client)
        clock["now"] += 5
    clock["now"] += 15
    consumer._done = {(ParticipationChanged.topic.name, 0): 10}
    with pytest.raises(CommitFailedError):
        await consumer._commit(client)


async def test_who_is_shut_out_reads_in_the_log_which_setting_it_may_be(
    on_kafka: Settings, db: Database, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def shut_out(*_: object, **__: object) -> None:
        """As the client does when a second process joins under the same name; the embedded broker lets them fight."""
        raise KafkaError(repr(for_code(82)()))

    monkeypatch.setattr(AIOKafkaConsumer, "getmany", shut_out)
    with pytest.raises(KafkaError):
        await Consumer(on_kafka, db, HANDLERS).run(asyncio.Event())
    assert f"LATERAL_INSTANCE={on_kafka.instance}" in caplog.text


def test_runs_group_by_type_and_never_pass_an_earlier_event_of_the_same_key() -> None:
    a, b = uuid4(), uuid4()
    first, second = participation(a, 1), PersonErased(person_id=a)
    order = [first, participation(b, 1), second, participation(a, 2), participation(b, 2)]
    grouped = runs([envelope_of(event) for event in order])
    assert [(cls.__name__, len(run)) for cls, run in grouped] == [("ParticipationChanged", 4), ("PersonErased", 1)]
    same_key = [replace(envelope_of(event), topic="t", key="k") for event in order]
    assert [len(run) for _, run in runs(same_key)] == [2, 1, 2]


async def write_nothing(conn: Connection, envelopes: Sequence[Envelope[Any]]) -> None:
    """Handle by doing nothing."""


def test_what_an_unsampled_event_causes_is_not_sampled_either() -> None:
    trace_id = "0af7651916cd43dd8448eb211c80319c"
    unsampled = replace(envelope_of(participation(uuid4(), 1)), traceparent=f"00-{trace_id}-b7ad6b7169203331-00")
    with ExitStack() as spans:
        assert traced(unsampled, spans) is unsampled  # millions come: a span is made for who asks
    context = unsampled.span.get_span_context()
    assert f"{context.trace_id:032x}" == trace_id
    assert not context.trace_flags.sampled


def envelope_of(event: Event) -> Envelope[Event]:
    return Envelope(
        "id", "/s", event.event_type, event.key, datetime.now(UTC), event, event.topic.name, event.key, 0, 0
    )
