"""Groups to join, requests to decide, logs to confirm; free times of a group."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from services.sessions.domain.founding import leads
from services.sessions.domain.group import UnknownGroup
from services.sessions.domain.hours import Hours, minute, moment
from services.sessions.domain.programme import usual_minutes
from services.sessions.domain.scheduling import Request, Slot, affordable, strains, why_not
from services.sessions.store import formats, people
from shared import sql
from shared.db import Connection, Record
from shared.events.matching import MatchMember

SQL = sql.load("services.sessions", "founding")


@dataclass(frozen=True, slots=True)
class Proposal:
    """A time for everybody in a group, and what speaks for it and against it."""

    rank: int
    starts_at: datetime
    ends_at: datetime
    reasons: list[str]


@dataclass(frozen=True, slots=True)
class Proposals:
    """Best first; `reason` says why there are none."""

    items: list[Proposal]
    reason: str | None


async def list_joinable(
    conn: Connection,
    person_id: UUID,
    *,
    programme_id: UUID | None,
    skill_id: str | None,
    after: UUID | None,
    limit: int,
) -> list[Record]:
    """Groups somebody may join, one more than `limit`."""
    return await conn.fetch(SQL.list_joinable, person_id, programme_id, skill_id, after, limit + 1)


async def list_requests(
    conn: Connection, group_id: UUID, caller: UUID | None, *, oversees: bool, after: UUID | None, limit: int
) -> list[Record]:
    """Who asks to join, for whoever leads. Raises UnknownGroup."""
    group = await _group(conn, group_id)
    if not leads(caller, group["founded_by"], group["facilitator_id"], oversees=oversees):
        raise UnknownGroup("There is no such group, or you do not lead it.")
    return await conn.fetch(SQL.list_requests, group_id, after, limit + 1)


async def list_logs(
    conn: Connection, person_id: UUID, *, session_id: UUID | None = None, after: UUID | None = None, limit: int = 1
) -> list[Record]:
    """Logs that name somebody, one more than `limit`."""
    return await conn.fetch(SQL.list_logs, person_id, session_id, after, limit + 1)


async def propose(
    conn: Connection, group_id: UUID, caller: UUID | None, first: date, last: date, minutes: int | None, limit: int,
    *, oversees: bool,
) -> Proposals:  # fmt: skip
    """Times at which all members and the facilitator can be there and have minutes left, no two overlapping.

    Raises UnknownGroup.
    """
    group = await _group(conn, group_id)
    rows = [MatchMember(**dict(row)) for row in await conn.fetch(SQL.get_members, group_id)]
    members = [member.person_id for member in rows]
    if not leads(caller, group["founded_by"], group["facilitator_id"], oversees=oversees) and caller not in members:
        raise UnknownGroup("There is no such group, or you are not in it.")
    workers = {person: one for person, one in (await people.known(conn, members)).items() if not one.left}
    who = tuple(workers)
    now = minute(datetime.now(UTC))
    shape = await formats.one(conn, group["format"])
    length = minutes or usual_minutes(shape, group["main_format"], group["session_minutes"])
    cast = dict(shape.cast(rows, await conn.fetchval(SQL.next_number, group_id)))
    preparation = tuple(shape.preparation_of(cast[person]) for person in who)
    request = Request(who, length, first, last, now, preparation=preparation, stretch=group["stretch_minutes"])
    taken = await people.engagements(conn, workers, first, last)
    weeks = [workers[person].hours for person in who]
    return await asyncio.to_thread(_rank, request, weeks, taken, limit)


def _rank(request: Request, weeks: list[Hours], taken: people.Engagements, limit: int) -> Proposals:
    busy = [taken.busy.get(person, []) for person in request.people]
    chosen: list[Slot] = []
    for slot in affordable(request, weeks, busy, {}, taken.budgets):
        if len(chosen) == limit or (chosen and chosen[0].outside < slot.outside):
            break
        if all(slot.end <= other.start or other.end <= slot.start for other in chosen):
            chosen.append(slot)
    items = [
        Proposal(rank, moment(slot.start), moment(slot.end), list(_reasons(slot, request, weeks)))
        for rank, slot in enumerate(chosen, 1)
    ]
    return Proposals(items, None if items else why_not(request, weeks, busy))


def _reasons(slot: Slot, request: Request, weeks: list[Hours]) -> Iterator[str]:
    if slot.outside:
        yield f"No common hour inside everybody's working hours: at most {slot.outside} minutes outside"
    else:
        yield "Inside everybody's working hours, and nobody is taken"
    hardest = max(strains(slot, weeks).items(), key=lambda each: (each[1], each[0]))
    yield f"Hardest in {hardest[0].zone}: {hardest[1]:.0f} minutes from the middle of the working day"
    if delay := (moment(slot.start).date() - request.due) // timedelta(days=1):
        yield f"{delay} days after the first day asked for"


async def _group(conn: Connection, group_id: UUID) -> Any:
    group = await conn.fetchrow(SQL.get_group, group_id)
    if group is None:
        raise UnknownGroup("There is no such group.")
    return group
