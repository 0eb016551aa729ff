"""How far the numbers are behind what happens."""

from dataclasses import dataclass
from datetime import UTC, datetime

from services.metrics.domain.lag import quantile
from shared import sql
from shared.db import Connection

SQL = sql.load("services.metrics", "lag")


@dataclass(frozen=True)
class Freshness:
    """Seconds from an event to its effect here, over the last day, and the last event seen at all."""

    visible_at: datetime | None
    last_event_at: datetime | None
    events: int
    p50: float | None
    p95: float | None
    p99: float | None
    as_of: datetime


async def get_freshness(conn: Connection) -> Freshness:
    """Quantiles of the last day's lags."""
    rows = await conn.fetch(SQL.lag)
    counts = {row["bucket"]: row["events"] for row in rows if row["events"]}
    return Freshness(
        visible_at=max((row["visible_at"] for row in rows), default=None),
        last_event_at=max((row["last_event_at"] for row in rows), default=None),
        events=sum(counts.values()),
        p50=quantile(counts, 0.5),
        p95=quantile(counts, 0.95),
        p99=quantile(counts, 0.99),
        as_of=datetime.now(UTC),
    )
