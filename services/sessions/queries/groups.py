"""Groups as their members see them."""

from uuid import UUID

from shared import sql
from shared.db import Connection, Record

SQL = sql.load("services.sessions", "groups")


async def get_group(conn: Connection, group_id: UUID, *, member: UUID | None) -> Record | None:
    """One group; `member` must be in it, unless None."""
    return await conn.fetchrow(SQL.list_groups, group_id, member, None, None, None, 1)


async def list_groups(
    conn: Connection, *, member: UUID | None, programme_id: UUID | None, person_id: UUID | None, after: UUID | None,
    limit: int,
) -> list[Record]:  # fmt: skip
    """Oldest first, one more than `limit`."""
    return await conn.fetch(SQL.list_groups, None, member, programme_id, person_id, after, limit + 1)
