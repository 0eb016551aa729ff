"""Dashboard queries over many facts: what readers wait for, and how long the counting ahead of them takes."""

import argparse
import asyncio
import resource
import statistics
import time
from collections.abc import Iterable, Sequence
from uuid import UUID

import httpx
import uvloop

from bench.metrics_world import fill_people, stack
from services.metrics.app import create_app
from services.metrics.commands.networks import count_networks
from services.metrics.commands.publish import publish_tables
from services.metrics.commands.skills import count_skills
from services.metrics.domain.measures import COUNTED
from services.metrics.queries.measures import get_measure
from services.metrics.queries.published import is_large
from services.metrics.queries.release import WAITING, Release
from services.metrics.queries.scope import Scope, Window
from services.metrics.settings import MetricsSettings
from shared.db import Connection, connect
from shared.settings import Settings
from tests.fixtures.issuer import serving_issuer

FACTS = """
INSERT INTO participations (
    session_id, person_id, month, starts_at, version, programme_id, format, unit_path, state, role, minutes,
    contributions, taught
)
SELECT md5('s' || fact / 6)::uuid,
    ('00000000-0000-4000-8000-' || lpad(to_hex(person), 12, '0'))::uuid, month, month + interval '9 days 9 hours', 1,
    ('00000000-0000-0000-0000-' || lpad(to_hex(1 + fact / 6 % 10), 12, '0'))::uuid,
    (ARRAY['mentoring', 'peer_circle'])[1 + fact / 6 % 2], ARRAY['org', 'd' || person % 20, 't' || person % 400],
    (ARRAY['attended', 'attended', 'attended', 'attended', 'no_show', 'excused'])[1 + fact % 6], 'participant',
    30 + fact % 60, fact % 4, fact % 2
FROM (
    SELECT fact, (fact::bigint * 7919 % $2)::int AS person,
        (date_trunc('month', current_date) - make_interval(months => 11 - (fact::bigint * 12 / $3)::int))::date
            AS month
    FROM generate_series($1::int, $1::int + 99999) AS fact
) AS made
"""
UNITS = """
INSERT INTO units (code, version, name, path)
SELECT 'd' || d, 1, 'Division ' || d, ARRAY['org', 'd' || d] FROM generate_series(0, 19) AS d
UNION ALL SELECT 'org', 1, 'Organization', ARRAY['org']
"""
PROGRAMMES = """
INSERT INTO programmes (programme_id, version, status, name, format, audience_units, starts_on, ends_on, goals)
SELECT ('00000000-0000-0000-0000-' || lpad(to_hex(n), 12, '0'))::uuid, 1, 'published', 'Programme ' || n, 'mentoring',
    '{}', current_date - 340, current_date + 30, '[]'
FROM generate_series(1, 10) AS n
"""
SKILLS = """
INSERT INTO person_skills (person_id, skill_id, level, target, teaches, present, first_target, first_gap)
SELECT person_id, 'skill/' || (n * 7 + turn * 131) % 500, n % 4, 3, CASE WHEN n % 4 = 3 THEN 3 END, true, 3, 3 - n % 4
FROM (SELECT person_id, (row_number() OVER ())::int AS n FROM spans) AS person, generate_series(0, 2) AS turn
"""
SESSIONS = """
INSERT INTO sessions (session_id, version, state, programme_id, group_id, format, starts_at, ends_at, capacity)
SELECT DISTINCT ON (session_id) session_id, 1, 'held', programme_id, session_id, format, starts_at,
    starts_at + interval '1 hour', 8
FROM participations
"""
FEEDBACK = """
INSERT INTO feedback (
    batch_id, programme_id, format, division, month, answers, usefulness, relevance, engagement, usefulness_at,
    relevance_at, engagement_at
)
SELECT gen_random_uuid(), ('00000000-0000-0000-0000-' || lpad(to_hex(1 + batch % 10), 12, '0'))::uuid,
    (ARRAY['mentoring', 'peer_circle'])[1 + batch % 2], 'd' || batch / 10 % 20,
    (date_trunc('month', current_date) - make_interval(months => batch % 12))::date, 5, 20, 19, 18, '{0,0,1,3,1}',
    '{0,0,2,2,1}', '{0,1,1,2,1}'
FROM generate_series(1, $1::int / 15) AS batch
"""

CHANGE = """
UPDATE participations SET minutes = minutes + 1, changed_by = pg_current_xact_id()
WHERE month = date_trunc('month', current_date)::date AND person_id IN (
    SELECT person_id FROM spans ORDER BY person_id LIMIT 20
)
"""


async def fill_part(settings: Settings, starts: Iterable[int], people: int, facts: int) -> None:
    """Every second hundred thousand: two connections, as there are two cores."""
    conn = await connect(settings)
    for start in starts:
        await conn.execute(FACTS, start, people, facts)
    await conn.close()


async def fill(settings: Settings, facts: int, people: int) -> None:
    """Facts straight into the tables, a hundred thousand at a time, their keys and their roll-up from them."""
    conn = await connect(settings)
    for statement in (UNITS, PROGRAMMES, SKILLS, "SET maintenance_work_mem = '512MB'"):
        await conn.execute(statement)
    await conn.execute(
        "SELECT ensure_participations((date_trunc('month', current_date) - make_interval(months => m))::date)"
        " FROM generate_series(0, 11) AS m"
    )
    keys = await conn.fetchval(
        "SELECT string_agg(pg_get_indexdef(indexrelid), ';') FROM pg_index"
        " WHERE indrelid = 'participations'::regclass AND NOT indisprimary"
    )
    for name in ("person", "changed"):
        await conn.execute(f"DROP INDEX participations_{name}")
    await conn.execute("ALTER TABLE participations DROP CONSTRAINT participations_pkey")
    await asyncio.gather(*(fill_part(settings, range(part, facts, 200_000), people, facts) for part in (0, 100_000)))
    await conn.execute("ALTER TABLE participations ADD PRIMARY KEY (session_id, person_id, month)")
    await conn.execute(keys.replace(" ON ONLY ", " ON "))  # a definition names the parent without its partitions
    await conn.execute("SELECT fold_months()")
    await conn.execute(SESSIONS)
    await conn.execute(FEEDBACK, facts)
    await conn.execute("VACUUM ANALYZE")
    await conn.close()


async def publish(conn: Connection) -> tuple[int, float]:
    """Turns of the timer until nothing is due, and how long the longest was."""
    tables, longest = 0, 0.0
    while True:
        began = time.perf_counter()
        if not (done := await publish_tables(conn, 5)):
            return tables, longest
        tables, longest = tables + done, max(longest, time.perf_counter() - began)


PAGES = ("/", f"/programmes/{UUID(int=1)}", "/networks", "/skills", "/knowledge", "/pipeline", "/query-log")


async def pages(
    settings: MetricsSettings, conn: Connection, times: int, paths: Sequence[str], change: str = ""
) -> None:
    """Pages by HTTP, as a browser gets them: token, queries, rendering; after a change where one is given."""
    async with serving_issuer() as issuer:
        app = create_app(settings.model_copy(update={"issuer": issuer.url}))
        transport = httpx.ASGITransport(app)
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1", timeout=600) as client,
        ):
            for path in paths:
                taken = []
                for _ in range(times + 1):
                    if change:
                        await conn.execute(change)
                    began = time.perf_counter()
                    reply = await client.get(path, headers=issuer.bearer("admin"))
                    taken.append((time.perf_counter() - began) * 1000)
                    assert reply.status_code == httpx.codes.OK
                first, taken = taken[0], sorted(taken[1:])
                print(
                    f"page      p50 {statistics.median(taken):5.0f} ms, p95 {taken[int(times * 0.95)]:5.0f} ms, first"
                    f" {first:5.0f} ms, {len(reply.content):>7,} bytes  {path}{', facts changed' * bool(change)}"
                )


async def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--facts", type=int, default=1_000_000)
    options.add_argument("--people", type=int, default=20_000)
    options.add_argument("--readings", type=int, default=200)
    options.add_argument("--measures", type=int, default=6, help="of which tables are read, beside the pages'")
    asked = options.parse_args()
    async with stack() as (settings, _):
        await fill_people(settings, asked.people)
        began = time.perf_counter()
        await fill(settings, asked.facts, asked.people)
        print(f"{asked.facts:,} facts of {asked.people:,} people in {time.perf_counter() - began:.0f} s")
        await measure(settings, asked.readings, asked.measures)
    print(f"memory    {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB at most")


async def measure(settings: MetricsSettings, readings: int, measures: int) -> None:
    """What readers wait for, before, while and after the tables are counted."""
    conn = await connect(settings)
    window = Window.covering(None, None)
    names = ("participation_rate", "attendance_rate", "learning_hours", "sessions_held", "frequency", "reach")[
        :measures
    ]
    scopes = [(COUNTED[name], Scope(window, by)) for name in names for by in ("none", "unit", "programme", "month")]

    async def read(times: int) -> str:
        taken, waiting = [], 0
        for number in range(times):
            began = time.perf_counter()
            table = await get_measure(conn, Release(conn, 5), *scopes[number % len(scopes)])
            taken.append((time.perf_counter() - began) * 1000)
            waiting += table.cells[0].reason == WAITING if table.cells else 0
        taken.sort()
        p50, p95 = taken[times // 2], taken[int(times * 0.95)]
        return f"p50 {p50:.1f} ms, p95 {p95:.1f} ms, slowest {taken[-1]:.0f} ms, {waiting} of {times} not counted yet"

    print(f"large     {await is_large(conn, window)}")
    print(f"never     {await read(len(scopes))}")
    worker = await connect(settings)
    began = time.perf_counter()
    turns = asyncio.create_task(publish(worker))
    during = []
    while not turns.done():
        during.append(await read(len(scopes)))
        await asyncio.wait((turns,), timeout=2)
    tables, longest = turns.result()
    print(f"meanwhile {during[len(during) // 2]}")
    print(f"counted   {tables} tables in {time.perf_counter() - began:.0f} s, the longest turn {longest:.0f} s")
    print(f"counted   {await read(readings)}")
    for what, work in (("network of a month", count_networks), ("skills", count_skills)):
        began = time.perf_counter()
        async with worker.transaction():
            await work(worker, 5)
        print(f"counted   {what} in {time.perf_counter() - began:.0f} s")
    await pages(settings, conn, 60, PAGES)
    await pages(settings, conn, 10, PAGES[:1], CHANGE)
    await worker.close()
    await conn.close()


if __name__ == "__main__":
    uvloop.run(main())
