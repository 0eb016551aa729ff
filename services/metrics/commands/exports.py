"""Ask for a file of measures, and make it in the background: every number through the door the API's go through."""

import asyncio
import logging
import os
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from services.metrics.domain.files import Format, Row, encode
from services.metrics.domain.links import KEY_BYTES, sign
from services.metrics.domain.measures import By
from services.metrics.queries.measures import find, get_measure
from services.metrics.queries.release import WAITING, Release
from services.metrics.queries.scope import Scope, Window
from shared import sql
from shared.db import TROUBLE, Connection, Record, session
from shared.refusal import InvalidRequest
from shared.settings import Settings

SQL = sql.load("services.metrics", "exports")
log = logging.getLogger(__name__)
AT_ONCE = 5
"""Measures between two words on how far it is."""


async def request_export(
    conn: Connection,
    subject: str,
    form: Format,
    measures: Sequence[str],
    by: By,
    starts_on: date | None,
    ends_on: date | None,
    k: int,
) -> UUID:
    """Queue a file. Raises UnknownMeasure, NotCountedHere, InvalidRequest."""
    for name in measures:
        if find(name).family == "freshness":
            raise InvalidRequest.naming("measures", f"{name} is one number for the whole store")
    window = Window.asked(starts_on, ends_on)
    export_id = uuid4()
    await conn.execute(SQL.add_export, export_id, subject, form, list(measures), by, window.start, window.last_day, k)
    return export_id


async def sign_link(conn: Connection, export_id: UUID, subject: str, minutes: int) -> tuple[int, str] | None:
    """The second a link to one's own finished file ends, and its signature; None where there is no such file."""
    row = await conn.fetchrow(SQL.link_key, export_id, subject, os.urandom(KEY_BYTES))
    if row is None:
        return None
    ends = min(datetime.now(UTC) + timedelta(minutes=minutes), row["dropped_at"])
    expires = int(ends.timestamp())
    return expires, sign(row["link_key"], export_id, expires)


async def make_exports(conn: Connection, settings: Settings) -> int:
    """A timer's turn: the oldest file that is not finished; returns how many measures are in it.

    Where some are still being counted it waits; one that cannot be made is given up. Others come meanwhile.
    """
    await conn.execute(SQL.drop_old)
    export = await conn.fetchrow(SQL.next_export)
    if export is None:
        return 0
    try:
        rows = await _all_rows(conn, settings, export)
        if any(row["reason"] == WAITING for row in rows):
            await conn.execute(SQL.put_off, export["export_id"])
            return 0
        content = await asyncio.to_thread(encode, rows, export["format"])
    except TROUBLE:
        raise
    except Exception:
        log.exception("a file could not be made")
        await conn.execute(SQL.give_up, export["export_id"])
        return 0
    await conn.execute(SQL.finish_export, export["export_id"], content)
    return len(export["measures"])


async def _all_rows(conn: Connection, settings: Settings, export: Record) -> list[Row]:
    """All its numbers are of one moment, however long they take; how far it is, is told on a connection beside."""
    rows = list[Row]()
    async with session(settings) as beside, conn.transaction(isolation="repeatable_read"):
        release = Release(conn, export["k"])
        for done, name in enumerate(export["measures"], 1):
            rows += await _rows(conn, release, export, name)
            if done % AT_ONCE == 0:
                await beside.execute(SQL.note_progress, export["export_id"], done)
    return rows


async def _rows(conn: Connection, release: Release, export: Record, name: str) -> list[Row]:
    scope = Scope(Window.covering(export["starts_on"], export["ends_on"]), export["by"])
    table = await get_measure(conn, release, find(name), scope)
    shared: dict[str, Any] = {
        "measure": name,
        "definition_version": table.definition_version,
        "by": table.by,
        "window_start": scope.window.start,
        "window_end": scope.window.end,
    }
    return [
        {
            **shared,
            **{part: getattr(cell, part) for part in ("group", "label", "value", "n", "denominator", "half_interval")},
            "suppressed": cell.suppressed,
            "reason": cell.reason,
            "note": cell.note,
            "as_of": cell.as_of.replace(microsecond=0),
        }
        for cell in table.cells
    ]
