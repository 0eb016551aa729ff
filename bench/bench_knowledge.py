"""Searching what people have left, at size, against a scan of the same table in the same run."""

import argparse
import asyncio
import resource
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from uuid import uuid4

from deploy.local.ports import free_port
from deploy.local.postgres import Postgres
from services.sessions.queries.knowledge import Wanted, search
from services.sessions.settings import SessionsSettings
from shared.db import Connection, Database
from shared.migrate import migrate
from shared.settings import load

ITEMS = """
INSERT INTO knowledge (item_id, kind, scope, confidentiality, title, text, link, skills, level, expires_on, rated,
                       rating_total)
SELECT gen_random_uuid(), CASE n % 3 WHEN 0 THEN 'lesson' ELSE 'resource' END, 'everybody', 'open',
       'About word' || n % 5000, 'How word' || n * 7 % 20000 || ' meets word' || n * 31 % 20000,
       'https://wiki.example/' || n, ARRAY['skill:' || n % 14000, 'skill:' || n * 13 % 14000], n % 6,
       current_date + 300, n % 5 * 5, n % 5 * 5 * (1 + n % 5)
FROM generate_series(1, $1::int) AS n
"""
SKILLS = """
INSERT INTO skills SELECT 'skill:' || n, 1, 'Label' || n || ' of word' || n FROM generate_series(0, 13999) AS n
"""
SCAN = """
SELECT item_id FROM knowledge WHERE state = 'current' AND (title || ' ' || text) ILIKE '%' || $1 || '%'
ORDER BY quality DESC, item_id DESC LIMIT 51
"""


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=200_000, help="items")
    parser.add_argument("--searches", type=int, default=200)
    asyncio.run(_run(parser.parse_args()))


async def _run(options: argparse.Namespace) -> None:
    with tempfile.TemporaryDirectory() as folder:
        server = Postgres(Path(folder), free_port(), fsync=False)
        async with server:
            await server.create_service_databases(("sessions",))
            settings = load(SessionsSettings, "sessions", database_url=server.dsn("sessions", "sessions"))
            await migrate(settings)
            db = await Database.connect(settings)
            async with db.acquire() as conn:
                await conn.execute(SKILLS)
                await conn.execute(ITEMS, options.size)
                await conn.execute("ANALYZE")
                await _compare(conn, options.searches)
            await db.close()
        server.remove()
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MiB")


async def _compare(conn: Connection, count: int) -> None:
    who = uuid4()
    kinds: Mapping[str, Callable[[int], Wanted]] = {
        "by skill": lambda number: Wanted(skill_id=f"skill:{number * 71 % 14000}"),
        "by word": lambda number: Wanted(q=f"word{number * 37 % 20000}"),
        "by two words": lambda number: Wanted(q=f"word{number % 5000} how"),
        "best of all": lambda _: Wanted(),
        "best of a level": lambda number: Wanted(level=number % 6),
    }
    for name, wanted in kinds.items():
        took = []
        for number in range(count):
            began = time.perf_counter()
            await search(conn, wanted(number), who, oversees=False, after=None, limit=50)
            took.append(1000 * (time.perf_counter() - began))
        _print(name, took)
    took = []
    for number in range(max(5, count // 20)):
        began = time.perf_counter()
        await conn.fetch(SCAN, f"word{number * 37 % 20000}")
        took.append(1000 * (time.perf_counter() - began))
    _print("scan for a word", took)


def _print(name: str, took: list[float]) -> None:
    took.sort()
    p95 = took[int(len(took) * 0.95)]
    print(f"{name:18} median {statistics.median(took):7.2f} ms  p95 {p95:7.2f} ms  worst {took[-1]:7.2f} ms")


if __name__ == "__main__":
    main()
