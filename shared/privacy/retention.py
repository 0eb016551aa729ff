"""Removes what is older than its class allows, a bounded number of rows at a time, and writes down that it did."""

import logging
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import TypeAlias

from shared import sql
from shared.db import Connection
from shared.privacy.catalogue import RETENTION_DAYS, Catalogue, DataClass, Table
from shared.telemetry import PURGED

Purge: TypeAlias = Callable[[Connection, datetime], Awaitable[int]]
"""Removes what is older than a moment, some at a time, and returns how many."""

SQL = sql.load("shared", "privacy")
ROWS = 5000
log = logging.getLogger(__name__)


def policy(overrides: Mapping[str, int]) -> dict[str, int | None]:
    """Days by class, as configured."""
    return {**RETENTION_DAYS, **overrides}


async def apply(
    conn: Connection, catalogue: Catalogue, purges: Mapping[DataClass, Purge], days: Mapping[str, int | None]
) -> int:
    """Remove aged rows, leaves first as the catalogue orders them, and return how many: a timer's work.

    Rows about somebody under a legal hold stay.
    """
    total, now = 0, datetime.now(UTC)
    for table in catalogue.tables:
        kept = days[table.data_class]
        if table.aged is not None and kept is not None:
            before = now - timedelta(days=kept)
            rows = int((await conn.execute(statement(table), before)).split()[-1])
            total += await _record(conn, table.name, table.data_class, before, rows)
    for data_class, purge in purges.items():
        if (kept := days[data_class]) is not None:
            before = now - timedelta(days=kept)
            total += await _record(conn, data_class, data_class, before, await purge(conn, before))
    return total


async def _record(conn: Connection, name: str, data_class: DataClass, before: datetime, rows: int) -> int:
    if rows:
        await conn.execute(SQL.record_purge, name, data_class, before, rows)
        PURGED.labels(data_class).inc(rows)
        log.info("retention", extra={"fields": {"table": name, "rows": rows, "before": before.isoformat()}})
    return rows


def statement(table: Table) -> str:
    """The DELETE of one table; $1 is the moment before which rows are old."""
    held = ""
    if table.about:
        # A name of its own: `person_id` must go on meaning the table's column inside the subquery.
        held_people = "(SELECT person_id AS held_id FROM legal_holds WHERE held) AS hold"
        held = f" AND NOT EXISTS (SELECT FROM {held_people} WHERE {table.about.replace('$1', 'hold.held_id')})"
    return (
        f"DELETE FROM {table.name} WHERE (tableoid, ctid) IN ("  # noqa: S608 - names come from the catalogue
        f"SELECT tableoid, ctid FROM {table.name} WHERE ({table.aged}){held} LIMIT {ROWS} FOR UPDATE SKIP LOCKED)"
    )
