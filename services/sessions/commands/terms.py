"""From when to when a group meets: its own start and end, a placement's dates."""

from datetime import UTC, date, datetime
from uuid import UUID

from services.sessions.commands.cancellations import cancel
from services.sessions.commands.extensions import extend
from services.sessions.commands.founding import Caller
from services.sessions.domain.founding import GroupNotActive
from services.sessions.domain.terms import Term
from services.sessions.queries.artefacts import scope_of
from shared import sql
from shared.db import Connection
from shared.refusal import InvalidRequest

SQL = sql.load("services.sessions", "founding")
SESSIONS = sql.load("services.sessions", "sessions")


async def set_term(conn: Connection, group_id: UUID, starts_on: date | None, ends_on: date | None, by: Caller) -> None:
    """By anybody in it; null is as its programme says.

    What is ahead and lies outside is cancelled and told; what a longer term leaves room for is placed as at formation.

    Raises UnknownGroup, GroupNotActive, InvalidRequest naming the day that is wrong.
    """
    await scope_of(conn, None, group_id, by.person_id, oversees=by.oversees)
    group = await conn.fetchrow(SQL.lock_to_date, group_id)
    assert group is not None
    if group["state"] == "ended":
        raise GroupNotActive("The group has ended.", state=group["state"])
    first, last = group["starts_on"], group["ends_on"]
    for field, day in (("starts_on", starts_on), ("ends_on", ends_on)):
        if day is not None and not first <= day <= last:
            raise InvalidRequest.naming(field, f"lies outside of the programme: {first} to {last}")
    first, last = starts_on or first, ends_on or last
    if last < first:
        raise InvalidRequest.naming("ends_on", "lies before the start")
    await conn.execute(SQL.set_term, group_id, starts_on, ends_on)
    ahead = await conn.fetch(SESSIONS.lock_upcoming_of_groups, [group_id], datetime.now(UTC))
    outside = [row for row in ahead if not first <= row["starts_at"].astimezone(UTC).date() <= last]
    if outside:
        await cancel(conn, outside, {})
    old = Term(group["first"], min(group["last"], group["planned_until"]))
    if first < old.first or last > old.last:
        await extend(conn, {group_id: old})
