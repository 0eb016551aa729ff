"""Forms in versions, and surveys that ask them."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from uuid_utils.compat import uuid7

from services.sessions.domain.follow_up import FormFrozen, ProgrammeNotRunning, UnknownForm
from services.sessions.domain.programme import UnknownProgramme
from services.sessions.domain.pulses import rotating
from shared import sql
from shared.db import Connection, Record

SQL = sql.load("services.sessions", "follow_up")


async def create_form(conn: Connection, kind: str, theme: str, items: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """A draft, version 1."""
    return _form(await conn.fetchrow(SQL.insert_form, uuid7(), 1, kind, theme, list(items)))


async def change_form(
    conn: Connection, form_id: UUID, version: int, theme: str, items: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """Other words, as long as it is a draft. Raises UnknownForm, FormFrozen."""
    forms = {row["version"]: row for row in await conn.fetch(SQL.lock_forms, form_id)}
    if version not in forms:
        raise UnknownForm("There is no such form, or no such version of it.")
    if forms[version]["state"] != "draft":
        raise FormFrozen("It is open: make a new version.", state=forms[version]["state"])
    return _form(await conn.fetchrow(SQL.change_form, form_id, version, theme, list(items)))


async def new_version(conn: Connection, form_id: UUID) -> dict[str, Any]:
    """A draft with the newest version's words; a draft that is there already. Raises UnknownForm."""
    forms = await conn.fetch(SQL.lock_forms, form_id)
    if not forms:
        raise UnknownForm("There is no such form.")
    newest = forms[0]
    if newest["state"] == "draft":
        return dict(newest)
    version, kind = newest["version"] + 1, newest["kind"]
    return _form(await conn.fetchrow(SQL.insert_form, form_id, version, kind, newest["theme"], newest["items"]))


async def open_survey(
    conn: Connection, programme_id: UUID, form_id: UUID, version: int, arm: str, days: Mapping[str, Any]
) -> dict[str, Any]:
    """Ask a form before and after; from here on that version stands. Raises UnknownForm, ProgrammeNotRunning."""
    forms = {row["version"]: row for row in await conn.fetch(SQL.lock_forms, form_id)}
    form = forms.get(version)
    if form is None:
        raise UnknownForm("There is no such form, or no such version of it.")
    await _check_running(conn, programme_id)
    await conn.execute(SQL.open_form, form_id, version)
    waves = [days[name] for name in ("before_from", "before_to", "after_from", "after_to")]
    items = form["items"]
    if form["kind"] == "pulse" and form["theme"] == "safety" and not items:
        items = rotating(days["before_from"].year * 12 + days["before_from"].month)
    row = await conn.fetchrow(
        SQL.insert_survey, uuid7(), programme_id, form["kind"], arm, form_id, version, items, form["theme"], *waves
    )
    return _form(row)


async def _check_running(conn: Connection, programme_id: UUID) -> None:
    state = await conn.fetchval(SQL.programme_state, programme_id)
    if state is None:
        raise UnknownProgramme("There is no such programme.")
    if state != "published":
        raise ProgrammeNotRunning(f"The programme is {state}.", state=state)


def _form(row: Record | None) -> dict[str, Any]:
    assert row is not None
    return dict(row)
