"""Four services in one process on one broker: a town whose people HR tells of and of whom some are erased meanwhile."""

import asyncio
import random
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from importlib import import_module
from typing import Any
from uuid import UUID, uuid4

from confluent_kafka import Producer

from shared.consumer import Consumer
from shared.db import Database
from shared.envelope import encode
from shared.events.hr import OrgUnitUpserted, WorkerErased, WorkerUpserted
from shared.events.topics import SERVICES
from shared.kafka import TopicPartition, fetch, partitions, reader
from shared.rebuild import Rebuild
from shared.relay import Relay
from shared.runner import Service
from shared.settings import Settings
from tests.fixtures.delivery import publish_all

MARK = "qxgone"
"""What every name, address and number of those bears who will be erased."""
SOURCE = "https://hr.corp.local"
SINCE = date(2020, 1, 1)
UNITS = 20
WAIT_SECONDS = 600.0
READ = "SELECT topic, partition, next_offset FROM consumed_positions"


def services() -> dict[str, Service]:
    """All four, as their processes know them."""
    return {name: import_module(f"services.{name}.__main__").SERVICE for name in SERVICES}


@dataclass
class Feed:
    """What HR says, drawn by a seed: `first` of everybody, `then` changed, late, again and in another order."""

    first: list[WorkerUpserted]
    then: list[WorkerUpserted]
    gone: list[str]
    """Numbers of those who will be erased."""
    stay: set[str] = field(default_factory=set)


def draw(seed: int, erasures: int, events: int) -> Feed:
    """Five events for each of `events / 5` people, nine in ten of whom are known before the race begins."""
    dice = random.Random(seed)
    count = events // 5
    doomed = set(dice.sample(range(count), erasures))
    numbers = [f"{MARK if each in doomed else 'qxstay'}{each:06d}" for each in range(count)]
    first, then = [], []
    for each, number in enumerate(numbers):
        states = [_state(dice, numbers, number, sequence) for sequence in range(1, 5)]
        states.insert(dice.randrange(5), dice.choice(states))  # one of them twice
        known = each % 10 > 0
        first += states[:1] if known else []
        then += states[known:]
    dice.shuffle(then)
    return Feed(first, then, [number for number in numbers if MARK in number], {n for n in numbers if MARK not in n})


def _state(dice: random.Random, numbers: Sequence[str], number: str, sequence: int) -> WorkerUpserted:
    manager = dice.choice(numbers[: 1 + numbers.index(number) // 2]) if dice.random() < 0.5 else number
    ahead = timedelta(days=30) if sequence == 4 and dice.random() < 0.2 else timedelta()
    return WorkerUpserted.model_validate(
        {
            "employee_number": number,
            "sequence_number": sequence,
            "effective_at": datetime.now(UTC).date() + ahead if ahead else SINCE + timedelta(days=sequence),
            "status": "active",
            "given_name": f"{number}g",
            "family_name": f"{number}f",
            "work_email": f"{number}@corp.local",
            "time_zone": "Europe/Berlin",
            "hire_date": SINCE,
            "job_code": "SW-02",
            "job_title": "Engineer",
            "unit_code": f"U{dice.randrange(UNITS)}",
            "manager_employee_number": None if manager == number else manager,
            "site_code": dice.choice(("BER", "PAR", "OSL")),
            "country": "DE",
        }
    )


class Hr:
    """HR's own producer."""

    def __init__(self, bootstrap: str, prefix: str) -> None:
        self._prefix = prefix
        # As Java's clients and ours do: compaction needs a key's state and its tombstone on one partition.
        self._client = Producer({"bootstrap.servers": bootstrap, "linger.ms": 5, "partitioner": "murmur2_random"})

    def say(self, *events: WorkerUpserted | WorkerErased | OrgUnitUpserted) -> None:
        """Publish these in order, one in twenty twice under the same id."""
        for position, event in enumerate(events):
            headers, value = encode(event, {})
            told: dict[str, str | bytes | None] = {**dict(headers), "ce_source": SOURCE}
            for _ in range(2 if position % 20 == 0 else 1):
                self._client.produce(f"{self._prefix}{event.topic.name}", value, event.key, headers=told)
            self._client.poll(0)
        assert self._client.flush(WAIT_SECONDS) == 0

    def garble(self, numbers: Sequence[str]) -> None:
        """Broken records of these workers: with their key, and without any."""
        for number in numbers:
            for key in (number, None):
                value = f'{{"employeeNumber": "{number}", "familyName": "{number}f"'.encode()
                headers: dict[str, str | bytes | None] = {"ce_specversion": "1.0", "ce_id": str(uuid4())}
                headers |= {"ce_source": SOURCE, "ce_type": WorkerUpserted.event_type}
                self._client.produce(f"{self._prefix}hr.workers", value, key, headers=headers)
        assert self._client.flush(WAIT_SECONDS) == 0


@asynccontextmanager
async def opened(settings: Mapping[str, Settings]) -> AsyncIterator[dict[str, Database]]:
    """Pools on one database of each service."""
    dbs = {name: await Database.connect(each) for name, each in settings.items()}
    yield dbs
    for db in dbs.values():
        await db.close()


@asynccontextmanager
async def living(settings: Mapping[str, Settings], dbs: Mapping[str, Database]) -> AsyncIterator[None]:
    """All services consume and publish while the block runs; what one raises, the block raises."""
    stop = asyncio.Event()
    async with AsyncExitStack() as stack, asyncio.TaskGroup() as group:
        stack.callback(stop.set)
        for name, service in services().items():
            group.create_task(Consumer(settings[name], dbs[name], service.handlers).run(stop))
            group.create_task(Relay(settings[name]).run(stop))
        try:
            yield
        finally:
            stop.set()


async def at_rest(settings: Mapping[str, Settings], dbs: Mapping[str, Database]) -> None:
    """Wait until everybody has read everything and has nothing more to say."""
    readers = {name: Consumer(settings[name], dbs[name], service.handlers) for name, service in services().items()}
    clients = {name: reader(settings[name]) for name in readers}
    for client in clients.values():
        await client.start()
    try:
        async with asyncio.timeout(WAIT_SECONDS):
            quiet = 0
            while quiet < 2:
                behind = [await _behind(settings[n], dbs[n], readers[n], clients[n]) for n in readers]
                quiet = quiet + 1 if not any(behind) else 0
                await asyncio.sleep(0.05)
    finally:
        for client in clients.values():
            await client.stop()


async def _behind(settings: Settings, db: Database, consumer: Consumer, client: Any) -> bool:
    async with db.acquire() as conn:
        if await conn.fetchval("SELECT EXISTS (SELECT FROM outbox WHERE published_at IS NULL)"):
            return True
        read = {(row[0], row[1]): row[2] for row in await conn.fetch(READ)}
    for topic, places in (await partitions(settings, consumer.topics)).items():
        ends = await client.end_offsets(places)
        if any(end > read.get((topic, place.partition), 0) for place, end in ends.items()):
            return True
    return False


class Again(Rebuild):
    """Reads everything once more into a restored database, as its group does that was moved back, and then on."""

    def __init__(self, settings: Settings, db: Database, service: Service) -> None:
        super().__init__(settings, db, service.handlers)
        self._from: dict[TopicPartition, int] = {}

    async def on(self) -> int:
        """Apply what came since the last time, or at first everything; returns how many records."""
        places = [place for each in (await partitions(self._settings, self.topics)).values() for place in each]
        client, count = reader(self._settings), 0
        client.assign(places)
        await client.start()
        try:
            ends = await client.end_offsets(places)
            for place, begin in (await client.beginning_offsets(places)).items():
                self._from[place] = max(begin, self._from.get(place, 0))
                client.seek(place, self._from[place])
            while any(self._from[place] < end for place, end in ends.items()):
                async for place, records in fetch(client, 100, self._settings.batch_size):
                    await self._apply([self._raw(record) for record in records])
                    count += len(records)
                    self._from[place] = records[-1].offset + 1
        finally:
            await client.stop()
        return count


async def catch_up(settings: Mapping[str, Settings], dbs: Mapping[str, Database]) -> int:
    """Restored databases read everything again and say what they have to, until nobody has more; how many records."""
    readers = [Again(settings[name], dbs[name], service) for name, service in services().items()]
    total = more = 0
    while True:
        more = sum([await each.on() for each in readers])
        said = sum([await publish_all(each) for each in settings.values()])
        total += more
        if not more and not said:
            return total


async def people_of(db: Database) -> dict[str, UUID]:
    """Whom the directory knows, by number."""
    async with db.acquire() as conn:
        return {row[0]: row[1] for row in await conn.fetch("SELECT employee_number, person_id FROM people")}
