"""Working hours, budgets and engagements of people, as planning needs them."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

from services.sessions.domain.budget import Budgets, Limit
from services.sessions.domain.hours import Hours, Span, minute
from services.sessions.domain.scheduling import Request
from shared import sql
from shared.db import Connection, Record

SQL = sql.load("services.sessions", "people")


@dataclass(frozen=True, slots=True)
class Worker:
    """When somebody works, between which days, and how much of it is for learning with peers."""

    hours: Hours
    left: bool
    available_from: date
    available_until: date
    limit: Limit
    function: str | None


async def lock(conn: Connection, people: Collection[UUID]) -> dict[UUID, Worker]:
    """The ones known, locked in the order of their ids until the transaction ends."""
    return {row["person_id"]: _worker(row) for row in await conn.fetch(SQL.lock_people, sorted(people))}


async def known(conn: Connection, people: Collection[UUID]) -> dict[UUID, Worker]:
    """The ones known, as they are, for those who only read."""
    return {row["person_id"]: _worker(row) for row in await conn.fetch(SQL.get_workers, sorted(people))}


def _worker(row: Record) -> Worker:
    return Worker(
        Hours(
            row["time_zone"],
            row["work_starts"],
            row["work_ends"],
            tuple(sorted(row["work_days"] or ())),
            row["time_of_day"] or "",
        ),
        row["status"] == "left",
        max(row["hired_on"], row["paused_until"] or date.min),
        row["leaves_on"] or date.max,
        Limit(row["time_budget_minutes"], row["weekly_minutes"]),
        row["job_function"],
    )


@dataclass(frozen=True, slots=True)
class Engagements:
    """When people are taken, and what is left of their budgets."""

    busy: dict[UUID, list[Span]]
    budgets: Budgets


async def engagements(
    conn: Connection, workers: Mapping[UUID, Worker], first: date, last: date, without: Iterable[UUID] = ()
) -> Engagements:
    """By sessions (save for some) and by what they call busy, in the whole months and weeks around these days."""
    busy: dict[UUID, list[Span]] = defaultdict(list)
    budgets = Budgets({person: worker.limit for person, worker in workers.items()})
    begin = _midnight(first.replace(day=1)) - timedelta(days=8)
    end = _midnight(last) + timedelta(days=40)
    for row in await conn.fetch(SQL.busy, list(workers), begin, end, list(without)):
        span = Span(minute(row["starts_at"]), minute(row["ends_at"]))
        busy[row["person_id"]].append(span)
        if row["preparation"] is not None:
            budgets.spend(row["person_id"], span.start, span.end - span.start + row["preparation"])
    return Engagements(busy, budgets)


async def around(
    conn: Connection, workers: Mapping[UUID, Worker], requests: Collection[Request], without: Iterable[UUID] = ()
) -> Engagements:
    """What may stand in the way of some requests."""
    if not requests:
        return Engagements({}, Budgets({}))
    first, last = min(request.due for request in requests), max(request.last for request in requests)
    return await engagements(conn, workers, first, last, without)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
