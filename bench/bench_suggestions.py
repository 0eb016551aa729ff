"""The best twenty teachers of one person through the whole HTTP side, in turns with a bare route.

Ours does all that it does in production: access token, policy, traces, metrics. The bare route is FastAPI and asyncpg
with their defaults, and reads one person by id: the least that any answer through HTTP takes. Bar: p99 under 10 ms.

python -m bench.bench_suggestions [--size 100000] [--asked 2000]
"""

import argparse
import asyncio
import resource
import time
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import numpy as np
from fastapi import FastAPI
from fastapi import Request as Call

from bench.matching_world import World, matching, person_id
from bench.servers import Request, Server, ask, bare, ours, plain_app, serving
from services.matching.app import create_app
from services.matching.settings import MatchingSettings
from tests.fixtures.issuer import Issuer, serving_issuer

WARM = 200
BAR = 10.0
"""Milliseconds."""


def least(settings: MatchingSettings) -> FastAPI:
    """One row by id."""
    app = plain_app(settings)

    @app.get("/v1/people/{who}/suggestions")
    async def read(who: UUID, request: Call) -> Any:
        async with request.app.state.pool.acquire() as conn:
            row = await conn.fetchrow("SELECT unit_code FROM people WHERE person_id = $1", who)
        return {"items": [dict(row)]}

    return app


async def waits(servers: Sequence[Server], people: Sequence[UUID], issuer: Issuer) -> list[list[float]]:
    """Milliseconds to each person's answer by each server, in turns, over one connection each."""
    streams = [await asyncio.open_connection("127.0.0.1", server.port) for server in servers]
    took = []
    for who in people:
        token = issuer.token(roles=["employee"], person_id=str(who))
        said = Request("GET", f"/v1/people/{who}/suggestions?limit=20", token)
        row = []
        for stream in streams:
            began = time.perf_counter()
            await ask(*stream, said)
            row.append(1000 * (time.perf_counter() - began))
        took.append(row)
    for _, writer in streams:
        writer.close()
    return took[WARM:]


async def main() -> None:
    """People drawn at random ask for their own suggestions."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=100_000, help="people")
    parser.add_argument("--asked", type=int, default=2000, help="people who ask")
    given = parser.parse_args()
    rows = np.random.default_rng(1).choice(given.size, given.asked + WARM, replace=given.size < given.asked + WARM)
    people = [person_id(row) for row in rows.tolist()]
    async with (
        serving_issuer() as issuer,
        matching(World(given.size), issuer=issuer.url, kafka_bootstrap="unused") as (settings, _),
        serving(ours, create_app, settings) as our,
        serving(bare, least, settings) as floor,
    ):
        servers = {"suggestions, top 20": our, "bare, one row": floor}
        took = np.array(await waits(tuple(servers.values()), people, issuer))
        for place, (name, server) in enumerate(servers.items()):
            p50, p99 = np.percentile(took[:, place], (50, 99))
            memory = server.process.memory_info().rss >> 20
            cpu = 1000 * server.cpu / len(people)
            told = f"p50 {p50:.2f} ms, p99 {p99:.2f} ms, {cpu:.1f} ms of CPU with its start, {memory} MB"
            print(f"{name:20} of {given.size:,}: {told}", flush=True)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
    print(f"bar: p99 {BAR:.0f} ms; peak memory of the bench {peak} MB")


if __name__ == "__main__":
    asyncio.run(main())
