"""What is published, read again a thousand at a time, each row locked until it has been said."""

from collections.abc import Sequence
from uuid import UUID

from services.directory.domain.person import Person
from services.directory.store import people as people_store
from shared import sql
from shared.db import Connection
from shared.events.base import Event
from shared.events.directory import ContactErased, PersonErased, SkillChanged, UnitChanged

SQL = sql.load("services.directory", "republish")
Some = tuple[Sequence[Event], str | None]


async def skills(conn: Connection, after: str | None, limit: int) -> Some:
    """Skills by URI."""
    rows = await conn.fetch(SQL.skills, after, limit)
    events = [SkillChanged.model_validate(dict(row)) for row in rows]
    return events, events[-1].skill_id if events else None


async def units(conn: Connection, after: str | None, limit: int) -> Some:
    """Units by code."""
    events = [
        UnitChanged.model_validate(dict(row), extra="ignore") for row in await conn.fetch(SQL.units, after, limit)
    ]
    return events, events[-1].code if events else None


async def people(conn: Connection, after: str | None, limit: int) -> Some:
    """What was last published of each person."""
    found = await _people(conn, after, limit)
    return [person.public for person in found], str(found[-1].public.person_id) if found else None


async def contacts(conn: Connection, after: str | None, limit: int) -> Some:
    """The same of names and addresses."""
    found = await _people(conn, after, limit)
    return [person.contact for person in found], str(found[-1].public.person_id) if found else None


async def erased(conn: Connection, after: str | None, limit: int) -> Some:
    """Tombstones of all who were erased, for readers that come back from an old backup."""
    ids = [row["person_id"] for row in await conn.fetch(SQL.erased, _uuid(after), limit)]
    events: list[Event] = []
    for person_id in ids:
        events += [PersonErased(person_id=person_id), ContactErased(person_id=person_id)]
    return events, str(ids[-1]) if ids else None


async def _people(conn: Connection, after: str | None, limit: int) -> list[Person]:
    return await people_store.lock_after(conn, _uuid(after), limit)


async def count(conn: Connection) -> dict[str, int]:
    """How many of each there are."""
    row = await conn.fetchrow(SQL.count, timeout=60)
    assert row
    return dict(row)


async def waiting(conn: Connection, most: int) -> int:
    """How many events wait in the outbox, counted up to `most`."""
    return int(await conn.fetchval(SQL.waiting, most))


def _uuid(after: str | None) -> UUID | None:
    return UUID(after) if after else None
