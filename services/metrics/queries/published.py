"""Which windows are too large to be counted while a reader waits, and which of their tables are wanted."""

from collections.abc import Sequence

from services.metrics.domain.measure import Measure
from services.metrics.domain.measures import COUNTED
from services.metrics.queries.scope import Scope, Window
from shared import sql
from shared.db import Connection

SQL = sql.load("services.metrics", "published")
LARGE = 20_000
"""Facts in a window: fewer are counted in the time a page takes, more are counted ahead of their readers."""


async def is_large(conn: Connection, window: Window) -> bool:
    """Whether tables of this window are counted ahead of their readers."""
    found: int = await conn.fetchval(SQL.facts, window.start, window.end)
    return found >= LARGE


async def want(conn: Connection, tables: Sequence[tuple[Measure, Scope]]) -> None:
    """Note that somebody reads these tables."""
    if tables:
        rows = [{"measure": measure.name, "scope": scope.key, **scope.row} for measure, scope in tables]
        await conn.execute(SQL.want, rows)


async def due(conn: Connection) -> list[tuple[Measure, Scope]]:
    """Wanted tables that have waited longest, all of the window that has."""
    rows = await conn.fetch(SQL.due)
    return [
        (
            COUNTED[row["measure"]],
            Scope(
                Window(row["window_start"], row["window_end"]),
                row["by"],
                row["programme_id"],
                row["unit"],
                row["format"],
            ),
        )
        for row in rows
        if (row["window_start"], row["window_end"]) == (rows[0]["window_start"], rows[0]["window_end"])
        and row["measure"] in COUNTED
    ]
