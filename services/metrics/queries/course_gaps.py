"""Courses that leave people with questions. Counts come in steps of five people, and never of fewer than k."""

from datetime import date
from uuid import UUID

from services.metrics.confidentiality import K
from shared import sql
from shared.db import Connection, Record

SQL = sql.load("services.metrics", "course_gaps")


async def list_course_gaps(
    conn: Connection, k: int, programme_id: UUID | None = None, after: tuple[date, str, UUID] | None = None,
    limit: int = 20,
) -> list[Record]:  # fmt: skip
    """Newest month first, one more than `limit`."""
    return await conn.fetch(SQL.list_gaps, max(k, K), programme_id, *(after or (None, None, None)), limit + 1)
