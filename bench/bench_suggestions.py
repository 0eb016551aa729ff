"""The best twenty teachers of one person through the whole HTTP side, in turns with a bare route.

Ours does all that it does in production: access token, policy, traces, metrics. The bare route is FastAPI and asyncpg
with their defaults, and reads one person by id: the least that any answer through HTTP takes. One person in four is in
an open match. Bar: p99 under 10 ms at 1,000,000 people.

`--quality` askers: what is answered from the teachers that are read, beside what reading all of them would answer.

python -m bench.bench_suggestions [--size 100000] [--asked 2000] [--quality 0] [--narrowed "&site=S3"]
"""

import argparse
import asyncio
import resource
import time
from collections.abc import Sequence
from typing import Any
from unittest.mock import patch
from uuid import UUID

import numpy as np
from fastapi import FastAPI
from fastapi import Request as Call

from bench.matching_world import World, matching, person_id, programme
from bench.servers import Request, Server, ask, bare, ours, plain_app, serving
from services.matching.app import create_app
from services.matching.commands.projections import learn_programmes
from services.matching.queries import suggestions
from services.matching.settings import MatchingSettings
from shared.db import Database
from tests.fixtures.issuer import Issuer, serving_issuer

WARM = 200
BAR = 10.0
"""Milliseconds."""
TOP = 20
BEFORE = 240, 60
"""Teachers read, of all skills and of each, when a question looked up each of them."""
PAIRS = (
    """CREATE TEMPORARY TABLE pair ON COMMIT DROP AS
    SELECT gen_random_uuid() AS match_id, learner, teacher FROM (
        SELECT person_id AS learner, lead(person_id) OVER w AS teacher, row_number() OVER w AS place
        FROM people WINDOW w AS (ORDER BY person_id)
    ) AS next WHERE place % 8 = 1 AND teacher IS NOT NULL""",
    """INSERT INTO matches (match_id, kind, state, programme_id, score, reasons)
    SELECT match_id, 'pair', 'accepted', $1, 100, '[]' FROM pair""",
    """INSERT INTO match_members (match_id, person_id, role, answer)
    SELECT match_id, learner, 'learner', 'accepted' FROM pair
    UNION ALL SELECT match_id, teacher, 'teacher', 'accepted' FROM pair""",
)


def least(settings: MatchingSettings) -> FastAPI:
    """One row by id."""
    app = plain_app(settings)

    @app.get("/v1/people/{who}/suggestions")
    async def read(who: UUID, request: Call) -> Any:
        async with request.app.state.pool.acquire() as conn:
            row = await conn.fetchrow("SELECT unit_code FROM people WHERE person_id = $1", who)
        return {"items": [dict(row)]}

    return app


async def waits(
    servers: Sequence[Server], people: Sequence[UUID], issuer: Issuer, narrowed: str = ""
) -> list[list[float]]:
    """Milliseconds to each person's answer by each server, in turns, over one connection each."""
    streams = [await asyncio.open_connection("127.0.0.1", server.port) for server in servers]
    took = []
    for who in people:
        token = issuer.token(roles=["employee"], person_id=str(who))
        said = Request("GET", f"/v1/people/{who}/suggestions?limit=20{narrowed}", token)
        row = []
        for stream in streams:
            began = time.perf_counter()
            await ask(*stream, said)
            row.append(1000 * (time.perf_counter() - began))
        took.append(row)
    for _, writer in streams:
        writer.close()
    return took[WARM:]


async def pair(database: Database) -> None:
    """Every eighth person is matched with the next by id."""
    mentoring = programme("mentoring")
    async with database.transaction() as conn:
        await learn_programmes(conn, [mentoring])
        for statement in PAIRS:
            await conn.execute(statement.replace("$1", f"'{mentoring.programme_id}'"), timeout=120)
    async with database.acquire() as conn:
        await conn.execute("VACUUM ANALYZE matches, match_members", timeout=120)


async def best(database: Database, people: Sequence[UUID], read: tuple[int, int]) -> list[list[int]]:
    """The scores of each person's best twenty, so many teachers read."""
    found = []
    with patch.multiple(suggestions, READ=read[0], READ_OF_EACH=read[1]):
        for who in people:
            async with database.acquire() as conn:
                rows = await suggestions.list_suggestions(conn, who, suggestions.Wanted(), None, TOP)
            found.append([row["score"] for row in rows or ()])
    return found


async def compare(database: Database, people: Sequence[UUID]) -> None:
    """What the teachers read are worth beside all there are."""
    whole = await best(database, people, (10**6, 10**6))
    for name, read in (("read now", (suggestions.READ, suggestions.READ_OF_EACH)), ("read before", BEFORE)):
        some = await best(database, people, read)
        points = sum(map(sum, some)) / sum(map(sum, whole))
        asked = sum(map(len, whole))
        hits = sum(sum(score >= top[-1] for score in mine) for mine, top in zip(some, whole, strict=True) if top)
        told = f"{points:.2%} of the points of the best {TOP} of all, {hits / asked:.1%} as good as one of those"
        print(f"{name}, {read[0]} of all skills and {read[1]} of each: {told}", flush=True)


async def main() -> None:
    """People drawn at random ask for their own suggestions."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=100_000, help="people")
    parser.add_argument("--asked", type=int, default=2000, help="people who ask")
    parser.add_argument(
        "--quality", type=int, default=0, help="people whose answers are compared with the best there are"
    )
    parser.add_argument("--narrowed", default="", help="what is added to each question")
    given = parser.parse_args()
    began = time.perf_counter()
    rows = np.random.default_rng(1).choice(given.size, given.asked + WARM, replace=given.size < given.asked + WARM)
    people = [person_id(row) for row in rows.tolist()]
    async with (
        serving_issuer() as issuer,
        matching(World(given.size), issuer=issuer.url, kafka_bootstrap="unused") as (settings, database),
    ):
        print(f"{given.size:,} people stored after {time.perf_counter() - began:.0f} s", flush=True)
        await pair(database)
        async with (
            serving(ours, create_app, settings) as our,
            serving(bare, least, settings) as floor,
        ):
            servers = {"suggestions, top 20": our, "bare, one row": floor}
            await waits(tuple(servers.values()), people[: WARM + 300], issuer, given.narrowed)
            spent = [server.cpu for server in servers.values()]
            took = np.array(await waits(tuple(servers.values()), people, issuer, given.narrowed))
            for place, (name, server) in enumerate(servers.items()):
                p50, p99 = np.percentile(took[:, place], (50, 99))
                memory = server.process.memory_info().rss >> 20
                cpu = 1000 * (server.cpu - spent[place]) / len(people)
                told = f"p50 {p50:.2f} ms, p99 {p99:.2f} ms, {cpu:.2f} ms of CPU, {memory} MB"
                print(f"{name:20} of {given.size:,}: {told}", flush=True)
        if given.quality:
            await compare(database, people[: given.quality])
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
    print(f"bar: p99 {BAR:.0f} ms; peak memory of the bench {peak} MB; {time.perf_counter() - began:.0f} s in all")


if __name__ == "__main__":
    asyncio.run(main())
