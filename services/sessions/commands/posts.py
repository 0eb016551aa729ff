"""What a group posts in a place elsewhere is counted here, and not read."""

from datetime import UTC, date, datetime
from uuid import UUID

from services.sessions.commands.founding import Caller, lock_led
from services.sessions.domain.founding import NotLinked, NotPosted
from services.sessions.store import formats
from shared import sql
from shared.db import Connection
from shared.refusal import InvalidRequest

SQL = sql.load("services.sessions", "founding")


async def count_posts(conn: Connection, group_id: UUID, day: date, posts: int, by: Caller) -> None:
    """How many there were on a day (UTC) that is not ahead; again says it anew.

    Raises UnknownGroup, NotTheLeader, GroupNotActive, NotPosted, NotLinked, InvalidRequest.
    """
    group = await lock_led(conn, group_id, by)
    shape = await formats.one(conn, group["format"])
    if not shape.posts:
        raise NotPosted(f"{shape.title} is no place where people post.", state=group["format"])
    if not await conn.fetchval(SQL.is_linked, group_id):
        raise NotLinked("First comes the link to where people post.", state="not linked", missing=["link"])
    if not group["starts_on"] <= day <= min(group["ends_on"], datetime.now(UTC).date()):
        message = f"is ahead, or lies outside of the programme: {group['starts_on']} to {group['ends_on']}"
        raise InvalidRequest.naming("day", message)
    await conn.execute(SQL.count_posts, group_id, day, posts)
