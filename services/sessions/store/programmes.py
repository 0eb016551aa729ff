"""Programmes as rows."""

from dataclasses import fields
from uuid import UUID

from services.sessions.domain.programme import Programme, UnknownProgramme
from shared import sql
from shared.db import Connection, Record
from shared.events.sessions import ProgrammeGoal

SQL = sql.load("services.sessions", "programmes")
NAMES = tuple(field.name for field in fields(Programme))
"""The statements take the columns in this order."""
LISTS = (
    *("audience_units", "skills", "audience_sites", "audience_jobs", "audience_skills", "further_formats"),
    "audience_regions",
)


def programme(row: Record) -> Programme:
    """The programme of a row."""
    values = {name: row[name] for name in NAMES}
    for name in LISTS:
        values[name] = None if values[name] is None else tuple(values[name])
    values["goals"] = tuple(ProgrammeGoal.model_validate(goal) for goal in values["goals"])
    return Programme(**values)


def _values(found: Programme) -> list[object]:
    values = {name: getattr(found, name) for name in NAMES}
    values["goals"] = [goal.model_dump(mode="json") for goal in found.goals]
    return list(values.values())


async def insert(conn: Connection, found: Programme) -> None:
    """A new row."""
    await conn.execute(SQL.insert_programme, *_values(found))


async def update(conn: Connection, found: Programme) -> None:
    """The whole row; lock it first."""
    await conn.execute(SQL.update_programme, *_values(found))


async def lock(conn: Connection, programme_id: UUID) -> Programme:
    """The programme, locked until the transaction ends. Raises UnknownProgramme."""
    row = await conn.fetchrow(SQL.lock_programme, programme_id)
    if row is None:
        raise UnknownProgramme("There is no such programme.")
    return programme(row)
