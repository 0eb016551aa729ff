"""Forms in versions, and surveys that ask them."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from uuid_utils.compat import uuid7

from services.sessions.domain.follow_up import FormFrozen, ProgrammeNotRunning, UnknownForm
from services.sessions.domain.formats import UnknownFormat
from services.sessions.domain.forms import PULSE_ID, check_items
from services.sessions.domain.programme import UnknownProgramme
from services.sessions.domain.pulses import rotating
from services.sessions.store import formats
from shared import sql
from shared.db import Connection, Record
from shared.refusal import InvalidRequest

SQL = sql.load("services.sessions", "follow_up")
FORMS = sql.load("services.sessions", "forms")


async def create_form(conn: Connection, kind: str, theme: str, items: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """A draft, version 1. Raises InvalidRequest."""
    check_items(kind, theme, items)
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
    check_items(forms[version]["kind"], theme, items)
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
    """Ask a form before, after, perhaps later; that version stands then. Raises UnknownForm, ProgrammeNotRunning."""
    forms = {row["version"]: row for row in await conn.fetch(SQL.lock_forms, form_id)}
    form = forms.get(version)
    if form is None:
        raise UnknownForm("There is no such form, or no such version of it.")
    if form["kind"] == "feedback":
        raise InvalidRequest.naming("form_id", "is asked after sessions: PUT /v1/programmes/{id}/forms/feedback")
    await _check_running(conn, programme_id)
    await conn.execute(SQL.open_form, form_id, version)
    waves = [days[f"{wave}_{end}"] for wave in ("before", "after", "later") for end in ("from", "to")]
    items = form["items"]
    if form["kind"] == "pulse" and not items:
        items = rotating(days["before_from"].year * 12 + days["before_from"].month, form["theme"])
    row = await conn.fetchrow(
        SQL.insert_survey, uuid7(), programme_id, form["kind"], arm, form_id, version, items, form["theme"], *waves
    )
    return _form(row)


async def set_form(
    conn: Connection, programme_id: UUID, kind: str, form: tuple[UUID, int] | None, every_days: int | None
) -> None:
    """Which form asks in a programme, from the next answer on; that version stands then. None: no pulses.

    Raises UnknownProgramme, ProgrammeNotRunning, UnknownForm, InvalidRequest.
    """
    await _check_running(conn, programme_id)
    if form is not None:
        await _open(conn, form, kind)
    await conn.execute(FORMS.set, programme_id, kind, *(form or (None, None)), every_days)


async def set_format_form(conn: Connection, name: str, form: tuple[UUID, int] | None) -> None:
    """Which form asks after sessions of a format; that version stands then. None: the one the format names.

    Raises UnknownFormat, UnknownForm, InvalidRequest.
    """
    if name not in await formats.known(conn):
        raise UnknownFormat("There is no such format.")
    if form is None:
        await conn.execute(FORMS.reset_of_format, name)
        return
    await _open(conn, form, "feedback")
    await conn.execute(FORMS.set_of_format, name, *form)


async def reset_form(conn: Connection, programme_id: UUID, kind: str) -> None:
    """Ask the standard form again. Raises UnknownProgramme, ProgrammeNotRunning."""
    await _check_running(conn, programme_id)
    await conn.execute(FORMS.reset, programme_id, kind)


async def open_pulses(conn: Connection) -> int:
    """Open the pulses whose turn has come, one a programme and cadence: a timer's work.

    After an outage the turn that runs now is opened, and none that has passed.
    """
    await conn.execute(FORMS.ensure_pulse, PULSE_ID)
    rows = []
    for due in await conn.fetch(FORMS.pulses_due, PULSE_ID):
        items = due["items"] or rotating(due["turn"], due["theme"])
        key = (due["programme_id"], due["form_id"], due["form_version"])
        rows.append((*key, {"items": items}, due["theme"], due["turn"]))  # a bare list would be a dimension
    return len(await conn.fetch(FORMS.open_pulses, *map(list, zip(*rows, strict=True)))) if rows else 0


async def _open(conn: Connection, form: tuple[UUID, int], kind: str) -> None:
    found = {row["version"]: row for row in await conn.fetch(SQL.lock_forms, form[0])}.get(form[1])
    if found is None:
        raise UnknownForm("There is no such form, or no such version of it.")
    if found["kind"] != kind:
        raise InvalidRequest.naming("form_id", f"is a {found['kind']}, and not a {kind}")
    await conn.execute(SQL.open_form, *form)


async def _check_running(conn: Connection, programme_id: UUID) -> None:
    state = await conn.fetchval(SQL.programme_state, programme_id)
    if state is None:
        raise UnknownProgramme("There is no such programme.")
    if state != "published":
        raise ProgrammeNotRunning(f"The programme is {state}.", state=state)


def _form(row: Record | None) -> dict[str, Any]:
    assert row is not None
    return dict(row)
