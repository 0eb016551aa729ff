"""A round of a large organization through the running service: an API, workers, the broker between them.

Preview and publication by HTTP, hires all the while, the memory of every process at its most, and what came of it:
nobody twice, everybody told once.
"""

import argparse
import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import httpx
import psutil
import uvloop

from bench.bench_onboarding import HIRE_BAR, Wire, hires, organization, process, tell
from bench.matching_world import World, programme
from services.matching.settings import MatchingSettings
from shared.db import Database
from shared.events.matching import MatchProposed, PersonLeftUnmatched
from tests.fixtures.issuer import serving_issuer

HELD = """
SELECT (SELECT count(*) FROM matches WHERE round_id = $1 AND state = 'proposed') AS matches,
    (SELECT count(DISTINCT person_id) FROM match_members JOIN matches USING (match_id)
     WHERE round_id = $1 AND role = 'learner') AS learners,
    (SELECT count(*) FROM unmatched WHERE round_id = $1) AS unmatched
"""
TOLD = """
SELECT count(*) FROM outbox, unnest(header_names, header_values) AS header (called, said)
WHERE called = 'ce_type' AND said = convert_to($1, 'UTF8')
"""


class Memory:
    """The most each kind of process had, and all of them together."""

    def __init__(self, processes: dict[str, psutil.Process]) -> None:
        self._processes = processes
        self.most: dict[str, float] = {}

    async def watch(self) -> None:
        """Look four times a second."""
        while True:
            together = 0.0
            for name, one in self._processes.items():
                together += self._look(name, one)
                for child in one.children(recursive=True):
                    together += self._look(f"{name}'s solver", child)
            self.most["together"] = max(self.most.get("together", 0.0), together)
            await asyncio.sleep(0.25)

    def _look(self, name: str, one: psutil.Process) -> float:
        try:
            size = one.memory_info().rss / 1e6
        except psutil.NoSuchProcess:
            return 0.0
        self.most[name] = max(self.most.get(name, 0.0), size)
        return size

    def tell(self) -> None:
        """What it was since the last time."""
        print("  at most, in MB:", ", ".join(f"{name} {size:,.0f}" for name, size in self.most.items()), flush=True)
        self.most.clear()


async def _hiring(wire: Wire, world: World, took: list[float]) -> None:
    while True:
        took += await hires(wire, world, 1)
        await asyncio.sleep(0.5)


@asynccontextmanager
async def meanwhile(what: str, wire: Wire, world: World, memory: Memory) -> AsyncIterator[None]:
    """Hires come in, and memory is looked at."""
    took: list[float] = []
    tasks = [asyncio.create_task(_hiring(wire, world, took)), asyncio.create_task(memory.watch())]
    began = time.perf_counter()
    yield
    print(f"{what}: {time.perf_counter() - began:.1f} s", flush=True)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    tell("  hires meanwhile: event to proposal", took, HIRE_BAR)
    memory.tell()


async def _until(client: httpx.AsyncClient, round_id: str, state: str) -> dict[str, Any]:
    while True:
        found: dict[str, Any] = (await client.get(f"/v1/rounds/{round_id}")).raise_for_status().json()
        if found["state"] == state:
            return found
        assert found["state"] in {"solving", "publishing"}, found
        await asyncio.sleep(0.5)


def _tell(row: dict[str, Any], what: str) -> None:
    print(f"  {row['matched']:,} of {row['asked']:,} matched; {what}", flush=True)


async def drive(world: World, settings: MatchingSettings, db: Database, given: argparse.Namespace) -> None:
    """The round, through processes of their own."""
    about, buddies = programme("mentoring"), programme("onboarding_buddy")
    async with AsyncExitStack() as stack:
        issuer = await stack.enter_async_context(serving_issuer())
        wire = await stack.enter_async_context(Wire(settings))
        port, api = await stack.enter_async_context(process("api", settings, issuer))
        processes = {"api": api}
        for number in range(given.workers):
            _, processes[f"worker {number + 1}"] = await stack.enter_async_context(process("worker", settings, issuer))
        client = await stack.enter_async_context(
            httpx.AsyncClient(
                base_url=f"http://127.0.0.1:{port}",
                headers=issuer.bearer("admin", exp=36000),
                trust_env=False,
                timeout=3600,
            )
        )
        memory = Memory(processes)
        await wire.tell(about, buddies)
        path = f"/v1/programmes/{about.programme_id}/rules"
        while not (rules := await client.get(path)).is_success:
            await asyncio.sleep(0.2)
        rules = await client.patch(
            path, json={"part_people": given.part_people, "seconds": 3000}, headers={"If-Match": rules.headers["etag"]}
        )
        rules.raise_for_status()
        tell("hires before: event to proposal", await hires(wire, world, 20), HIRE_BAR)
        async with meanwhile("asked for, read, solved and put together", wire, world, memory):
            body = {"programme_id": str(about.programme_id), "seed": 7, "dry_run": True}
            begun = (await client.post("/v1/rounds", json=body)).raise_for_status().json()
            row = await _until(client, begun["round_id"], "preview")
        _tell(row, f"at most {100 * row['gap']:.2f} % better; {row['report']}")
        async with meanwhile("published", wire, world, memory):
            (await client.post(f"/v1/rounds/{begun['round_id']}/publish")).raise_for_status()
            row = await _until(client, begun["round_id"], "published")
        _tell(row, f"{row['unmatched_by_reason']}; {row['report']['withdrawn']} withdrawn")
        async with db.acquire() as conn:
            held = dict(await conn.fetchrow(HELD, row["round_id"], timeout=600) or {})
            events = (MatchProposed, PersonLeftUnmatched)
            told = [await conn.fetchval(TOLD, event.event_type, timeout=600) for event in events]
        assert held == {"matches": row["matches"], "learners": row["matched"], "unmatched": row["unmatched"]}, held
        print(f"  {held}; events: {told[0]:,} proposals (hires' among them), {told[1]:,} left out")


async def main(given: argparse.Namespace) -> None:
    """Measure and print."""
    async with organization(given.size) as (world, settings, db):
        await drive(world, settings, db, given)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=20_000)
    parser.add_argument("--part-people", type=int, default=250_000)
    parser.add_argument("--workers", type=int, default=2)
    uvloop.run(main(parser.parse_args()))
