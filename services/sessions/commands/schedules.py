"""Give groups their sessions: planned together, written together."""

import asyncio
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from uuid_utils.compat import uuid7

from services.sessions.domain.scheduling import Request, Slot, minute, moment, place
from services.sessions.domain.session import Session
from services.sessions.store import formats, people
from services.sessions.store.people import Worker
from shared import outbox, sql
from shared.db import Connection, Record
from shared.envelope import Envelope
from shared.events.matching import MatchMember
from shared.events.sessions import SessionScheduled

GROUPS = sql.load("services.sessions", "groups")
DAY = timedelta(days=1)
SESSION_COLUMNS = (
    "session_id", "version", "state", "group_id", "programme_id", "number", "due_on", "starts_at", "ends_at",
    "capacity", "facilitator_id", "why",
)  # fmt: skip
Causes = Mapping[UUID, Envelope[Any]]


@dataclass(frozen=True, slots=True)
class Plan:
    """A group that can be planned: who of it is there, and one request a session."""

    group: Record
    members: list[MatchMember]
    requests: list[Request]

    @property
    def capacity(self) -> int:
        """A circle has its programme's seats; a pair has its own."""
        return int(self.group["group_size_max"]) if self.group["kind"] == "circle" else len(self.members)


async def schedule_groups(conn: Connection, group_ids: Collection[UUID], causes: Causes) -> int:
    """Plan the waiting ones among these groups and return how many are settled; `causes` by match id."""
    groups = await conn.fetch(GROUPS.lock_groups, list(group_ids))
    workers = await people.lock(conn, {UUID(m["person_id"]) for group in groups for m in group["members"] or ()})
    now = datetime.now(UTC)
    plans = [plan for group in groups if (plan := _plan(group, workers, now)) is not None]
    if not plans:
        return 0
    requests = [request for plan in plans for request in plan.requests]
    busy = await _busy(conn, requests)
    hours = {person: worker.hours for person, worker in workers.items()}
    slots = iter(await asyncio.to_thread(place, requests, hours, busy))
    placed = [(plan, [(request, next(slots)) for request in plan.requests]) for plan in plans]
    await _write(conn, placed, causes)
    return len(plans)


async def schedule_waiting(conn: Connection) -> int:
    """Plan the groups whose last unknown member has become known."""
    rows = await conn.fetch(GROUPS.plannable_groups)
    return await schedule_groups(conn, [row["group_id"] for row in rows], {}) if rows else 0


def _plan(group: Record, workers: Mapping[UUID, Worker], now: datetime) -> Plan | None:
    """None while a member is unknown here."""
    members = [MatchMember.model_validate(member) for member in group["members"] or ()]
    if any(member.person_id not in workers for member in members):
        return None
    members = [member for member in members if not workers[member.person_id].left]
    return Plan(group, members, list(_series(group, members, workers, now)))


def _series(
    group: Record, members: list[MatchMember], workers: Mapping[UUID, Worker], now: datetime
) -> Iterable[Request]:
    """One request every `cadence_days` while everybody is there; each ends before the next one is due."""
    if len(members) < 2:  # noqa: PLR2004 - nobody meets alone
        return
    who = tuple(member.person_id for member in members)
    backfill = group["backfill"]
    due = max(group["starts_on"], *(workers[person].available_from for person in who))
    due = due if backfill else max(due, now.date())
    ends = min(group["ends_on"], *(workers[person].available_until for person in who))
    cadence = timedelta(days=group["cadence_days"])
    while due <= ends:
        last = min(due + cadence - DAY, ends)
        yield Request(who, group["session_minutes"], due, last, 0 if backfill else minute(now))
        due += cadence


async def _busy(conn: Connection, requests: list[Request]) -> dict[UUID, Any]:
    if not requests:
        return {}
    first, last = min(request.due for request in requests), max(request.last for request in requests)
    who = {person for request in requests for person in request.people}
    return await people.engagements(conn, who, _midnight(first) - DAY, _midnight(last) + 2 * DAY)


async def _write(
    conn: Connection, placed: list[tuple[Plan, list[tuple[Request, Slot | None]]]], causes: Causes
) -> None:
    sessions, parts, states, events = [], [], [], []
    known = await formats.known(conn)
    for plan, slots in placed:
        group = plan.group
        found = [(request, slot) for request, slot in slots if slot is not None]
        states.append((group["group_id"], *_state(plan, len(found))))
        for number, (request, slot) in enumerate(found):
            session = _session(plan, slot)
            sessions.append(
                (session.session_id, 1, "scheduled", session.group_id, session.programme_id, number, request.due,
                 session.starts_at, session.ends_at, session.capacity, session.facilitator_id, _why(request, slot))
            )  # fmt: skip
            cast = known[session.format].cast(plan.members, number)
            parts += [(session.session_id, person, role) for person, role in cast]
            events.append((session.told(SessionScheduled), causes.get(session.match_id)))
    await conn.execute(GROUPS.set_states, *map(list, zip(*states, strict=True)))
    await conn.copy_records_to_table("sessions", records=sessions, columns=SESSION_COLUMNS)
    await conn.copy_records_to_table("participants", records=parts, columns=("session_id", "person_id", "role"))
    await outbox.append_all(conn, events)


def _state(plan: Plan, found: int) -> tuple[str, str | None]:
    asked = len(plan.requests)
    if found:
        return "active", None if found == asked else f"{asked - found} of {asked} sessions have no common time"
    if asked:
        return "unschedulable", "The members have no working hours in common that are free"
    return "unschedulable", "There is no day on which the programme runs and two or more members are there"


def _session(plan: Plan, slot: Slot) -> Session:
    group = plan.group
    return Session(
        session_id=uuid7(),
        version=1,
        state="scheduled",
        programme_id=group["programme_id"],
        group_id=group["group_id"],
        match_id=group["match_id"],
        format=group["format"],
        skill_id=group["skill_id"],
        starts_at=moment(slot.start),
        ends_at=moment(slot.end),
        capacity=plan.capacity,
        facilitator_id=group["facilitator_id"],
    )


def _why(request: Request, slot: Slot) -> str:
    return (
        f"Due on {request.due}; inside everybody's working hours, and at most {slot.strain:.0f} minutes "
        f"from the middle of anybody's working day"
    )


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
