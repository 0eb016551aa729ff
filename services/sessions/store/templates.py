"""Templates of programmes: the software's own as version 1, later versions and others as rows."""

from collections.abc import Mapping
from dataclasses import asdict

from services.sessions.domain.templates import BUILT_IN, Template, TemplateGoal, UnknownTemplate
from shared import sql
from shared.db import Connection, Record

SQL = sql.load("services.sessions", "templates")


async def known(conn: Connection) -> Mapping[str, Template]:
    """The newest version of every template by name."""
    return {**BUILT_IN, **{row["name"]: _template(row) for row in await conn.fetch(SQL.newest)}}


async def one(conn: Connection, name: str, version: int | None = None) -> Template:
    """One version of a template, or the newest. Raises UnknownTemplate."""
    if row := await conn.fetchrow(SQL.get, name, version):
        return _template(row)
    if name in BUILT_IN and version in {None, 1}:
        return BUILT_IN[name]
    raise UnknownTemplate("There is no such template, or it has no such version.")


async def insert(conn: Connection, made: Template) -> bool:
    """A new version; False where there is one already."""
    goals = [asdict(goal) for goal in made.goals]
    row = (made.name, made.version, made.title, made.purpose, made.days, goals, dict(made.fields))
    return bool(await conn.fetchval(SQL.insert, *row))


def _template(row: Record) -> Template:
    return Template(**{**dict(row), "goals": tuple(TemplateGoal(**goal) for goal in row["goals"])})
