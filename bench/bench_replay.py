"""Replay and poison: a topic read from nothing three times, and a tenth of another that is no event at all.

The ceiling of replay is reading alone. `--size 0` leaves replay out, `--hostile 0` poison.
"""

import argparse
import asyncio
import resource
import tempfile
import time
from pathlib import Path

from deploy.local.apache_kafka import ApacheKafka
from deploy.local.ports import free_port
from deploy.local.postgres import Postgres
from shared import kafka
from shared.db import Database
from shared.settings import Settings, load
from tests.conftest import _migrate
from tests.fixtures import register
from tests.fixtures.replay import TOPIC, poisoned, publish, redriven, replayed

TIMES = 3


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


async def migrated(server: Postgres, name: str) -> str:
    """A database of its own."""
    await server.create_database(name, "metrics")
    url = server.dsn(name, "metrics")
    await _migrate("shared", load(Settings, "metrics", database_url=url))
    return url


async def replay(settings: Settings, server: Postgres, size: int) -> None:
    """From nothing, several times."""
    records = await publish(settings, size)
    ceiling = await reading(settings, records)
    found = [await replayed(settings, await migrated(server, f"replay_{number}")) for number in range(TIMES)]
    rate = sorted(rate for *_, rate in found)[1]
    verdict = "equal" if all(said == found[0][0] for said, *_ in found) else "DIFFER"
    print(f"replay    {records:,} records {TIMES} times: hashes {verdict}: {found[0][0]['model']}")
    print(f"          told to anybody: {sum(told for _, told, _ in found)}")
    print(f"          {rate:,.0f} records/s; reading alone {ceiling:,.0f}; ratio {rate / ceiling:.2f}")


async def poison(settings: Settings, hostile: int) -> None:
    """All kept, and then handled again."""
    db = await Database.connect(settings)
    await register.prepare(db)
    records = await publish(settings, hostile * 10, hostile)
    rate, kept, letters = await poisoned(settings, db, register.HANDLERS, records)
    print(f"poison    {kept:,} of {hostile:,} kept byte for byte, with reason, among {records:,} records")
    print(f"          {rate:,.0f} records/s; {letters - kept:,} good ones of their keys wait behind them")
    pace, handled, failed, wrong = await redriven(db, register.HANDLERS)
    print(f"redrive   {handled:,} handled, {failed:,} failed, {wrong:,} out of order; {pace:,.0f}/s")
    async with db.acquire() as conn:
        effects = await conn.fetchval("SELECT count(*) FROM effects")
        distinct = await conn.fetchval("SELECT count(DISTINCT event_id) FROM effects")
    print(f"          effects of {distinct:,} of {hostile * 10:,} events, {effects - distinct:,} twice")
    await db.close()


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
            if size:
                await replay(settings, server, size)
            bad = settings.model_copy(update={"topic_prefix": "poison-"})
            await kafka.apply_topics(bad)
            if hostile:
                await poison(bad, hostile)
        server.remove()
    print(f"memory    {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB at most")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--size", type=int, default=50_000)
    parser.add_argument("--hostile", type=int, default=500)
    given = parser.parse_args()
    asyncio.run(main(given.size, given.hostile))
