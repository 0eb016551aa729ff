"""Runs ordered .sql files, once each, in a transaction each; and says whether a database fits the code."""

import hashlib
from dataclasses import dataclass
from importlib import resources

from shared.db import Connection, connect
from shared.settings import Settings

LOCK = 7_300_001
STATEMENT_SECONDS = 6 * 3600.0
"""No request waits for a migration: a backfill of a million people may take its time; its locks may not, see below."""
BOOK = """
CREATE TABLE IF NOT EXISTS schema_migrations (
    component  text NOT NULL,
    name       text NOT NULL,
    checksum   text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (component, name)
)
"""


class SchemaMismatch(Exception):
    """The database does not fit this code: run `migrate`, or run newer code."""


@dataclass(frozen=True)
class Migration:
    """One file: `NNNN_[expand_|contract_]words.sql`."""

    component: str
    name: str
    sql: str

    @property
    def checksum(self) -> str:
        """SHA-256 of the text: a merged file is never edited."""
        return hashlib.sha256(self.sql.encode()).hexdigest()


def migrations(service: str) -> list[Migration]:
    """The chassis's files, then the service's, each in order of name."""
    found = []
    for component, package in (("shared", "shared"), (service, f"services.{service}")):
        folder = resources.files(package).joinpath("migrations")
        found += [
            Migration(component, file.name, file.read_text("utf-8"))
            for file in sorted(folder.iterdir(), key=lambda entry: entry.name)
            if file.name.endswith(".sql")
        ]
    return found


async def _applied(conn: Connection) -> dict[tuple[str, str], str]:
    if not await conn.fetchval("SELECT to_regclass('schema_migrations') IS NOT NULL"):
        return {}
    rows = await conn.fetch("SELECT component, name, checksum FROM schema_migrations")
    return {(row["component"], row["name"]): row["checksum"] for row in rows}


async def migrate(settings: Settings) -> list[str]:
    """Apply what is missing and return its names. Raises SchemaMismatch when an applied file was edited."""
    conn = await connect(settings.model_copy(update={"command_timeout": STATEMENT_SECONDS}))
    try:
        await conn.execute("SELECT pg_advisory_lock($1)", LOCK)
        await conn.execute(BOOK)
        applied = await _applied(conn)
        done = []
        for migration in migrations(settings.service):
            known = applied.get((migration.component, migration.name))
            if known == migration.checksum:
                continue
            if known is not None:
                message = f"{migration.component}/{migration.name} was edited after it was applied"
                raise SchemaMismatch(message)
            async with conn.transaction():
                await conn.execute("SET LOCAL lock_timeout = '4s'")
                await conn.execute(migration.sql)
                await conn.execute(
                    "INSERT INTO schema_migrations (component, name, checksum) VALUES ($1, $2, $3)",
                    migration.component,
                    migration.name,
                    migration.checksum,
                )
            done.append(f"{migration.component}/{migration.name}")
        return done
    finally:
        await conn.close()


async def check(conn: Connection, service: str) -> None:
    """Raise SchemaMismatch when the schema is behind the code or has left it behind (expansions are no harm)."""
    applied = await _applied(conn)
    expected = {(migration.component, migration.name) for migration in migrations(service)}
    if missing := sorted(expected - applied.keys()):
        message = f"the database lacks {'/'.join(missing[0])}: run `python -m services.{service} migrate`"
        raise SchemaMismatch(message)
    newer = [key for key in applied.keys() - expected if "_expand_" not in key[1]]
    if newer:
        message = f"the database is newer than this code: it has {'/'.join(min(newer))}"
        raise SchemaMismatch(message)
