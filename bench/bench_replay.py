"""Replay and poison: a topic read from nothing three times, and a tenth of another that is no event at all.

Every event lies on the topic once or twice and out of order within its key. The ceiling of replay is reading alone.
"""

import argparse
import asyncio
import random
import resource
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

from deploy.local.apache_kafka import ApacheKafka
from deploy.local.ports import free_port
from deploy.local.postgres import Postgres
from shared import deadletters, kafka, redrive
from shared.consumer import Handlers
from shared.db import Database
from shared.envelope import encode
from shared.events.sessions import ParticipationChanged
from shared.rebuild import TableHash, hashes, rebuild
from shared.settings import Settings, load
from tests.conftest import _migrate
from tests.fixtures import register
from tests.fixtures.delivery import HOSTILE, consuming, participation

TOPIC = ParticipationChanged.topic
VERSIONS = 10
TIMES = 3
CHUNK = 5_000
DISORDER = """
SELECT count(*) FROM (
    SELECT l.record_offset < lag(l.record_offset) OVER (PARTITION BY l.key ORDER BY e.id) AS wrong
    FROM effects e JOIN dead_letters l USING (event_id) WHERE l.state = 'replayed'
) AS pairs WHERE wrong
"""
"""Effects of a key's letters that came before those of an earlier record."""
Written = tuple[bytes, list[tuple[str, bytes]], bytes | None]


def events(size: int, draw: random.Random) -> Iterator[Written]:
    """Ten versions a key, out of order, every tenth event twice."""
    for key in range(size // VERSIONS):
        session = UUID(int=key + 1)
        versions = draw.sample(range(1, VERSIONS + 1), VERSIONS)
        for version in versions:
            headers, value = encode(participation(session, version), {})
            record = (str(session).encode(), headers, value)
            yield record
            if version == versions[0]:
                yield record


async def publish(settings: Settings, size: int, hostile: int) -> int:
    """Write them; among them, evenly, `hostile` records that are no events. Returns how many records that were."""
    draw, count, bad = random.Random(7), 0, 0
    every = size // hostile if hostile else 0
    client = kafka.producer(settings)
    await client.start()
    sent = []
    for key, headers, value in events(size, draw):
        sent.append(await client.send(kafka.wire_name(settings, TOPIC), value, key, headers=headers))
        count += 1
        if every and bad < hostile and count % every == 0:
            bad += 1
            body = HOSTILE[bad % len(HOSTILE)]
            sent.append(
                await client.send(kafka.wire_name(settings, TOPIC), body, str(UUID(int=bad)).encode(), headers=headers)
            )
        if len(sent) >= CHUNK:
            await asyncio.gather(*sent)
            sent = []
    await asyncio.gather(*sent)
    await client.stop()
    return count + bad


async def reading(settings: Settings, size: int) -> float:
    """Records a second by a client that only reads."""
    client = kafka.reader(settings)
    client.assign((await kafka.partitions(settings, [TOPIC]))[TOPIC.name])
    await client.start()
    began, seen = time.perf_counter(), 0
    while seen < size:
        seen += sum(map(len, (await client.getmany(timeout_ms=250, max_records=1000)).values()))
    await client.stop()
    return size / (time.perf_counter() - began)


async def replayed(settings: Settings, server: Postgres, number: int) -> tuple[dict[str, TableHash], int, float]:
    """Rebuild into a database of its own: what it says, how much it would tell, records a second."""
    name = f"replay_{number}"
    await server.create_database(name, "metrics")
    made = load(Settings, "metrics", database_url=server.dsn(name, "metrics"), kafka_bootstrap=settings.kafka_bootstrap)
    await _migrate("shared", made)
    db = await Database.connect(made)
    await register.prepare(db)
    began = time.perf_counter()
    count = await rebuild(made, db, register.HANDLERS)
    taken = time.perf_counter() - began
    async with db.acquire() as conn:
        said = await hashes(conn, {"model": ()})
        told = await conn.fetchval("SELECT count(*) FROM outbox")
    await db.close()
    return said, told, count / taken


async def poisoned(settings: Settings, db: Database, handlers: Handlers, records: int) -> tuple[float, int, int]:
    """Consume everything: records a second, letters of hostile records with reason and bytes, letters in all."""
    began = time.perf_counter()
    query = "SELECT coalesce(sum(next_offset), 0)::bigint FROM consumed_positions"
    async with consuming(settings, db, handlers):
        while True:
            async with db.acquire() as conn:
                if await conn.fetchval(query) >= records:
                    break
            await asyncio.sleep(0.1)
    taken = time.perf_counter() - began
    async with db.acquire() as conn:
        rows = await conn.fetch("SELECT * FROM dead_letters WHERE reason = 'undecodable' AND detail <> ''")
        kept = sum([(await deadletters.opened(conn, row)).value in HOSTILE for row in rows])
        every = await conn.fetchval("SELECT count(*) FROM dead_letters")
    return records / taken, kept, every


async def redriven(db: Database, handlers: Handlers) -> tuple[float, int, int, int]:
    """Give up what is no event, handle what waited behind it: letters a second, handled, failed, out of order."""
    async with db.acquire() as conn:
        hopeless = await conn.fetch("SELECT id FROM dead_letters WHERE reason = 'undecodable'")
    for row in hopeless:
        async with db.transaction() as conn:
            await redrive.discard(conn, "metrics", row["id"], "no event")
    began, handled, failed = time.perf_counter(), 0, 0
    everything = redrive.Selection(limit=len(hopeless))
    async for outcome in redrive.redrive(db, "metrics", handlers, everything, rate=1e9, dry=False):
        handled += 0 if outcome.problem else outcome.letters
        failed += outcome.letters if outcome.problem else 0
    async with db.acquire() as conn:
        wrong = await conn.fetchval(DISORDER)
    return handled / (time.perf_counter() - began), handled, failed, wrong


async def main(size: int, hostile: int) -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as state:
        server, broker = Postgres(Path(state), free_port()), ApacheKafka(Path(state), free_port(), free_port())
        async with server, broker:
            await server.create_service_databases(["metrics"])
            url = server.dsn("metrics", "metrics")
            settings = load(Settings, "metrics", database_url=url, kafka_bootstrap=broker.bootstrap)
            await _migrate("shared", settings)
            await kafka.apply_topics(settings)
            records = await publish(settings, size, 0)
            ceiling = await reading(settings, records)
            found = [await replayed(settings, server, number) for number in range(TIMES)]
            rates = sorted(rate for *_, rate in found)
            same = all(said == found[0][0] for said, *_ in found)
            verdict = "equal" if same else "DIFFER"
            print(f"replay    {records:,} records {TIMES} times: hashes {verdict}: {found[0][0]['model']}")
            print(f"          told to anybody: {sum(told for _, told, _ in found)}")
            print(f"          {rates[1]:,.0f} records/s; reading alone {ceiling:,.0f}; ratio {rates[1] / ceiling:.2f}")
            bad = settings.model_copy(update={"topic_prefix": "poison-"})
            await kafka.apply_topics(bad)
            db = await Database.connect(bad)
            await register.prepare(db)
            records = await publish(bad, hostile * 10, hostile)
            rate, kept, letters = await poisoned(bad, db, register.HANDLERS, records)
            print(f"poison    {kept:,} of {hostile:,} kept byte for byte, with reason, among {records:,} records")
            print(f"          {rate:,.0f} records/s")
            print(f"          {letters - kept:,} good ones of their keys wait behind them")
            pace, handled, failed, wrong = await redriven(db, register.HANDLERS)
            print(f"redrive   {handled:,} handled, {failed:,} failed, {wrong:,} out of order; {pace:,.0f}/s")
            async with db.acquire() as conn:
                effects = await conn.fetchval("SELECT count(*) FROM effects")
                distinct = await conn.fetchval("SELECT count(DISTINCT event_id) FROM effects")
            print(f"          effects of {distinct:,} of {hostile * 10:,} events, {effects - distinct:,} twice")
            await db.close()
        server.remove()
    print(f"memory    {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB at most")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--size", type=int, default=50_000)
    parser.add_argument("--hostile", type=int, default=500)
    given = parser.parse_args()
    asyncio.run(main(given.size, given.hostile))
