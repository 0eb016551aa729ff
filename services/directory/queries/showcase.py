"""Who shows that they teach what."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from services.directory.domain.showcase import WITHIN_DAYS
from shared import sql
from shared.db import Connection, Record

SQL = sql.load("services.directory", "showcase")


async def own_showcase(conn: Connection, person_id: UUID, after: str | None, limit: int) -> list[Record]:
    """One's own invitations and answers in order of skill, one more than `limit`."""
    since = datetime.now(UTC).date() - timedelta(days=WITHIN_DAYS)
    return await conn.fetch(SQL.own, person_id, since, after, limit + 1)


async def list_shown(conn: Connection, skill_id: str, after: UUID | None, limit: int) -> list[Record]:
    """Those who show that they teach a skill, one more than `limit`."""
    return await conn.fetch(SQL.list_shown, skill_id, after, limit + 1)
