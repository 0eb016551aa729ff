"""Create, change and publish a programme."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from uuid_utils.compat import uuid7

from services.sessions.commands.cancellations import cancel
from services.sessions.domain.catalogue import format_named
from services.sessions.domain.goals import check_goals, measured_on
from services.sessions.domain.programme import (
    GROUND_RULES,
    Programme,
    check,
    check_changeable,
    check_kept,
    check_publishable,
    check_published,
    strictest,
)
from services.sessions.store import formats, programmes
from shared import outbox, sql
from shared.db import Connection
from shared.events.sessions import ProgrammeGoal
from shared.refusal import match_version

SQL = sql.load("services.sessions", "programmes")
GROUPS = sql.load("services.sessions", "groups")
SESSIONS = sql.load("services.sessions", "sessions")
AIMED_BY = frozenset({"goals", "starts_on", "ends_on"})
"""What goals are judged by; those of an older release stay as they are until one of these changes."""


async def create_programme(conn: Connection, fields: Mapping[str, Any]) -> Programme:
    """A draft; what is left open takes its format's default. Raises InvalidRequest."""
    programme = await drafted(conn, fields)
    await programmes.insert(conn, programme)
    await outbox.append(conn, programme.changed())
    return programme


async def drafted(conn: Connection, fields: Mapping[str, Any]) -> Programme:
    """What a draft of these fields would be. Raises InvalidRequest."""
    known = await formats.known(conn)
    shape = format_named(fields["format"], known)
    shapes = [shape, *(known[name] for name in fields.get("further_formats") or () if name in known)]
    defaults = {
        "backfill": False,
        "confidentiality": strictest(shapes),
        "group_size_min": shape.size[0],
        "group_size_max": shape.size[1],
        "cadence_days": shape.cadence_days,
        "session_minutes": shape.minutes,
        "ground_rules": GROUND_RULES,
        "objective": None,
        "sponsor_id": None,
    }
    given = {name: value for name, value in _plain(fields).items() if value is not None or name not in defaults}
    programme = Programme(programme_id=uuid7(), version=1, status="draft", **{**defaults, **given})
    check(programme, datetime.now(UTC).date(), known)
    check_goals(programme.goals, programme.starts_on, programme.ends_on)
    return programme


async def change_programme(
    conn: Connection, programme_id: UUID, expected: int | None, fields: Mapping[str, Any]
) -> Programme:
    """Change some fields of the version the caller has seen. Raises ProgrammeFixed, PreconditionFailed."""
    programme = await programmes.lock(conn, programme_id)
    match_version(programme.version, expected)
    changed = replace(programme, **_plain(fields))
    changed = replace(changed, goals=measured_on(changed.goals, programme.goals))
    different = {name for name in fields if getattr(changed, name) != getattr(programme, name)}
    if not different:
        return programme
    check_changeable(programme, different)
    check_kept(programme, changed)
    check(changed, datetime.now(UTC).date(), await formats.known(conn))
    if different & AIMED_BY:
        check_goals(changed.goals, changed.starts_on, changed.ends_on)
    saved = await save_changed(conn, changed)
    if changed.ends_on != programme.ends_on:
        await _keep_to_end(conn, programme.ends_on, saved)
    return saved


async def _keep_to_end(conn: Connection, before: date, programme: Programme) -> None:
    """Cancel what lies after an earlier end; what a later one leaves room for is placed by and by."""
    if programme.ends_on > before:
        await conn.execute(GROUPS.note_longer, programme.programme_id, before)
        return
    groups = [row["group_id"] for row in await conn.fetch(GROUPS.of_programme, programme.programme_id)]
    upcoming = await conn.fetch(SESSIONS.lock_upcoming_of_groups, groups, datetime.now(UTC))
    await cancel(conn, [row for row in upcoming if row["starts_at"].astimezone(UTC).date() > programme.ends_on], {})


async def publish_programme(conn: Connection, programme_id: UUID) -> Programme:
    """Open it to matching. Raises ProgrammeIncomplete naming all that is missing, ProgrammeNotDraft."""
    programme = await programmes.lock(conn, programme_id)
    check_publishable(programme)
    return await save_changed(conn, replace(programme, status="published", published_on=datetime.now(UTC).date()))


async def close_programme(conn: Connection, programme_id: UUID, reason: str) -> Programme:
    """End it: its groups end, what was to come is cancelled, what has been stays. Raises ProgrammeNotPublished."""
    programme = await programmes.lock(conn, programme_id)
    check_published(programme)
    groups = [row["group_id"] for row in await conn.fetch(GROUPS.end_groups_of_programme, programme_id, reason)]
    upcoming = await conn.fetch(SESSIONS.lock_upcoming_of_groups, groups, datetime.now(UTC))
    await cancel(conn, upcoming, {})
    return await save_changed(conn, replace(programme, status="closed"))


async def close_ended(conn: Connection) -> int:
    """Close what has been over for a fortnight: a timer's work."""
    rows = await conn.fetch(SQL.programmes_to_close)
    for row in rows:
        await close_programme(conn, row["programme_id"], "The programme has reached its end")
    return len(rows)


async def save_changed(conn: Connection, programme: Programme) -> Programme:
    """The next version of a locked programme, told."""
    following = replace(programme, version=programme.version + 1)
    await programmes.update(conn, following)
    await outbox.append(conn, following.changed())
    return following


def _plain(fields: Mapping[str, Any]) -> dict[str, Any]:
    values = {name: tuple(value) if isinstance(value, list) else value for name, value in fields.items()}
    if "goals" in values:
        values["goals"] = tuple(ProgrammeGoal.model_validate(goal) for goal in values["goals"])
    return values
