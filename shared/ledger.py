"""Counts per topic and day what a consumer has taken and what the broker holds: the two must agree."""

import asyncio
import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from time import monotonic

from opentelemetry.instrumentation.utils import suppress_instrumentation

from shared import sql
from shared.db import TROUBLE, Connection, Database
from shared.deadletters import FULL_STATE
from shared.envelope import Kept
from shared.events.topics import Topic
from shared.kafka import AIOKafkaConsumer, KafkaError, TopicPartition, partitions, reader, wire_name
from shared.settings import Settings
from shared.telemetry import CONSUMER_BEHIND, OFFSET_GAPS, RECONCILE_MISSING

SQL = sql.load("shared", "delivery")
RECONCILE = sql.load("shared", "reconcile")
EVERY_SECONDS = 2.0
WAIT_SECONDS = 20.0
AGAIN_SECONDS = 30.0
DAY_MS = 86_400_000
EPOCH = date(1970, 1, 1).toordinal()
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Completeness:
    """One topic on one UTC day: as many records taken as were produced, or not yet."""

    topic: str
    day: date
    produced: int
    ingested: int
    as_of: datetime | None


async def record(conn: Connection, consumer: str, raws: Sequence[Kept]) -> None:
    """Count these records, whatever became of them, in the transaction that handles them. Redelivery counts once."""
    runs = list(_runs(raws))
    gaps = await conn.fetch(
        SQL.record_ingested,
        consumer,
        [topic for topic, *_ in runs],
        [partition for _, partition, *_ in runs],
        [offset for *_, offset, _ in runs],
        [count for *_, count in runs],
        [date.fromordinal(EPOCH + day) for _, _, day, _, _ in runs],
        [topic in FULL_STATE for topic, *_ in runs],
    )
    for gap in gaps:
        OFFSET_GAPS.labels(gap["topic"]).inc(gap["gap"])
        log.error("records are missing from the log", extra={"fields": dict(gap)})


def _runs(raws: Iterable[Kept]) -> Iterator[tuple[str, int, int, int, int]]:
    """Topic, partition, day, first offset and count of records that follow each other."""
    where, first, count = None, 0, 0
    for raw in raws:
        here = raw.topic, raw.partition, raw.timestamp_ms // DAY_MS
        if here == where and raw.offset == first + count:
            count += 1
            continue
        if where:
            yield *where, first, count
        where, first, count = here, raw.offset, 1
    if where:
        yield *where, first, count


async def completeness(conn: Connection, consumer: str) -> list[Completeness]:
    """Newest day first."""
    return [Completeness(**row) for row in await conn.fetch(SQL.completeness, consumer)]


class Ledger:
    """Asks the broker what was produced, every few seconds."""

    def __init__(self, settings: Settings, db: Database, topics: Iterable[Topic]) -> None:
        self._settings = settings
        self._db = db
        self._topics = list(topics)
        self._partitions: dict[str, list[TopicPartition]] = {}
        self._looked = -AGAIN_SECONDS

    async def run(self, stop: asyncio.Event) -> None:
        """Compare until `stop`; a broker or database in trouble is waited for."""
        while not stop.is_set():
            try:
                with suppress_instrumentation():
                    await self._compare_until(stop)
            except (*TROUBLE, KafkaError) as error:
                log.warning("the ledger waits", exc_info=error)
                await _sleep(stop)

    async def _compare_until(self, stop: asyncio.Event) -> None:
        self._looked = -AGAIN_SECONDS
        client = reader(self._settings)
        try:
            await asyncio.wait_for(client.start(), WAIT_SECONDS)
            while not stop.is_set():
                await asyncio.wait_for(self.compare(client), WAIT_SECONDS)
                await _sleep(stop)
        finally:
            await asyncio.wait_for(client.stop(), 3)

    async def compare(self, client: AIOKafkaConsumer) -> int:
        """Store what was produced yesterday and today; returns how much of what was produced before is missing."""
        async with self._db.acquire() as conn:
            before = await completeness(conn, self._settings.service)
            unapplied = await conn.fetchval(RECONCILE.missing, self._settings.service)
        missing = int(unapplied) + sum(max(0, entry.produced - entry.ingested) for entry in before)
        RECONCILE_MISSING.set(missing)
        await self._behind_retention(client)
        produced = await self._produced(client)
        rows = [(topic, day, count) for (topic, day), count in produced.items() if count]
        async with self._db.transaction() as conn:
            topics, days, counts = zip(*rows, strict=True) if rows else ((), (), ())
            await conn.execute(SQL.record_produced, self._settings.service, topics, days, counts)
        return missing

    async def _behind_retention(self, client: AIOKafkaConsumer) -> None:
        """Say how many records the broker has dropped that were never read: no later record need come to show it."""
        async with self._db.acquire() as conn:
            taken = await conn.fetch(SQL.positions, self._settings.service)
        known = {
            TopicPartition(wire_name(self._settings, topic), row["partition"]): row["next_offset"]
            for topic in self._topics
            for row in taken
            if row["topic"] == topic.name and not topic.full_state
        }
        begins = await client.beginning_offsets(list(known)) if known else {}
        behind = {place: begins[place] - offset for place, offset in known.items() if begins[place] > offset}
        CONSUMER_BEHIND.set(sum(behind.values()))
        for place, count in behind.items():
            fields = {"topic": place.topic, "partition": place.partition, "records": count}
            log.error("the log has dropped records before they were read", extra={"fields": fields})

    async def _produced(self, client: AIOKafkaConsumer) -> dict[tuple[str, date], int]:
        """By topic and day, how much came yesterday and today.

        Days are the broker's: our clock only chooses which to ask for, so that one which is wrong by an hour counts
        nothing on the wrong side of midnight.
        """
        # A topic may be made after we start, and may be given more partitions while we run.
        if monotonic() - self._looked > AGAIN_SECONDS or not all(self._partitions.values()):
            self._partitions = await partitions(self._settings, self._topics)
            self._looked = monotonic()
        known = [partition for found in self._partitions.values() for partition in found]
        ends = await client.end_offsets(known)
        today = datetime.now(UTC).date()
        days = [today + timedelta(days=number) for number in (-1, 0, 1)]
        stood = [await self._offsets(client, ends, day) for day in days]
        return {
            (name, day): sum(after[partition] - first[partition] for partition in found)
            for day, first, after in zip(days, stood, stood[1:], strict=False)
            for name, found in self._partitions.items()
        }

    async def _offsets(
        self, client: AIOKafkaConsumer, ends: Mapping[TopicPartition, int], day: date
    ) -> dict[TopicPartition, int]:
        """Where each partition stood when the day began; where it ended when we looked if nothing came later."""
        midnight = int(datetime.combine(day, time.min, UTC).timestamp() * 1000)
        found = await client.offsets_for_times(dict.fromkeys(ends, midnight))
        return {
            partition: end if found.get(partition) is None else min(end, found[partition].offset)
            for partition, end in ends.items()
        }


async def _sleep(stop: asyncio.Event) -> None:
    try:
        await asyncio.wait_for(stop.wait(), EVERY_SECONDS)
    except TimeoutError:
        return
