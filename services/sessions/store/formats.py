"""The catalogue with the organization's own formats, and the playbooks of all."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from services.sessions.domain import playbooks
from services.sessions.domain.catalogue import FORMATS
from services.sessions.domain.formats import Format
from services.sessions.domain.playbooks import Playbook, UnknownPlaybook
from shared import sql
from shared.db import Connection

SQL = sql.load("services.sessions", "formats")


async def known(conn: Connection) -> Mapping[str, Format]:
    """Every format by name."""
    rows = await conn.fetch(SQL.own_formats)
    return {**FORMATS, **{row["name"]: derived(row["name"], row["based_on"], row["rules"]) for row in rows}}


async def one(conn: Connection, name: str) -> Format:
    """The format of that name; the catalogue's own are known without asking, for nobody may take their names."""
    return FORMATS[name] if name in FORMATS else (await known(conn))[name]


def derived(name: str, based_on: str, rules: Mapping[str, Any]) -> Format:
    """A format of one's own: its base, but for what `rules` say. Lists of JSON are tuples here."""
    changes: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in rules.items()}
    return replace(FORMATS[based_on], name=name, **changes)


async def based_on(conn: Connection, name: str) -> str | None:
    """The catalogue's format behind a name: itself, or the base of an own one."""
    if name in FORMATS:
        return name
    rows = await conn.fetch(SQL.own_formats)
    return next((str(row["based_on"]) for row in rows if row["name"] == name), None)


async def playbook(conn: Connection, name: str, version: int | None = None) -> Playbook:
    """One version of a playbook, or the newest. Raises UnknownPlaybook."""
    base = await based_on(conn, name)
    row = await conn.fetchrow(SQL.get_playbook, name, version)
    if row is not None:
        return Playbook(row["format"], row["version"], tuple(row["steps"]))
    if base is None or version not in {None, 1}:
        raise UnknownPlaybook("There is no such format, or its playbook has no such version.")
    return playbooks.first(name, base)
