"""Count the network of each month that is over: once, so that no two versions can be subtracted."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from services.metrics.confidentiality import K
from services.metrics.domain.network import largest_component
from shared import sql
from shared.db import Connection, Record

SQL = sql.load("services.metrics", "networks")
SETTLED = timedelta(days=3)
"""How long after its end a month may still get facts before its network is counted."""


async def count_networks(conn: Connection) -> int:
    """Count one month of the last twelve that has no network yet; returns how many that were."""
    month = await conn.fetchval(SQL.next_month, (datetime.now(UTC) - SETTLED).date())
    if month is None:
        return 0
    await conn.execute(SQL.gather_network, month)
    people, ties = await conn.fetch(SQL.people), await conn.fetch(SQL.ties)
    connected = await asyncio.to_thread(_connected, people, ties)
    await conn.execute(SQL.keep_network, month, connected, K)
    return 1


def _connected(people: Sequence[Record], ties: Sequence[Record]) -> int:
    share = largest_component((row[0] for row in people), ((row[0], row[1]) for row in ties))
    return round((share or 0) * len(people))
