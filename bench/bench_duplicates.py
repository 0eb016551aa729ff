"""Who may be one person, asked of a directory full of accounts that have no employee number: page by page.

Three directories: HR says nothing; HR has as many workers at other addresses; every thousandth of them at the same.
"""

import argparse
import asyncio
import statistics
import tempfile
import time
from pathlib import Path
from uuid import UUID

from deploy.local.ports import free_port
from deploy.local.postgres import Postgres
from services.directory.queries.duplicates import list_pairs
from services.directory.settings import DirectorySettings
from shared.db import Connection, connect
from shared.migrate import migrate
from shared.settings import load
from tests.directory.hr import tell, unit, worker

PAGE = 50
ALIKE = 1000
"""One of so many workers has the address of an account."""
ACCOUNTS = """
INSERT INTO accounts (account_id, number, version, created_at, changed_at, laid_over, resource, worker, active,
                      user_name, emails, display_name)
SELECT id, 'scim:' || id, 1, now(), now(), false, '{}', '{}', true, 'p' || n || '@corp.local',
       ARRAY['p' || n || '@corp.local'], 'Person ' || n
FROM generate_series(1, $1::int) AS n, LATERAL (SELECT md5('account' || n)::uuid AS id) AS made
"""
OF_ACCOUNTS = {
    "person_id": "md5('account' || n)::uuid",
    "employee_number": "'scim:' || md5('account' || n)::uuid",
    "email": "'p' || n || '@corp.local'",
    "record_effective_at": "'0001-01-01'",
    "record_sequence": "0",
}
OF_HR = {
    "person_id": "md5('worker' || n)::uuid",
    "employee_number": "'E' || n",
    "email": f"CASE WHEN n % {ALIKE} = 0 AND $2 THEN 'p' ELSE 'w' END || n || '@corp.local'",
}
RECORDS = """
INSERT INTO worker_records (employee_number, effective_at, sequence, due_at, pending, state, source)
SELECT 'E' || n, effective_at, sequence, due_at, pending, state, source
FROM worker_records, generate_series(1, $1::int) AS n WHERE employee_number = 'E0'
"""


async def main(size: int) -> None:
    """Each directory in a database of its own state, on a PostgreSQL of its own."""
    async with Postgres(Path(tempfile.mkdtemp()), free_port(), fsync=False) as server:
        await server.create_service_databases(("directory",))
        settings = load(DirectorySettings, "directory", database_url=server.dsn("directory", "directory"))
        await migrate(settings)
        conn = await connect(settings)
        await tell(conn, unit("U"), worker("E0"))
        await conn.execute(ACCOUNTS, size, timeout=3600)
        await _copy(conn, OF_ACCOUNTS, size)
        await conn.execute("DELETE FROM worker_records; DELETE FROM people WHERE employee_number = 'E0'")
        await _ask(conn, f"{size} accounts, and HR says nothing")
        await tell(conn, worker("E0"))
        await conn.execute(RECORDS, size, timeout=3600)
        await _copy(conn, OF_HR, size, alike=False)
        await _ask(conn, f"{size} accounts, {size} workers at other addresses")
        await conn.execute("DELETE FROM people WHERE employee_number ~ '^E[1-9]'", timeout=3600)
        await _copy(conn, OF_HR, size, alike=True)
        await _ask(conn, f"the same, {size // ALIKE} workers at an account's address")
        await conn.close()


async def _copy(conn: Connection, own: dict[str, str], size: int, **more: bool) -> None:
    columns = [
        row[0]
        for row in await conn.fetch(
            "SELECT attname FROM pg_attribute WHERE attrelid = 'people'::regclass AND attnum > 0 AND NOT attisdropped"
        )
    ]
    kept = await conn.fetch(
        "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = 'people'"
        " AND indexname NOT IN (SELECT conname FROM pg_constraint)"
    )
    for index in kept:
        await conn.execute(f"DROP INDEX {index['indexname']}")
    values = ", ".join(own.get(name, f"one.{name}") for name in columns)
    people = f"SELECT {values} FROM people AS one, generate_series(1, $1::int) AS n WHERE one.employee_number = 'E0'"
    await conn.execute(f"INSERT INTO people ({', '.join(columns)}) {people}", size, *more.values(), timeout=3600)
    for index in kept:
        if "lower(" in index["indexdef"] or "WHERE" in index["indexdef"]:
            await conn.execute(index["indexdef"], timeout=600)


async def _ask(conn: Connection, what: str) -> None:
    await conn.execute("VACUUM ANALYZE", timeout=3600)
    after: tuple[UUID, UUID] | None = None
    taken, pairs = [], 0
    while True:
        started = time.perf_counter()
        found, after = await list_pairs(conn, after, PAGE)
        taken.append((time.perf_counter() - started) * 1000)
        pairs += len(found)
        if after is None:
            break
    print(f"{what}: {pairs} pairs on {len(taken)} pages")
    print(f"  a page: median {statistics.median(taken):.1f} ms, worst {max(taken):.1f} ms; all {sum(taken):.0f} ms")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=1_000_000)
    asyncio.run(main(parser.parse_args().size))
