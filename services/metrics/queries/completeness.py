"""Whether everything that was produced has been taken in."""

from dataclasses import dataclass
from datetime import date, datetime

from shared import ledger, reconcile
from shared.db import Connection
from shared.reconcile import ServiceReconciled

CONSUMER = "metrics"


@dataclass(frozen=True)
class TopicDay:
    """One topic on one UTC day."""

    topic: str
    day: date
    produced: int
    ingested: int
    complete: bool
    as_of: datetime | None


async def list_completeness(conn: Connection) -> list[TopicDay]:
    """Newest day first."""
    return [
        TopicDay(row.topic, row.day, row.produced, row.ingested, row.ingested >= row.produced, row.as_of)
        for row in await ledger.completeness(conn, CONSUMER)
    ]


async def list_reconciliation(conn: Connection, after: tuple[str, str] | None, limit: int) -> list[ServiceReconciled]:
    """Per service and topic, how many events were looked for one by one, and how many were nowhere."""
    return await reconcile.everywhere(conn, after, limit)
