"""Reads of the directory through its whole HTTP side, against bare FastAPI routes that answer with the same bytes.

Ours does all that it does in production: access token, policy, trace of the request and of its queries, metrics,
problems, headers. The bare route is FastAPI and asyncpg as their tutorials show them: a pool with its defaults, the
same query, nothing of the above; it answers with finished bytes, so that it does not even read its rows. `usual`
is the same route as most would write it, with the rows read into a pydantic response model.

python -m bench.bench_reads [--people 10000] [--seconds 3] [--turns 5]
"""

import argparse
import asyncio
import statistics
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from itertools import repeat
from typing import Any
from uuid import UUID

from fastapi import FastAPI, Response
from fastapi import Request as Call

from bench.bench_directory import BATCH, SOURCE, workers
from bench.servers import Request, ask, bare, founded, ours, plain_app, rate, serving
from services.directory.api.people import Card
from services.directory.app import create_app
from services.directory.commands.workers import take_records
from services.directory.queries.people import SQL
from services.directory.settings import DirectorySettings
from services.directory.store.records import Told
from shared.db import Database
from shared.paging import Page

CALLERS = 4
Answers = tuple[bytes, ...]


def _wanted(unit: str, limit: int) -> tuple[object, ...]:
    """Everybody of a unit, from the first on."""
    return (unit, *[None] * 6, limit + 1, *[None] * 3)


def finished(answers: Answers, settings: DirectorySettings) -> FastAPI:
    """The queries are asked, and the answer is finished bytes."""
    app = plain_app(settings)
    person, page = answers

    @app.get("/v1/people/{person_id}")
    async def read(person_id: UUID, request: Call) -> Response:
        async with request.app.state.pool.acquire() as conn:
            await conn.fetchrow(SQL.get_card, person_id)
        return Response(person, media_type="application/json")

    @app.get("/v1/people")
    async def find(request: Call, unit: str, limit: int) -> Response:
        async with request.app.state.pool.acquire() as conn:
            await conn.fetch(SQL.list_cards, *_wanted(unit, limit))
        return Response(page, media_type="application/json")

    return app


def usual(settings: DirectorySettings) -> FastAPI:
    """The same with response models."""
    app = plain_app(settings)

    @app.get("/v1/people/{person_id}", response_model=Card)
    async def read(person_id: UUID, request: Call) -> Any:
        async with request.app.state.pool.acquire() as conn:
            return dict(await conn.fetchrow(SQL.get_card, person_id))

    @app.get("/v1/people", response_model=Page[Card])
    async def find(request: Call, unit: str, limit: int) -> Any:
        async with request.app.state.pool.acquire() as conn:
            rows = await conn.fetch(SQL.list_cards, *_wanted(unit, limit))
        return {"items": [dict(row) for row in rows[:limit]], "next": None}

    return app


async def reads(settings: DirectorySettings, paths: Sequence[str], token: str, seconds: float, turns: int) -> None:
    """One person and a filtered page, by turns of each server."""
    async with serving(ours, create_app, settings) as our, serving(bare, usual, settings) as often:
        streams = await asyncio.open_connection("127.0.0.1", our.port)
        answers = tuple([await ask(*streams, Request("GET", path, token)) for path in paths])
        streams[1].close()
        async with serving(bare, partial(finished, answers), settings) as theirs:
            for path, name in zip(paths, ("GET one person", "GET 20 of a unit"), strict=True):
                said = repeat(Request("GET", path, token))
                taken = [
                    [await rate(each, said, CALLERS, seconds) for each in (our, theirs, often)] for _ in range(turns)
                ]
                (one, spent), (other, least), (plain, most) = (
                    (statistics.median(rates), statistics.median(costs))
                    for rates, costs in (zip(*column, strict=True) for column in zip(*taken, strict=True))
                )
                print(f"{name:17} {one:>6,.0f}/s {spent:>5,.0f} us   bare {other:>6,.0f}/s {least:>5,.0f} us"
                      f"   ratio {one / other:.2f} ({least / spent:.2f} by CPU)"
                      f"   usual {plain:>6,.0f}/s {most:>5,.0f} us   ratio {one / plain:.2f}")  # fmt: skip
            print(f"memory {our.process.memory_info().rss >> 20} MB, bare {theirs.process.memory_info().rss >> 20} MB")


async def main() -> None:
    """A directory of so many people, read."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--people", type=int, default=10_000)
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--turns", type=int, default=5)
    asked = parser.parse_args()
    async with founded("directory", DirectorySettings) as (settings, issuer):
        db = await Database.connect(settings)
        told = [Told(each, SOURCE) for each in workers(asked.people)]
        for start in range(0, len(told), BATCH):
            async with db.transaction() as conn:
                await take_records(conn, told[start : start + BATCH], datetime.now(UTC))
        async with db.acquire() as conn:
            await conn.execute("ANALYZE people")
            row = await conn.fetchrow("SELECT person_id, unit_code FROM people OFFSET 100 LIMIT 1")
        await db.close()
        assert row
        paths = (f"/v1/people/{row['person_id']}", f"/v1/people?unit={row['unit_code']}&limit=20")
        await reads(settings, paths, issuer.token(exp=7200), asked.seconds, asked.turns)


if __name__ == "__main__":
    asyncio.run(main())
