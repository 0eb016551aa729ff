"""A service's read models from nothing, by its topics: the same code, another database, and nobody is told anything."""

import asyncio
import logging
import math
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from typing import NamedTuple

from shared import outbox, sql
from shared.consumer import Consumer, Handlers
from shared.db import Connection, Database
from shared.events.topics import TOPICS
from shared.kafka import AIOKafkaConsumer, Record, TopicPartition, partitions, reader, wire_name
from shared.redrive import Selection, redrive
from shared.settings import Settings

SQL = sql.load("shared", "rebuild")
HASH = """
SELECT count(*) AS rows, coalesce(sum(hashtextextended((to_jsonb(t) - $1::text[])::text, 0)::numeric), 0) AS digest
FROM {table} AS t
"""
WAIT_SECONDS = 60.0
MANY = 1_000_000
log = logging.getLogger(__name__)
Places = Mapping[TopicPartition, int]
ReadModels = Mapping[str, tuple[str, ...]]
"""Tables that events alone make, each with its columns that say when and not what."""


class NotEmpty(Exception):
    """The database to rebuild into has already handled events."""


class TableHash(NamedTuple):
    """What a table says, whatever the order of its rows."""

    rows: int
    digest: int


class Rebuild(Consumer):
    """Reads every partition from its beginning to where it ends now, outside every group."""

    async def all(self, tell: Callable[[str], None] = log.warning) -> int:
        """Apply everything there is; returns how many records that were, and tells what is not. Raises NotEmpty."""
        async with self._db.acquire() as conn:
            if await conn.fetchval(SQL.has_handled):
                message = "the database has handled events before: rebuild into an empty migrated one"
                raise NotEmpty(message)
        found = await partitions(self._settings, self.topics)
        places = [place for each in found.values() for place in each]
        client = reader(self._settings)
        client.assign(places)
        await asyncio.wait_for(client.start(), WAIT_SECONDS)
        try:
            with outbox.muted():
                begins, ends = await client.beginning_offsets(places), await client.end_offsets(places)
                for topic, count in gone(self._settings, begins).items():
                    tell(f"{topic} keeps its first {count} records no longer: what they alone told is not made anew")
                count = await self._read(client, begins, ends)
                while await self._again():
                    pass
                return count
        finally:
            await client.stop()

    async def _read(self, client: AIOKafkaConsumer, begins: Places, ends: Places) -> int:
        """Apply what lies between, in the order of its times; returns how many records that were."""
        for place, begin in begins.items():
            client.seek(place, begin)  # not `seek_to_beginning`: a late answer to the client's own question undoes it
        count = 0
        merge = Merge({place for place, begin in begins.items() if begin < ends[place]})
        while merge.places:
            client.pause(*(place for place in begins if place not in merge.hungry))
            client.resume(*(place for place in merge.hungry if place in client.paused()))
            for place, records in (await client.getmany(timeout_ms=250, max_records=self._settings.batch_size)).items():
                merge.take(place, (record for record in records if record.offset < ends[place]))
            for place in merge.hungry:
                if await client.position(place) >= ends[place]:
                    merge.end(place)
            while raws := [self._raw(record) for record in islice(merge.ready(), self._settings.batch_size)]:
                await self._apply(raws)
                count += len(raws)
        return count

    async def _again(self) -> bool:
        """Handle what a rule refused once more: in life it was replayed when the rule spoke against it no longer."""
        refused = Selection(reason="refused", limit=MANY)
        tried = redrive(self._db, self._name, self._handlers, refused, rate=math.inf, dry=False)
        return any([outcome.problem is None async for outcome in tried])


def gone(settings: Settings, begins: Places) -> dict[str, int]:
    """How many records topics have dropped, of those that say what happened; a state that is gone was said again."""
    states = {wire_name(settings, topic) for topic in TOPICS if topic.full_state}
    found: Counter[str] = Counter()
    for place, begin in begins.items():
        found[place.topic] += 0 if place.topic in states else begin
    return {topic: count for topic, count in sorted(found.items()) if count}


class Merge:
    """Records of many partitions in the order of their times: what was first in life is first again."""

    def __init__(self, places: Iterable[TopicPartition]) -> None:
        self.places = set(places)
        """Partitions that have more to read."""
        self._waiting: dict[TopicPartition, deque[Record]] = {place: deque() for place in self.places}

    @property
    def hungry(self) -> set[TopicPartition]:
        """Partitions without whose next record nobody knows what comes next."""
        return {place for place in self.places if not self._waiting[place]}

    def take(self, place: TopicPartition, records: Iterable[Record]) -> None:
        """Keep what was read of a partition."""
        self._waiting[place].extend(records)

    def end(self, place: TopicPartition) -> None:
        """A partition has no more."""
        self.places.discard(place)

    def ready(self) -> Iterator[Record]:
        """Records in order, as far as every partition that has more has shown its next."""
        while not self.hungry:
            first = min(
                (place for place, records in self._waiting.items() if records),
                key=lambda place: (self._waiting[place][0].timestamp, place),
                default=None,
            )
            if first is None:
                return
            yield self._waiting[first].popleft()


async def rebuild(
    settings: Settings, db: Database, handlers: Handlers, tell: Callable[[str], None] = log.warning
) -> int:
    """Apply every event to an empty migrated database; no event leaves it. Returns how many were read."""
    return await Rebuild(settings, db, handlers).all(tell)


async def hashes(conn: Connection, models: ReadModels) -> dict[str, TableHash]:
    """A hash of each read model. Numbers given out by the database itself must be among the columns left out."""
    found = {}
    for table, aside in models.items():
        row = await conn.fetchrow(HASH.format(table=f'"{table}"'), list(aside))
        assert row is not None
        found[table] = TableHash(row["rows"], int(row["digest"]))
    return found


async def differences(
    live: Connection, rebuilt: Connection, models: ReadModels
) -> dict[str, tuple[TableHash, TableHash]]:
    """The read models that differ, with both hashes; none when the rebuilt ones may take the live ones' place."""
    here, there = await hashes(live, models), await hashes(rebuilt, models)
    return {table: (here[table], there[table]) for table in models if here[table] != there[table]}
