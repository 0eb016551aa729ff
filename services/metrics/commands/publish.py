"""Count the tables of large windows ahead of their readers: one view of the store for all that are due."""

import time

from services.metrics.queries import published, shown
from services.metrics.queries.overview import get_overview
from services.metrics.queries.release import Release
from services.metrics.queries.scope import Window
from shared.db import Connection

TURN_SECONDS = 20.0
"""No further table is begun after that: the view of a turn holds up the vacuum."""


async def publish_tables(conn: Connection, k: int) -> int:
    """A turn: renew the wanted tables that have waited longest; returns how many. Opens its own transactions."""
    await conn.execute(published.SQL.forget_unwanted)
    if await published.is_large(conn, Window.covering(None, None)):
        await get_overview(conn, k)  # whatever the first page asks for is wanted, before anybody opens it
    tables = await published.due(conn)
    count, began = 0, time.monotonic()
    async with shown.renewing(conn, *{measure.name: measure for measure, _ in tables}.values()) as seen:
        release = Release(conn, k)
        release.expect(tables)
        for measure, scope in tables:
            if time.monotonic() - began > TURN_SECONDS:
                break
            start = time.monotonic()
            await release.renew(measure, scope, seen)
            await conn.execute(published.SQL.looked, measure.name, scope.key, time.monotonic() - start)
            count += 1
    return count
