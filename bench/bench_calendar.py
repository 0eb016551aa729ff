"""A calendar feed of 500 sessions over HTTP, against the same rows read and dumped as JSON by the same pool.

python -m bench.bench_calendar --events 500 --rounds 30
"""

import argparse
import asyncio
import resource
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from uuid import uuid4

import httpx
import orjson

from deploy.local.ports import free_port
from deploy.local.postgres import Postgres
from services.sessions.app import create_app
from services.sessions.commands.calendar import create_feed
from services.sessions.settings import SessionsSettings
from shared import sql
from shared.db import Connection
from shared.migrate import migrate
from shared.settings import load

SQL = sql.load("services.sessions", "calendar")
FILL = """
WITH programme AS (
    INSERT INTO programmes (programme_id, version, status, name, format, modality, confidentiality, skills,
        group_size_min, group_size_max, cadence_days, session_minutes, starts_on, ends_on, backfill, goals,
        ground_rules)
    VALUES (gen_random_uuid(), 1, 'published', 'Bench', 'mentoring_circle', 'remote', 'open', '{}', 4, 8, 14, 60,
        current_date, current_date + 700, false, '[]', 'Be kind')
    RETURNING programme_id
), circle AS (
    INSERT INTO groups (group_id, programme_id, match_id, match_version, kind, state, rules_version, rules_text)
    SELECT gen_random_uuid(), programme_id, gen_random_uuid(), 1, 'circle', 'active', 1, 'Be kind' FROM programme
    RETURNING group_id, programme_id
), meetings AS (
    INSERT INTO sessions (session_id, version, state, group_id, programme_id, number, due_on, starts_at, ends_at,
        capacity, why)
    SELECT gen_random_uuid(), 1, 'scheduled', group_id, programme_id, n, current_date + n,
           now() + n * interval '1 day', now() + n * interval '1 day' + interval '1 hour', 8, 'bench'
    FROM circle, generate_series(1, $2::int) AS n
    RETURNING session_id
)
INSERT INTO participants (session_id, person_id, role) SELECT session_id, $1, 'participant' FROM meetings
"""


async def fill(conn: Connection, events: int) -> str:
    """A person with that many sessions ahead among 20 others with as many; returns their token."""
    person = uuid4()
    for one in [person, *(uuid4() for _ in range(20))]:
        await conn.execute(FILL, one, events)
    token = await create_feed(conn, person)
    await conn.execute("INSERT INTO contacts VALUES ($1, 1, 'Ada Lovelace', 'ada@example.org', 'en')", person)
    return token


async def timed(rounds: int, work: Callable[[], Awaitable[object]]) -> list[float]:
    """Milliseconds of each round, after two that do not count."""
    found = []
    for number in range(rounds + 2):
        begin = time.perf_counter()
        await work()
        if number > 1:
            found.append((time.perf_counter() - begin) * 1000)
    return found


async def main(events: int, rounds: int) -> None:
    """Measure and print."""
    async with Postgres(Path(tempfile.mkdtemp()), free_port(), fsync=False) as server:
        await server.create_service_databases(("sessions",))
        config = load(SessionsSettings, "sessions", database_url=server.dsn("sessions", "sessions"))
        await migrate(config)
        app = create_app(config)
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://bench") as client,
        ):
            async with app.state.db.transaction() as conn:
                token = await fill(conn, events)
            path = f"/v1/calendar-feeds/{token}.ics"
            reply = await client.get(path)
            assert reply.text.count("BEGIN:VEVENT") == events

            async def bare() -> None:
                async with app.state.db.acquire() as conn:
                    person = await conn.fetchval("SELECT person_id FROM calendar_feeds")
                    rows = await conn.fetch(SQL.entries, person, None)
                    orjson.dumps([dict(row) for row in rows], default=str)

            tag = {"If-None-Match": reply.headers["ETag"]}
            feed = await timed(rounds, lambda: client.get(path))
            known = await timed(rounds, lambda: client.get(path, headers=tag))
            json = await timed(rounds, bare)
    server.remove()
    for name, found in (("feed", feed), ("feed, not modified", known), ("rows as JSON", json)):
        ordered = sorted(found)
        p95 = ordered[int(len(ordered) * 0.95) - 1]
        print(f"{name:20} {events} events  median {statistics.median(found):6.1f} ms  p95 {p95:6.1f} ms")
    ratio = statistics.median(feed) / statistics.median(json)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"feed / rows as JSON  {ratio:.1f}x   goal: under 50 ms   peak memory {peak:.0f} MB")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=30)
    given = parser.parse_args()
    asyncio.run(main(given.events, given.rounds))
