"""What somebody has said of their own time."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from shared import sql
from shared.db import Connection

SQL = sql.load("services.sessions", "availability")


@dataclass(frozen=True, slots=True)
class Availability:
    """A weekly limit beside the month's, and when they are taken elsewhere. Version 0: nothing was said yet."""

    version: int
    weekly_minutes: int | None
    busy: list[dict[str, datetime]]


async def get_availability(conn: Connection, person_id: UUID) -> Availability:
    """What is known; nothing is no limit."""
    row = await conn.fetchrow(SQL.get_availability, person_id)
    busy = [dict(each) for each in await conn.fetch(SQL.get_busy, person_id)]
    return Availability(row["version"], row["weekly_minutes"], busy) if row else Availability(0, None, busy)
