"""A year of reading the overview every day or week: how what was shown grows, and what auditing against it costs."""

import argparse
import time
from collections.abc import Iterator
from datetime import date, timedelta
from itertools import groupby

import uvloop

from bench.bench_dashboard import PROGRAMMES, UNITS
from bench.metrics_world import GROUP, fill_people, stack
from services.metrics.queries.measures import get_page
from services.metrics.queries.overview import TABLES
from services.metrics.queries.release import Release
from services.metrics.queries.scope import Window
from shared.db import Connection, connect

BEGIN = date(2024, 1, 1)
FACTS = """
INSERT INTO participations (
    session_id, person_id, month, starts_at, version, programme_id, format, unit_path, state, role, minutes,
    contributions, taught
)
SELECT md5('s' || fact / $5)::uuid,
    ('00000000-0000-4000-8000-' || lpad(to_hex(person), 12, '0'))::uuid, date_trunc('month', $1::date)::date,
    $1::date + interval '9 hours', 1, ('00000000-0000-0000-0000-' || lpad(to_hex(1 + fact / $5 % 10), 12, '0'))::uuid,
    (ARRAY['mentoring', 'peer_circle'])[1 + fact / $5 % 2], ARRAY['org', 'd' || person % 20, 't' || person % 400],
    'attended', 'participant', 60, fact % 4, fact % 2
FROM (SELECT fact, (fact::bigint * 7919 % $4)::int AS person FROM generate_series($2::int, $3::int - 1) AS fact) AS made
"""
HELD = """
INSERT INTO sessions (session_id, version, state, programme_id, group_id, format, starts_at, ends_at, capacity)
SELECT DISTINCT ON (session_id) session_id, 1, 'held', programme_id, session_id, format, starts_at,
    starts_at + interval '1 hour', 8
FROM participations WHERE starts_at = $1::date + interval '9 hours'
"""


def working_days(months: int) -> Iterator[date]:
    """Monday to Friday, from the first day on."""
    for number in range(months * 30):
        if (day := BEGIN + timedelta(days=number)).weekday() < 5:  # not on Saturdays and Sundays
            yield day


async def live(conn: Connection, day: date, told: int, people: int, share: int) -> int:
    """A day's facts; each person comes about once in `share` working days. Returns how many facts there are by now."""
    facts = told + people // share // GROUP * GROUP
    await conn.execute("SELECT ensure_participations($1)", day.replace(day=1))
    await conn.execute(FACTS, day, told, facts, people, GROUP)
    await conn.execute(HELD, day)
    return facts


async def read(conn: Connection, day: date) -> float:
    """The overview's tables as they are read on that day; returns seconds."""
    window = Window.covering((day.replace(day=1) - timedelta(days=32)).replace(day=1), day)
    began = time.perf_counter()
    await get_page(conn, Release(conn, 5), window, TABLES)
    return time.perf_counter() - began


async def run(people: int, months: int, share: int, every: int) -> None:
    """Print a line for each month."""
    async with stack() as (settings, _):
        await fill_people(settings, people)
        conn = await connect(settings)
        for statement in (UNITS, PROGRAMMES, "UPDATE programmes SET starts_on = '2023-01-01', ends_on = '2026-12-31'"):
            await conn.execute(statement)
        told = 0
        for month, days in groupby(working_days(months), lambda day: day.replace(day=1)):
            taken = []
            for number, day in enumerate(days, 1):
                told = await live(conn, day, told, people, share)
                if number % every == 0:
                    taken.append(await read(conn, day))
            sets = await conn.fetch("SELECT seen, pg_total_relation_size('released_sets') AS size FROM released_sets")
            rows, views, size = len(sets), len({row["seen"] for row in sets}), sets[0]["size"]
            print(f"{month:%Y-%m}: {told:,} facts; {rows:,} sets, {views} views, {size / 2**20:.1f} MiB; "
                  f"a reading {sum(taken) / len(taken):.2f} s, at most {max(taken):.2f} s", flush=True)  # fmt: skip
        await conn.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=5_000)
    parser.add_argument("--months", type=int, default=12)
    parser.add_argument("--share", type=int, default=21, help="working days between two sessions of one person")
    parser.add_argument("--every", type=int, default=1, help="working days between two readings")
    given = parser.parse_args()
    uvloop.run(run(given.people, given.months, given.share, given.every))
