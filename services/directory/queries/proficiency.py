"""What people can do, as it is read; and who knows about something."""

from datetime import date
from typing import Any
from uuid import UUID

from services.directory.domain.proficiency import HALF_LIFE_DAYS
from shared import sql
from shared.db import Connection, Record

SQL = sql.load("services.directory", "proficiency")
EXPERTS = sql.load("services.directory", "experts")


async def list_evidence(conn: Connection, person_id: UUID) -> list[Record]:
    """All that was stated of somebody."""
    return list(await conn.fetch(SQL.list_evidence, person_id))


async def list_experts(
    conn: Connection, topic: list[str], today: date, after: tuple[Any, ...] | None, limit: int, *, taught: bool = False
) -> list[Record]:
    """Who knows these skills, or has `taught` them, the best first; one more than `limit` where there are more."""
    place, half_life = after or (None, None), float(HALF_LIFE_DAYS)
    return list(await conn.fetch(EXPERTS.list_experts, topic, today, half_life, *place, limit + 1, taught))
