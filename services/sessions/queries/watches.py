"""Which sessions somebody watches, and where a seat is free."""

from uuid import UUID

from services.sessions.domain.session import WITHOUT_SEAT
from shared import sql
from shared.db import Connection, Record

SQL = sql.load("services.sessions", "watches")


async def list_watches(conn: Connection, person_id: UUID, *, after: UUID | None, limit: int) -> list[Record]:
    """One's own, one more than `limit`."""
    return await conn.fetch(SQL.list_watches, person_id, sorted(WITHOUT_SEAT), after, limit + 1)
