"""Whether everything that was produced has been taken in."""

from dataclasses import dataclass
from datetime import date, datetime

from shared import ledger
from shared.db import Connection

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
