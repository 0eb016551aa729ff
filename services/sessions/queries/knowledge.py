"""What others have left, best first."""

from dataclasses import dataclass, fields
from uuid import UUID

from shared import sql
from shared.db import Connection, Record

SQL = sql.load("services.sessions", "knowledge")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a search is narrowed to, in the order the statement takes it."""

    q: str | None = None
    skill_id: str | None = None
    kind: str | None = None
    stage: str | None = None
    level: int | None = None
    job_code: str | None = None
    group_id: UUID | None = None
    challenge_id: UUID | None = None
    verified: bool | None = None
    state: str | None = "current"


async def get_item(conn: Connection, item_id: UUID, caller: UUID | None, *, oversees: bool) -> Record | None:
    """One item the caller may know of."""
    filters = [None] * len(fields(Wanted))
    return await conn.fetchrow(SQL.list, item_id, caller, oversees, *filters, None, None, 1)


async def search(
    conn: Connection,
    wanted: Wanted,
    caller: UUID | None,
    *,
    oversees: bool,
    after: tuple[int, UUID] | None,
    limit: int,
) -> list[Record]:
    """Best first, one more than `limit`."""
    filters = [getattr(wanted, field.name) for field in fields(wanted)]
    position = after or (None, None)
    await conn.fetchval(SQL.plan_each, "force_custom_plan")
    return await conn.fetch(SQL.list, None, caller, oversees, *filters, *position, limit + 1)
