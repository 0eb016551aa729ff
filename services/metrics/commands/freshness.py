"""How long events took to be seen here."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from time import time

from services.metrics.domain.lag import histogram
from shared import sql
from shared.db import Connection

SQL = sql.load("services.metrics", "lag")


async def record_lag(conn: Connection, event_times: Iterable[datetime]) -> None:
    """Record the lags of events that become visible when this transaction ends, a moment from now."""
    now = time()
    moments = Counter(event_times)  # events come in bursts: many are of one millisecond
    counts = histogram({now - at.timestamp(): many for at, many in moments.items()})
    await conn.execute(SQL.insert_lag, max(moments), list(counts), list(counts.values()))


async def fold_lag(conn: Connection) -> int:
    """Fold single batches into hours, and forget old hours; returns how many batches were folded."""
    await conn.execute(SQL.forget_lag)
    folded: int = await conn.fetchval(SQL.fold_lag)
    return folded
