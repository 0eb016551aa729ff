"""SCIM: filters, pages and a first sync over a directory of many people, against a bare read by primary key."""

import argparse
import asyncio
import random
import resource
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from scim2_models import SearchRequest

from deploy.local.ports import free_port
from deploy.local.postgres import Postgres
from services.directory.api.scim_service import scim_service
from services.directory.api.scim_storage import DirectoryStorage
from services.directory.settings import DirectorySettings
from shared.db import Connection, connect
from shared.migrate import migrate
from shared.settings import load
from tests.directory.hr import tell as hr_says
from tests.directory.hr import unit, worker

ASSERTED_MS = 50
WARM = 10
"""Statements are prepared and planned for good by then, as on any connection of the pool."""
ASKED = 500
PROVISIONED_EVERY = 10
OWN = {
    "person_id": "gen_random_uuid()",
    "employee_number": "'E' || n",
    "email": "'p' || n || '@corp.local'",
    "display_name": "'Person ' || n",
    "family_name": "'Family ' || n % 5000",
}
"""What differs between people, by column; n counts them."""
ACCOUNTS = """
INSERT INTO accounts (account_id, number, version, created_at, changed_at, laid_over, resource, worker, active,
                      user_name, external_id, emails, display_name)
SELECT person_id, employee_number, 1, now(), now(), false, scim_user(people), '{}', true,
       email, 'x-' || employee_number, ARRAY[lower(email)], display_name
FROM people WHERE abs(hashtext(employee_number)) % $1::int = 0
"""
FILTERS = {
    "userName eq": 'userName eq "P{n}@corp.local"',
    "userName sw, 10 of a page": 'userName sw "p{n}"',
    "externalId eq": 'externalId eq "x-E{n}"',
    "emails[type eq and value eq]": 'emails[type eq "work" and value eq "p{n}@corp.local"]',
    "employeeNumber eq": 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:employeeNumber eq "e{n}"',
    "displayName eq and active eq": 'displayName eq "person {n}" and active eq true',
    "not there": 'userName eq "nobody-{n}@corp.local"',
}


async def fill(conn: Connection, size: int) -> float:
    """So many people, a tenth of them provisioned; returns the seconds it took."""
    started = time.perf_counter()
    await hr_says(conn, unit("U"), worker("E0"))
    # Only what SCIM searches by is kept up while so many rows are written at once.
    kept = await conn.fetch(
        "SELECT indexname, indexdef, indexdef LIKE '%lower(%' AS used FROM pg_indexes WHERE tablename = 'people'"
        " AND indexname NOT IN (SELECT conname FROM pg_constraint)"
    )
    for index in kept:
        await conn.execute(f"DROP INDEX {index['indexname']}")
    columns = [
        row[0]
        for row in await conn.fetch(
            "SELECT attname FROM pg_attribute WHERE attrelid = 'people'::regclass AND attnum > 0 AND NOT attisdropped"
        )
    ]
    values = ", ".join(OWN.get(name, f"one.{name}") for name in columns)
    people = f"SELECT {values} FROM people AS one, generate_series(1, $1::int) AS n"
    await conn.execute(f"INSERT INTO people ({', '.join(columns)}) {people}", size, timeout=3600)
    for index in kept:
        if index["used"]:
            await conn.execute(index["indexdef"], timeout=600)
    await conn.execute(ACCOUNTS, PROVISIONED_EVERY, timeout=3600)
    await conn.execute("ANALYZE", timeout=600)
    return time.perf_counter() - started


async def timed(each: Callable[[int], Awaitable[Any]], size: int) -> tuple[float, float]:
    """Median and 99th percentile in milliseconds, over a connection that has asked so before."""
    taken = []
    for turn in range(-WARM, ASKED):
        number = random.randint(1, size)
        started = time.perf_counter()
        await each(number)
        if turn >= 0:
            taken.append((time.perf_counter() - started) * 1000)
    return statistics.median(taken), statistics.quantiles(taken, n=100)[98]


async def measure(conn: Connection, size: int) -> None:
    """Every filter, then pages in a row."""
    service = scim_service("bench")
    user = next(each for each in service.provider.resource_types if each.name == "User")
    model = service.get_model(user)
    storage = DirectoryStorage(conn, service.provider)
    ids = [row[0] for row in await conn.fetch("SELECT person_id FROM people LIMIT 1000")]

    async def bare(number: int) -> None:
        await conn.fetchrow("SELECT * FROM people WHERE person_id = $1", ids[number % len(ids)])

    floor, slow = await timed(bare, size)
    print(f"{'bare read by primary key':32} {floor:8.2f} ms  p99 {slow:8.2f} ms")
    for name, text in FILTERS.items():

        async def search(number: int, text: str = text) -> None:
            request = SearchRequest[model](filter=text.format(n=number), count=10, start_index=1)  # type: ignore[valid-type]
            with service.provider:
                await storage.search([user], request)

        median, slow = await timed(search, size)
        print(f"{name:32} {median:8.2f} ms  p99 {slow:8.2f} ms  {median / floor:6.1f} x bare")
        assert median < ASSERTED_MS, name
    await _sync(storage, service.provider, user, model, size)


async def _sync(storage: DirectoryStorage, provider: Any, user: Any, model: Any, size: int) -> None:
    position, seen, started = None, 0, time.perf_counter()
    while seen < min(size, 20_000):
        with provider:
            page = await storage.search([user], SearchRequest[model](cursor="", count=200), position=position)
        seen, position = seen + len(page.resources), page.next
    rate = seen / (time.perf_counter() - started)
    print(f"{'pages by cursor':32} {rate:8.0f} people a second")


async def main(size: int) -> None:
    """A PostgreSQL of its own, filled and asked."""
    async with Postgres(Path(tempfile.mkdtemp()), free_port(), fsync=False) as server:
        await server.create_service_databases(("directory",))
        settings = load(DirectorySettings, "directory", database_url=server.dsn("directory", "directory"))
        await migrate(settings)
        conn = await connect(settings)
        print(f"{size} people, every {PROVISIONED_EVERY}th provisioned, made in {await fill(conn, size):.0f} s")
        await measure(conn, size)
        await conn.close()
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=100_000)
    asyncio.run(main(parser.parse_args().size))
