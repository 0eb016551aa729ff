"""Groups in the database."""

from collections.abc import Sequence
from uuid import UUID

from shared import sql
from shared.db import Connection

SQL = sql.load("services.directory", "groups")


async def lock(conn: Connection, group_id: UUID) -> int | None:
    """The version of a role."""
    found: int | None = await conn.fetchval(SQL.lock_group, group_id)
    return found


async def is_unit(conn: Connection, group_id: UUID) -> bool:
    """Whether the group is an org unit."""
    return bool(await conn.fetchval(SQL.is_unit, group_id))


async def save(conn: Connection, group_id: UUID, display_name: str, external_id: str | None) -> None:
    """Write a role."""
    await conn.execute(SQL.save_group, group_id, display_name, external_id)


async def kinds_of(conn: Connection, ids: Sequence[UUID]) -> dict[UUID, str]:
    """User or Group for those of these ids that there are."""
    return {row["member_id"]: row["kind"] for row in await conn.fetch(SQL.kinds_of_members, ids)}


async def set_members(conn: Connection, group_id: UUID, members: Sequence[tuple[UUID, str, str | None]]) -> None:
    """Let a role hold these and nobody else, in this order: id, kind, and what they are shown as."""
    columns = [list(column) for column in zip(*members, strict=True)] or [[], [], []]
    await conn.execute(SQL.set_members, group_id, *columns)


async def delete(conn: Connection, group_id: UUID) -> None:
    """Delete a role."""
    await conn.execute(SQL.delete_group, group_id)
