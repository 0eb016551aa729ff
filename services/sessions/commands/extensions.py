"""Further sessions for groups that go on for longer than was planned, as at their formation."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from services.sessions.commands.schedules import (
    DAY,
    Plan,
    carry_out,
    lock_members,
    members_of,
    request_for,
    term,
    unfit,
)
from services.sessions.domain.formats import Format
from services.sessions.domain.hours import Span, minute
from services.sessions.domain.terms import Term, opened
from services.sessions.store import formats
from services.sessions.store.people import Worker
from shared import sql
from shared.db import Connection, Record

SQL = sql.load("services.sessions", "groups")


async def extend_waiting(conn: Connection) -> int:
    """Groups whose programme goes on for longer: a timer's work, some at a time."""
    found = [row["group_id"] for row in await conn.fetch(SQL.to_extend)]
    if found:
        await extend(conn, dict.fromkeys(found))
    return len(found)


async def extend(conn: Connection, terms: Mapping[UUID, Term | None]) -> None:
    """Place what the terms of these groups open, given those they had; None: until the day noted for the group."""
    groups = await conn.fetch(SQL.lock_groups, list(terms), "active")
    workers = await lock_members(conn, groups)
    known, now = await formats.known(conn), datetime.now(UTC)
    old = {group["group_id"]: terms[group["group_id"]] or Term(date.min, group["extend_after"]) for group in groups}
    firsts, lasts = [one.first for one in old.values()], [one.last for one in old.values()]
    placed = {row["group_id"]: row for row in await conn.fetch(SQL.placed, list(old), firsts, lasts)}
    plans = [
        plan
        for group in groups
        if (found := placed.get(group["group_id"]))
        and (plan := _plan(group, found, old[group["group_id"]], known, workers, now))
    ]
    await carry_out(conn, plans, workers, {})
    await conn.execute(SQL.extended, list(terms))


def _plan(
    group: Record, placed: Record, old: Term, known: Mapping[str, Format], workers: Mapping[UUID, Worker], now: datetime
) -> Plan | None:
    """None where nothing is to be placed: founded groups state their times, and nobody meets alone or in the past."""
    members, shape = members_of(group, workers), known[group["format"]]
    if group["match_id"] is None or members is None or len(members) < 2 or unfit(shape, members, workers):  # noqa: PLR2004
        return None
    new, cadence = Term(*term(group, members, workers)), timedelta(days=group["cadence_days"])
    lasts = {
        due: min(due + cadence - DAY, new.last)
        for due in opened(placed["last_due"], placed["settled"], cadence, old, new)
    }
    ahead = {due: last for due, last in lasts.items() if group["backfill"] or last >= now.date()}
    requests = [
        request_for(group, shape, members, number, due, last, now)
        for number, (due, last) in enumerate(ahead.items(), placed["next_number"])
    ]
    spans = [Span(minute(start), minute(end)) for start, end in zip(placed["starts"], placed["ends"], strict=True)]
    return Plan(group, shape, members, requests, None, placed["next_number"], spans) if requests else None
