"""A person's sessions as calendar files."""

from datetime import datetime
from uuid import UUID

from services.sessions.domain.calendar import feed, invitation
from services.sessions.domain.feeds import token_hash
from services.sessions.domain.group import UnknownGroup
from services.sessions.domain.recurrence import Recurrence
from services.sessions.domain.recurring import by_rule, series
from services.sessions.domain.session import UnknownSession
from services.sessions.store import formats
from services.sessions.store.entries import entry
from shared import sql
from shared.db import Connection
from shared.refusal import NotFound

SQL = sql.load("services.sessions", "calendar")


class UnknownFeed(NotFound):
    """The address was never given out, or another one has replaced it."""


async def get_feed(conn: Connection, token: str, organizer: str) -> bytes:
    """The feed behind a secret address. Raises UnknownFeed."""
    person = await conn.fetchval(SQL.person_of_feed, token_hash(token))
    if person is None:
        raise UnknownFeed("There is no such calendar.")
    known = await formats.known(conn)
    return feed((entry(dict(row), known) for row in await conn.fetch(SQL.entries, person, None)), organizer)


async def get_invitation(conn: Connection, session_id: UUID, person_id: UUID | None, organizer: str) -> bytes:
    """A participant's own invitation. Raises UnknownSession."""
    row = await conn.fetchrow(SQL.entries, person_id, session_id)
    if row is None:
        raise UnknownSession("There is no such session, or you are not invited.")
    return invitation(entry(dict(row), await formats.known(conn)), organizer)


async def get_series(conn: Connection, group_id: UUID, person_id: UUID, organizer: str) -> bytes:
    """A group's sessions as one recurring event, on a member's clock. Raises UnknownGroup."""
    frame = await conn.fetchrow(SQL.series_frame, group_id, person_id)
    if frame is None:
        raise UnknownGroup("There is no such group, or you are not in it.")
    known = await formats.known(conn)
    entries = [entry(dict(row), known) for row in await conn.fetch(SQL.series, group_id, person_id)]
    if rule := frame["recurrence"]:
        recurrence = Recurrence(rule["rrule"], datetime.fromisoformat(rule["starts_at"]), rule["zone"])
        if any(entry.occurrence for entry in entries):  # none where it was made before they were noted
            return by_rule(group_id, entries, recurrence, organizer)
    return series(group_id, entries, frame["time_zone"] or "UTC", frame["cadence_days"], organizer)
