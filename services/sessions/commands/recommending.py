"""What somebody wants more help with, and how many want what."""

from uuid import UUID

from shared import sql
from shared.db import Connection
from shared.refusal import InvalidRequest

SQL = sql.load("services.sessions", "recommending")


async def set_support(conn: Connection, person_id: UUID, skill_id: str, *, wanted: bool) -> None:
    """Easier resources for a skill, or not any more; known to the person alone. Raises InvalidRequest."""
    if not wanted:
        await conn.execute(SQL.forgo_support, person_id, skill_id)
        return
    if not await conn.fetchval(SQL.is_skill, skill_id):
        raise InvalidRequest.naming("skill_id", "is no known skill")
    await conn.execute(SQL.want_support, person_id, skill_id)


async def count_needs(conn: Connection) -> int:
    """Tell anew how many want a skill where that has moved by five people; returns for how many skills."""
    return int(await conn.fetchval(SQL.count_needs))
