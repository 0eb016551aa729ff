"""Somebody says how much of a week is for learning with peers, and when they are taken elsewhere."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from services.sessions.commands.working_hours import keep_to_hours
from services.sessions.domain.freebusy import MOST, FreeBusy
from services.sessions.queries.availability import Availability, get_availability
from shared import sql
from shared.db import Connection
from shared.refusal import InvalidRequest

SQL = sql.load("services.sessions", "availability")


async def save_availability(
    conn: Connection, person_id: UUID, weekly_minutes: int | None, busy: Sequence[tuple[datetime, datetime]]
) -> Availability:
    """All of it at once; sessions that lie there now move, or are flagged."""
    await conn.execute(SQL.save_availability, person_id, weekly_minutes)
    await conn.execute(SQL.forget_busy, person_id)
    await conn.execute(SQL.insert_busy, person_id, [start for start, _ in busy], [end for _, end in busy])
    await keep_to_hours(conn, [person_id])
    return await get_availability(conn, person_id)


async def save_free_busy(conn: Connection, person_id: UUID, given: FreeBusy) -> Availability:
    """Replace the busy times that begin in the file's window by its own, less the person's sessions with us.

    A calendar counts those as busy too; what stood in their way would move them for being there. Raises InvalidRequest.
    """
    await conn.execute(SQL.touch_availability, person_id)
    await conn.execute(SQL.forget_busy_between, person_id, *given.window)
    rows = await conn.fetch(SQL.own_sessions, person_id, *given.window)
    busy = given.without([(row["starts_at"], row["ends_at"]) for row in rows])
    await conn.execute(SQL.insert_busy, person_id, [start for start, _ in busy], [end for _, end in busy])
    await keep_to_hours(conn, [person_id])
    kept = await get_availability(conn, person_id)
    if len(kept.busy) > MOST:
        raise InvalidRequest.naming("FREEBUSY", f"makes more than {MOST} busy times with those there are")
    return kept


async def prune_busy(conn: Connection) -> int:
    """Forget what is over: a timer's work."""
    return int((await conn.execute(SQL.prune_busy)).split()[-1])
