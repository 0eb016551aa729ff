"""Count the network of each month that is over: once, so that no two versions can be subtracted."""

import asyncio
from datetime import UTC, datetime, timedelta

from services.metrics.confidentiality import thresholded
from services.metrics.domain.network import Components
from shared import sql
from shared.db import Connection

SQL = sql.load("services.metrics", "networks")
SETTLED = timedelta(days=3)
"""How long after its end a month may still get facts before its network is counted."""
AT_ONCE = 20_000
"""Ties in memory at a time: a large organization has tens of millions."""


async def count_networks(conn: Connection, k: int) -> int:
    """Count one month of the last twelve that has no network yet; returns how many that were.

    Nothing is told of fewer people than is frozen for any month it rests on, or than `k` where nothing is frozen.
    """
    month = await conn.fetchval(SQL.next_month, (datetime.now(UTC) - SETTLED).date())
    if month is None:
        return 0
    await conn.execute(SQL.gather_network, month)
    components = Components([row[0] for row in await conn.fetch(SQL.people)])
    ties = await conn.cursor(SQL.ties)
    while rows := await ties.fetch(AT_ONCE):
        await asyncio.to_thread(components.join, [(row[0], row[1]) for row in rows])
    connected = await asyncio.to_thread(components.largest)
    frozen = thresholded(await conn.fetchval(SQL.threshold, month, k))
    await conn.execute(SQL.keep_network, month, connected, frozen)
    return 1
