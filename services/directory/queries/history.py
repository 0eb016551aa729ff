"""What was true of somebody when, and what was known of it then."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from shared import sql
from shared.db import Connection, Record

SQL = sql.load("services.directory", "records")


async def list_history(
    conn: Connection, person_id: UUID, known_at: datetime | None, after: tuple[Any, ...] | None, limit: int
) -> list[Record]:
    """All records, newest first, as they stood at `known_at`; one more than `limit` where there are more."""
    valid_from, sequence = after or (None, None)
    return list(await conn.fetch(SQL.history, person_id, known_at, valid_from, sequence, None, limit + 1))


async def state_on(conn: Connection, person_id: UUID, day: date, known_at: datetime | None) -> Record | None:
    """What held on a day, by all that was known at `known_at`."""
    return await conn.fetchrow(SQL.history, person_id, known_at, None, None, day, 1)
