"""Working hours and engagements of people, as planning needs them."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from services.sessions.domain.scheduling import Hours, Span, minute
from shared import sql
from shared.db import Connection

SQL = sql.load("services.sessions", "people")


@dataclass(frozen=True, slots=True)
class Worker:
    """When somebody works, and between which days."""

    hours: Hours
    left: bool
    available_from: date
    available_until: date


async def lock(conn: Connection, people: Collection[UUID]) -> dict[UUID, Worker]:
    """The ones known, locked in the order of their ids until the transaction ends."""
    rows = await conn.fetch(SQL.lock_people, sorted(people))
    return {
        row["person_id"]: Worker(
            Hours(row["time_zone"], row["work_starts"], row["work_ends"], tuple(sorted(row["work_days"] or ()))),
            row["status"] == "left",
            max(row["hired_on"], row["paused_until"] or date.min),
            row["leaves_on"] or date.max,
        )
        for row in rows
    }


async def engagements(
    conn: Connection, people: Collection[UUID], begin: datetime, end: datetime, without: Iterable[UUID] = ()
) -> dict[UUID, list[Span]]:
    """When they are taken by sessions between two instants, save for some sessions."""
    busy: dict[UUID, list[Span]] = defaultdict(list)
    for row in await conn.fetch(SQL.busy, list(people), begin, end, list(without)):
        busy[row["person_id"]].append(Span(minute(row["starts_at"]), minute(row["ends_at"])))
    return busy
