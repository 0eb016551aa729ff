"""A store made anew from its topics against the live one, table by table, while the live one is read and written."""

import argparse
import asyncio
import resource
import time
from collections.abc import Iterator
from pathlib import Path

import uvloop

from bench.metrics_world import Size, fill_people, participations, produce, stack
from services.metrics.__main__ import SERVICE
from services.metrics.commands.facts import fold_months
from services.metrics.consumers import HANDLERS
from shared.consumer import Consumer
from shared.db import Database
from shared.events.sessions import ParticipationChanged
from shared.migrate import migrate
from shared.rebuild import differences, hashes, rebuild

TAKEN = "SELECT coalesce(sum(next_offset), 0)::bigint FROM consumed_positions"
READ = "SELECT month, sum(attended), sum(minutes) FROM months GROUP BY month ORDER BY month"
POINTS = 4


async def main() -> None:
    """Measure, compare and print."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--size", type=int, default=60_000, help="events; one in six corrects an earlier one")
    options.add_argument("--people", type=int, default=20_000)
    asked = options.parse_args()
    size = Size(asked.size * 5 // 6, asked.people)
    async with stack(5000) as (settings, server):
        await server.create_service_databases(["rebuilt"])
        other = settings.model_copy(update={"database_url": server.dsn("rebuilt", "rebuilt")})
        await migrate(other)
        for each in (settings, other):
            await fill_people(each, size.people)
        count = await produce(settings, participations(size)) + await produce(settings, corrections(size))
        live, made = await Database.connect(settings), await Database.connect(other)
        stop = asyncio.Event()
        task = asyncio.create_task(Consumer(settings, live, HANDLERS).run(stop))
        print(f"live      {count:,} events in {await taken(live, count):.0f} s")
        began, waits = time.perf_counter(), list[float]()
        reading = asyncio.create_task(read(live, waits))
        events = await rebuild(other, made, HANDLERS)
        print(f"rebuilt   {events:,} events in {time.perf_counter() - began:.0f} s")
        reading.cancel()
        waits.sort()
        middle, slow = waits[len(waits) // 2], waits[len(waits) * 99 // 100]
        print(f"readers   p50 {middle:.0f} ms, p99 {slow:.0f} ms, of {len(waits)}")
        stop.set()
        await task
        for database in (live, made):
            async with database.transaction() as conn:
                await fold_months(conn)
        async with live.acquire() as here, made.acquire() as there:
            rows = {
                table: found.rows for table, found in (await hashes(here, SERVICE.read_models)).items() if found.rows
            }
            print(f"rows      {rows}")
            print(f"differing {await differences(here, there, SERVICE.read_models) or 'none'}")
        await live.close()
        await made.close()
    print(f"memory    {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB at most")


async def taken(db: Database, count: int) -> float:
    """Seconds until all is taken in; prints what memory it took on the way."""
    began = time.perf_counter()
    for part in range(1, POINTS + 1):
        while True:
            async with db.transaction() as conn:
                if await conn.fetchval(TAKEN) >= count * part // POINTS:
                    break
                await fold_months(conn)
            await asyncio.sleep(0.5)
        print(f"          {count * part // POINTS:>10,} events, {resident()} MB")
    return time.perf_counter() - began


def resident() -> int:
    """Megabytes of this process now."""
    lines = Path("/proc/self/status").read_text("ascii").splitlines()
    return next(int(line.split()[1]) // 1024 for line in lines if line.startswith("VmRSS"))


async def read(db: Database, waits: list[float]) -> None:
    """Ask the live store for its sums, ten times a second; milliseconds each."""
    while True:
        began = time.perf_counter()
        async with db.transaction() as conn:
            await conn.fetch(READ)
        waits.append((time.perf_counter() - began) * 1000)
        await asyncio.sleep(0.1)


def corrections(size: Size) -> Iterator[ParticipationChanged]:
    """Every fifth fact, taken back."""
    for number, fact in enumerate(participations(size)):
        if number % 5 == 0:
            yield fact.model_copy(update={"version": 2, "state": "no_show"})


if __name__ == "__main__":
    uvloop.run(main())
