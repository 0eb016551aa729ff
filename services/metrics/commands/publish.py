"""Count the tables of large windows ahead of their readers: one view of the store for all that are due."""

import time

from services.metrics.domain.measure import Measure
from services.metrics.queries import published, shown
from services.metrics.queries.kept import Kept
from services.metrics.queries.overview import get_overview
from services.metrics.queries.release import Release
from services.metrics.queries.scope import Scope, Window
from shared.db import Connection

TURN_SECONDS = 20.0
"""No further scope is begun after that: the view of a turn holds up the vacuum."""
LONGEST_SECONDS = 3 * TURN_SECONDS
"""No further table is, of whatever scope."""


async def publish_tables(conn: Connection, k: int, kept: Kept | None = None) -> int:
    """A turn: renew the wanted tables that have waited longest; returns how many. Opens its own transactions.

    `kept` is what one turn leaves to the next.
    """
    await conn.execute(published.SQL.forget_unwanted)
    if await published.is_large(conn, Window.covering(None, None)):
        await get_overview(conn, k)  # whatever the first page asks for is wanted, before anybody opens it
    tables = _by_scope(await published.due(conn))
    count, began = 0, time.monotonic()
    async with shown.renewing(conn, *{measure.name: measure for measure, _ in tables}.values()) as seen:
        release = Release(conn, k, kept)
        release.expect(tables)
        for number, (measure, scope) in enumerate(tables):
            start = time.monotonic()
            same = number > 0 and tables[number - 1][1] == scope
            if start - began > (LONGEST_SECONDS if same else TURN_SECONDS):
                break
            await release.renew(measure, scope, seen)
            await conn.execute(published.SQL.looked, measure.name, scope.key, time.monotonic() - start)
            count += 1
    return count


def _by_scope(tables: list[tuple[Measure, Scope]]) -> list[tuple[Measure, Scope]]:
    """Tables of one scope one after another, whichever has waited longest first: they rest on the same counts."""
    order = {scope: number for number, (_, scope) in reversed([*enumerate(tables)])}
    return sorted(tables, key=lambda table: order[table[1]])
