"""What the benchmarks of metrics share: an organization, its events on a broker, and a migrated store."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import TypeAlias
from uuid import UUID

from confluent_kafka import Producer

from bench import brokers
from deploy.local.ports import free_port
from deploy.local.postgres import Postgres
from services.metrics.settings import MetricsSettings
from shared import kafka
from shared.db import Database, connect
from shared.envelope import encode
from shared.events.sessions import ParticipationChanged
from shared.migrate import migrate
from shared.settings import Settings, load

BEGIN = datetime(2026, 1, 5, 9, tzinfo=UTC)
MONTHS = 3
GROUP = 6
"""People in a session."""
OFTEN_SECONDS, RARELY_SECONDS = 0.01, 0.25
STATES = ("attended",) * 16 + ("no_show", "cancelled_late", "cancelled_early", "excused")

PEOPLE_SQL = """
INSERT INTO membership (person_id, valid_from, version, unit_path, status, hired_on)
SELECT ('00000000-0000-4000-8000-' || lpad(to_hex(person), 12, '0'))::uuid, '2025-01-01', 1,
    ARRAY['org', 'd' || person % 20, 't' || person % 400], 'active', '2025-01-01'
FROM generate_series(0, $1::int - 1) AS person
"""


@dataclass(frozen=True)
class Size:
    """How much of everything."""

    events: int
    people: int


def person_id(number: int) -> UUID:
    """The person of that number, as in PEOPLE_SQL."""
    return UUID(f"00000000-0000-4000-8000-{number:012x}")


def participations(size: Size, seed: int = 0) -> Iterator[ParticipationChanged]:
    """Facts in order of session: six people each, spread over three months and ten programmes."""
    rng = Random(seed)
    sessions = size.events // GROUP + 1
    for number in range(size.events):
        session, seat = divmod(number, GROUP)
        counts = [rng.randrange(3) for _ in range(5)]
        yield ParticipationChanged(
            session_id=_session(session),
            person_id=person_id((session * 97 + seat * 31) % size.people),
            version=1,
            programme_id=UUID(int=session % 10 + 1),
            format=("mentoring", "peer_circle")[session % 2],
            session_starts_at=BEGIN + timedelta(days=session * MONTHS * 28 // sessions, hours=session % 8),
            state=rng.choice(STATES),
            role="participant",
            minutes=rng.randrange(30, 90),
            taught=counts[0],
            asked=counts[1],
            shared=counts[2],
            challenged=counts[3],
            summarised=counts[4],
        )


def _session(number: int) -> UUID:
    return UUID(int=Random(number).getrandbits(128), version=4)


@asynccontextmanager
async def stack(batch_size: int | None = None) -> AsyncIterator[tuple[MetricsSettings, Postgres]]:
    """A migrated store and an empty broker, of our own."""
    with TemporaryDirectory() as state:
        server = Postgres(Path(state), free_port())
        async with server, brokers.broker(Path(state)) as broker:
            await server.create_service_databases(["metrics"])
            more = {} if batch_size is None else {"batch_size": batch_size}
            settings = load(
                MetricsSettings,
                "metrics",
                database_url=server.dsn("metrics", "metrics"),
                kafka_bootstrap=broker.bootstrap,
                pool_size=4,
                command_timeout=600,
                **more,
            )
            await migrate(settings)
            await kafka.apply_topics(settings)
            yield settings, server
        server.remove()


async def fill_people(settings: Settings, people: int) -> None:
    """Membership, set-based."""
    conn = await connect(settings)
    await conn.execute(PEOPLE_SQL, people)
    await conn.execute(
        "INSERT INTO spans (person_id, valid_from, valid_to, unit_path, status)"
        " SELECT person_id, valid_from, valid_to, unit_path, status FROM membership_spans"
    )
    await conn.execute("ANALYZE")
    await conn.close()


async def produce(settings: Settings, events: Iterable[ParticipationChanged]) -> int:
    """Put events on their topic, finished as the relay would; returns how many."""
    client = kafka.producer(settings)
    await client.start()
    sent, count = [], 0
    for event in events:
        headers, value = encode(event, {"traceparent": _trace(count)})
        sent.append(await client.send("sessions.participation", value, event.key.encode(), headers=headers))
        count += 1
        if len(sent) >= 5000:
            await asyncio.gather(*sent)
            sent.clear()
    await asyncio.gather(*sent)
    await client.stop()
    return count


def _trace(number: int) -> str:
    """Each event is of a trace of its own, as whoever answers a request tells it; nobody looks at this one."""
    return f"00-{number + 2**100:032x}-{number + 2**50:016x}-00"


Finished: TypeAlias = tuple[bytes, list[tuple[str, bytes]], bytes]
"""Key, headers and value of a record."""


def quick(size: Size) -> Iterator[Finished]:
    """As `participations`, finished records by the million: one event's text, with other ids and days in it."""
    (event,) = islice(participations(Size(1, 1)), 1)
    headers, value = encode(event, {"traceparent": _trace(0)})
    named, session, person, day = dict(headers), str(event.session_id), str(event.person_id), "2026-01-05T09"
    text = value.decode() if value else ""
    for number in range(size.events):
        seat = number % GROUP
        here = str(UUID(int=number // GROUP + 2**120 * (number // GROUP % 251)))
        held = BEGIN + timedelta(days=number * MONTHS * 28 // size.events)
        somebody = str(person_id((number // GROUP * 97 + seat * 31) % size.people))
        told = text.replace(session, here).replace(person, somebody).replace(day, f"{held:%Y-%m-%dT%H}")
        key = here.encode()
        changed = {"ce_id": str(UUID(int=number + 2**100)).encode(), "ce_subject": key, "ce_partitionkey": key}
        changed |= dict.fromkeys(("ce_traceparent", "traceparent"), _trace(number).encode())
        yield key, list((named | changed).items()), told.encode()


def tell(bootstrap: str, records: Iterable[Finished]) -> None:
    """Put finished records on the topic of participation, as fast as a library in C can."""
    client = Producer({
        "bootstrap.servers": bootstrap, "linger.ms": 20, "compression.type": "lz4", "log_level": 0,
        "queue.buffering.max.messages": 1_000_000,
    })  # fmt: skip
    for key, headers, value in records:
        client.produce("sessions.participation", value, key, headers=dict(headers))
    client.flush()


async def settled(db: Database, query: str, expected: int) -> int:
    """Wait until a query's number is the expected one or more, and return it.

    Each look is taken from who works: four a second on a long way, and a hundred at its end.
    """
    began, first = time.perf_counter(), None
    while True:
        async with db.acquire() as conn:
            if (found := await conn.fetchval(query)) >= expected:
                return int(found)
        first = found if first is None else first
        rate = (found - first) / (time.perf_counter() - began)
        left = (expected - found) / rate if rate else 0.0
        await asyncio.sleep(min(max(left / 4, OFTEN_SECONDS), RARELY_SECONDS))
