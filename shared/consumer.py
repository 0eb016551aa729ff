"""From Kafka to the database: one poll, one transaction, each effect once; bad records are parked, never dropped."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from typing import Any, TypeAlias

from shared import batch, deadletters, discretion, inbox, ledger, sql
from shared.batch import Decoded, LetGo, Taken, around, begin, named, place, raw_of, read, runs, traced, unknown
from shared.crashpoint import crashpoint
from shared.db import TROUBLE, Connection, Database
from shared.envelope import Envelope, Kept, Raw, decode
from shared.events.base import Event
from shared.events.topics import Topic
from shared.hot import reader
from shared.kafka import (
    AIOKafkaConsumer,
    CommitFailedError,
    KafkaError,
    Record,
    TopicPartition,
    consumer,
    fetch,
    go_back,
    join,
    positions,
    quiet,
    wire_name,
)
from shared.rebalance import Assignment, say_if_shut_out
from shared.refusal import Refused
from shared.settings import Settings
from shared.telemetry import (
    COMMIT_FAILURES,
    CONSUMER_DURATION,
    CONSUMER_PROGRESS,
    CONSUMER_STOPPED,
    UNKNOWN_TYPES,
)

Handler: TypeAlias = Callable[[Connection, Sequence[Envelope[Any]]], Awaitable[None]]
Handlers: TypeAlias = Mapping[type[Event], Handler]
SQL = sql.load("shared", "delivery")
log = logging.getLogger(__name__)

TRIES = 3
PARKED_IN_A_ROW = 100
OUTAGE_SECONDS = 60.0
FAILED_COMMITS_SECONDS = 60.0  # longer than a group takes to share its partitions out anew
LOOK_SECONDS = 1.0
SHORTEST_IDLE = 0.01
SLOW_SECONDS = 5.0  # a batch that takes longer pauses its partitions and goes on in peace


class ConsumerStopped(Exception):
    """Too many records in a row could not be handled: the code is wrong, not the records."""


class TooManyBroken(Exception):
    """A batch of nothing but broken records: take fewer at a time, so that the limit holds."""


class Consumer:
    """One service's reader; what it raises, a restart may cure."""

    def __init__(self, settings: Settings, db: Database, handlers: Handlers) -> None:
        self._settings = settings
        self._db = db
        self._name = settings.service
        self._handlers = handlers
        self._hot = {cls.event_type: reader(cls) for cls, handler in handlers.items() if getattr(handler, "hot", False)}
        self._ahead: Taken | None = None
        self._whole = False
        self._classes = {cls.event_type: cls for cls in handlers}
        self._topics = {wire_name(settings, cls.topic): cls.topic.name for cls in handlers}
        self._wire = {logical: wire for wire, logical in self._topics.items()}
        self._done: dict[tuple[str, int], int] = {}
        self._idle = SHORTEST_IDLE
        self._parked_in_a_row = 0
        self._commits_fail_since: float | None = None
        self.assignment = Assignment()

    @property
    def topics(self) -> set[Topic]:
        """What it reads."""
        return {cls.topic for cls in self._handlers}

    async def run(self, stop: asyncio.Event) -> None:
        """Consume until `stop`. Raises Stalled, KafkaError, or a database error that outlasts a minute."""
        while not stop.is_set():
            if await self._stopped():
                await asyncio.sleep(LOOK_SECONDS)
                continue
            try:
                await self._consume(stop)
            except ConsumerStopped as error:
                log.error("consumer stopped, waits for `dead-letters resume`: %s", error)  # noqa: TRY400
            except KafkaError as error:
                say_if_shut_out(error, self._settings.instance)
                raise

    async def _stopped(self) -> bool:
        async with self._db.acquire() as conn:
            stopped = await conn.fetchval(SQL.why_stopped, self._name) is not None
        CONSUMER_STOPPED.set(stopped)
        return stopped

    async def _consume(self, stop: asyncio.Event) -> None:
        self._parked_in_a_row = 0
        self._done.clear()
        self._ahead = None
        client = consumer(self._settings, f"{self._settings.topic_prefix}{self._name}")
        try:
            await join(client, self._topics, self.assignment)
            watchdog = asyncio.create_task(self.assignment.watch(client))
            try:
                while not stop.is_set() and not watchdog.done():
                    await self._poll(client)
                if watchdog.done():
                    watchdog.result()
            finally:
                watchdog.cancel()
        finally:
            await _within(3, client.stop())

    async def _poll(self, client: AIOKafkaConsumer) -> None:
        longest = self._settings.kafka_idle_seconds
        taken = await self._next(client, 2 if longest else 250)
        if not taken.raws:
            if self._done:
                await self._commit(client, again=True)
            self._idle = min(self._idle * 1.5, longest)
            if self._idle:
                await self._leave_alone(client)
            return
        self._idle = SHORTEST_IDLE
        started = time.monotonic()
        try:
            await self._patiently(client, taken)
        except TROUBLE as error:
            self._give_back(client, taken)
            await self._wait_for_the_world(client, error)
        except LetGo:
            self._give_back(client, taken)
            self._whole = True
        except ConsumerStopped:
            await self._commit(client)
            raise
        else:
            self._whole = False
            CONSUMER_DURATION.observe(time.monotonic() - started)
            CONSUMER_PROGRESS.set_to_current_time()
            self.assignment.progressed()
            await self._commit(client)

    def _give_back(self, client: AIOKafkaConsumer, taken: Taken) -> None:
        """Read again what was taken, and what was read ahead of it."""
        go_back(client, {**(self._ahead.first if self._ahead else {}), **taken.first})
        self._ahead = None

    async def _next(self, client: AIOKafkaConsumer, milliseconds: int) -> Taken:
        """What was read ahead, or what there is; what was read before a rebalance may be another process's now."""
        taken, self._ahead = self._ahead or await self._take(client, milliseconds), None
        while taken.rebalances != self.assignment.rebalances:
            go_back(client, taken.first)
            taken = await self._take(client, milliseconds)
        return taken

    async def _take(self, client: AIOKafkaConsumer, milliseconds: int) -> Taken:
        """Fetch, decode and let go; what else is under way goes on in between."""
        taken, stood = Taken(self.assignment.rebalances, [], ([], {}), {}, self._whole), positions(client)
        try:
            async for partition, records in fetch(client, milliseconds, self._settings.batch_size):
                taken.first.setdefault(partition, records[0].offset)
                batch.read_on(map(self._raw, records), self._classes, self._hot, taken)
                await asyncio.sleep(0)
        except KafkaError:  # the client may have lost what others gave: where they stood is where they are read again
            if taken.rebalances == self.assignment.rebalances:
                go_back(client, stood)
            raise
        return taken

    async def _patiently(self, client: AIOKafkaConsumer, taken: Taken) -> None:
        """Apply; where there is more to read, take it while the database works.

        Slow work takes its time: fetch nothing meanwhile, and keep polling, so that the group keeps us.
        """
        task = asyncio.create_task(self._apply(taken.raws, taken.decoded))
        try:
            client.pause(*quiet(client))  # until this batch is done nobody asks again for what is not there
            if len(taken.raws) == self._settings.batch_size:
                await asyncio.sleep(0)
                with suppress(KafkaError):  # the next poll meets it again
                    self._ahead = await self._take(client, 0)
                client.pause(*quiet(client))
            while not (await asyncio.wait((task,), timeout=SLOW_SECONDS))[0]:
                await self._keep_polling(client, 0)
            await task
        finally:
            task.cancel()
            client.resume(*client.paused())

    async def _keep_polling(self, client: AIOKafkaConsumer, milliseconds: int) -> None:
        """Poll without taking anything: a partition that a rebalance has just brought is not paused yet."""
        client.pause(*client.assignment())
        for partition, records in (await client.getmany(timeout_ms=milliseconds)).items():
            client.seek(partition, records[0].offset)

    async def _leave_alone(self, client: AIOKafkaConsumer) -> None:
        """Fetch nothing for a while, longer each time: for a broker that does not wait until it has something."""
        client.pause(*client.assignment())
        await asyncio.sleep(self._idle)
        client.resume(*client.paused())

    def _raw(self, record: Record) -> Raw:
        return raw_of(record, self._topics[record.topic])

    async def _apply(self, raws: Sequence[Kept], decoded: Decoded | None = None) -> None:
        """Apply in one transaction; when that fails, in halves, until the bad record is alone. Raises LetGo."""
        if not await self._succeeds(raws, decoded):
            middle = len(raws) // 2
            await self._apply(raws[:middle])
            await self._apply(raws[middle:])
            return
        self._done.update({(raw.topic, raw.partition): raw.offset + 1 for raw in raws})
        if self._parked_in_a_row >= PARKED_IN_A_ROW:
            await self._stop_for_good()

    async def _succeeds(self, raws: Sequence[Kept], decoded: Decoded | None) -> bool:
        """Whether these are handled now, if need be by parking; False asks for halves. Raises LetGo."""
        for attempt in range(1, TRIES + 1):
            try:
                await self._attempt(raws, decoded or read(batch.whole(raws), self._classes, self._hot))
            except TROUBLE:
                raise
            except Exception as error:
                found = batch.whole(raws)
                if len(found) > 1:
                    return False
                if isinstance(error, Refused) or attempt == TRIES:
                    await self._park(found[0], error, attempt)
                    return True
                log.warning("handler failed, trying again", exc_info=error, extra={"fields": named(place(raws[0]))})
                await asyncio.sleep(0.1 * 4 ** (attempt - 1))
            else:
                break
        return True

    async def _attempt(self, raws: Sequence[Kept], found: Decoded) -> None:
        decoded, broken = found
        with ExitStack() as spans:
            if len(broken) == len(raws) > PARKED_IN_A_ROW:
                raise TooManyBroken
            envelopes = [traced(envelope, spans) for envelope in decoded]
            spans.enter_context(around(envelopes))
            async with self._db.transaction() as conn:
                held = await deadletters.held(conn, self._name, raws)
                fresh = await inbox.claim(conn, self._name, envelopes)
                ready = [each for each in fresh if (each.topic, each.key) not in held] if held else fresh
                work = [(self._handlers[cls], run) for cls, run in runs(ready)]
                await begin(conn, (handler for handler, _ in work))
                for handler, run in sorted(work, key=lambda each: hasattr(each[0], "last")):
                    await handler(conn, run)
                odd = batch.odd(broken, fresh, held)
                for raw in batch.whole([raw for raw in raws if place(raw) in odd] if odd else ()):
                    await deadletters.park(conn, self._name, raw, *odd[place(raw)])
                await deadletters.supersede(conn, self._name, decoded)
                await ledger.record(conn, self._name, raws)
                await crashpoint("consumer.before_store")
        await crashpoint("consumer.after_store")
        batch.count(ready)
        self._parked_in_a_row = 0 if ready else self._parked_in_a_row + len(broken)
        for topic, count in unknown(raws, found).items():
            UNKNOWN_TYPES.labels(topic).inc(count)
        for where in broken:
            log.error("record parked", extra={"fields": {**named(where), "reason": "undecodable"}})

    async def _park(self, raw: Raw, error: Exception, attempts: int) -> None:
        reason: deadletters.Reason = "refused" if isinstance(error, Refused) else "failed"
        detail = discretion.reason(error)
        async with self._db.transaction() as conn:
            envelope = decode(raw, self._classes)
            if envelope is not None:
                await inbox.claim(conn, self._name, [envelope])
            await deadletters.park(conn, self._name, raw, reason, detail, attempts)
            await ledger.record(conn, self._name, [raw])
        log.error(
            "record parked", extra={"fields": {**named(place(raw)), "reason": reason, "error": type(error).__name__}}
        )
        self._parked_in_a_row += 1

    async def _stop_for_good(self) -> None:
        why = f"{self._parked_in_a_row} records in a row could not be handled"
        async with self._db.transaction() as conn:
            await conn.execute(SQL.stop_consumer, self._name, why)
        raise ConsumerStopped(why)

    async def _wait_for_the_world(self, client: AIOKafkaConsumer, error: BaseException) -> None:
        """Pause; keep polling, so that the group keeps us."""
        pause = self.assignment.outage()
        log.warning("the database is in trouble, waiting", exc_info=error, extra={"fields": {"seconds": pause}})
        if self.assignment.outage_seconds > OUTAGE_SECONDS:
            raise error
        try:
            await self._keep_polling(client, int(pause * 1000))
            await asyncio.sleep(pause)
        finally:
            client.resume(*client.paused())

    async def _commit(self, client: AIOKafkaConsumer, *, again: bool = False) -> None:
        """Commit offset + 1 of what the database has committed. A failure loses nothing: the inbox absorbs it.

        What could not be committed is committed with what comes next, or `again` when nothing comes. Who was thrown out
        of the group repeats nothing: whoever has the partition reads from where it stood, and two readers that repeated
        their commits would throw each other out for ever.
        """
        mine = client.assignment()
        done = {TopicPartition(self._wire[topic], number): offset for (topic, number), offset in self._done.items()}
        offsets = {partition: offset for partition, offset in done.items() if partition in mine}
        try:
            if offsets:
                await asyncio.wait_for(client.commit(offsets), 10)
        except (KafkaError, TimeoutError) as error:
            COMMIT_FAILURES.inc()
            if isinstance(error, CommitFailedError):  # as at many a rebalance: nothing that a stack would explain
                self._done.clear()
                log.warning("offset commit came too late: the group has shared its partitions out anew")
            else:
                log.warning("offset commit failed", exc_info=error)
            since = self._commits_fail_since = self._commits_fail_since or time.monotonic()
            if not again and time.monotonic() - since > FAILED_COMMITS_SECONDS:
                raise
        else:
            self._done.clear()
            self._commits_fail_since = None
            await crashpoint("consumer.after_commit")


async def _within(seconds: float, work: Awaitable[None]) -> None:
    """Bounded: a client whose broker is gone may wait for ever."""
    try:
        await asyncio.wait_for(work, seconds)
    except (TimeoutError, KafkaError) as error:
        log.warning("gave up waiting for the broker", exc_info=error)
