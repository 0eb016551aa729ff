"""Give groups their sessions: planned together, written together."""

import asyncio
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from uuid_utils.compat import uuid7

from services.sessions.domain.formats import Format
from services.sessions.domain.hours import Hours, Span, minute, moment
from services.sessions.domain.scheduling import Request, Slot, place, why_not
from services.sessions.domain.session import Session
from services.sessions.store import formats, people
from services.sessions.store.people import Worker
from services.sessions.store.sessions import courses
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
PART_COLUMNS = ("session_id", "person_id", "role", "preparation")


@dataclass(frozen=True, slots=True)
class Plan:
    """A group that can be planned: who of it is there, and one request a session."""

    group: Record
    shape: Format
    members: list[MatchMember]
    requests: list[Request]
    unfit: str | None

    @property
    def capacity(self) -> int:
        """A circle has its programme's seats; a pair has its own."""
        return int(self.group["group_size_max"]) if self.group["kind"] == "circle" else len(self.members)


Placed = tuple[Plan, list[tuple[Request, Slot | None]]]


async def schedule_groups(conn: Connection, group_ids: Collection[UUID], causes: Causes) -> int:
    """Plan the waiting ones among these groups and return how many are settled; `causes` by match id."""
    groups = await conn.fetch(GROUPS.lock_groups, list(group_ids))
    workers = await people.lock(conn, {UUID(m["person_id"]) for group in groups for m in group["members"] or ()})
    known = await formats.known(conn)
    now = datetime.now(UTC)
    plans = [plan for group in groups if (plan := _plan(group, known, workers, now)) is not None]
    if not plans:
        return 0
    requests = [request for plan in plans for request in plan.requests]
    taken = await people.around(conn, workers, requests)
    hours = {person: worker.hours for person, worker in workers.items()}
    slots = iter(await asyncio.to_thread(place, requests, hours, taken.busy, taken.budgets))
    placed = [(plan, [(request, next(slots)) for request in plan.requests]) for plan in plans]
    reasons = {id(plan): _reason(plan, found, hours, taken.busy) for plan, found in placed}
    await _write(conn, placed, reasons, causes)
    return len(plans)


async def schedule_waiting(conn: Connection) -> int:
    """Plan the groups whose last unknown member has become known."""
    rows = await conn.fetch(GROUPS.plannable_groups)
    return await schedule_groups(conn, [row["group_id"] for row in rows], {}) if rows else 0


def _plan(group: Record, known: Mapping[str, Format], workers: Mapping[UUID, Worker], now: datetime) -> Plan | None:
    """None while a member is unknown here."""
    members = [MatchMember.model_validate(member) for member in group["members"] or ()]
    if any(member.person_id not in workers for member in members):
        return None
    members = [member for member in members if not workers[member.person_id].left]
    shape = known[group["format"]]
    unfit = _unfit(shape, members, workers)
    return Plan(group, shape, members, [] if unfit else list(_series(group, shape, members, workers, now)), unfit)


def _unfit(shape: Format, members: list[MatchMember], workers: Mapping[UUID, Worker]) -> str | None:
    """What the format's rules say against this group."""
    if wrong := shape.miscast(role for _, role in shape.cast(members, 0)):
        return f"{shape.title}: {wrong[0]}"
    functions = {workers[member.person_id].function for member in members if member.role != "facilitator"}
    if "two_functions" in shape.requires and len(functions) == 1 and None not in functions:
        return f"{shape.title} needs at least two functions, and all members are of one"
    return None


def _series(
    group: Record, shape: Format, members: list[MatchMember], workers: Mapping[UUID, Worker], now: datetime
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
    number = 0
    while due <= ends:
        roles = dict(shape.cast(members, number))
        yield Request(
            who,
            group["session_minutes"],
            due,
            min(due + cadence - DAY, ends),
            0 if backfill else minute(now),
            series=group["group_id"],
            preparation=tuple(shape.preparation_of(roles[person]) for person in who),
            stretch=group["stretch_minutes"],
            limited=not backfill,
        )
        due += cadence
        number += 1


async def _write(conn: Connection, placed: list[Placed], reasons: Mapping[int, str | None], causes: Causes) -> None:
    sessions, parts, states, events = [], [], [], []
    for plan, slots in placed:
        group = plan.group
        found = [(request, slot) for request, slot in slots if slot is not None]
        states.append((group["group_id"], "active" if found else "unschedulable", reasons[id(plan)]))
        for number, (request, slot) in enumerate(found):
            session = _session(plan, slot)
            sessions.append(
                (session.session_id, 1, "scheduled", session.group_id, session.programme_id, number, request.due,
                 session.starts_at, session.ends_at, session.capacity, session.facilitator_id, _why(request, slot))
            )  # fmt: skip
            cast = plan.shape.cast(plan.members, number)
            parts += [(session.session_id, who, role, plan.shape.preparation_of(role)) for who, role in cast]
            events.append((session.told(SessionScheduled), causes.get(group["match_id"])))
    await conn.execute(GROUPS.set_states, *map(list, zip(*states, strict=True)))
    await conn.copy_records_to_table("sessions", records=sessions, columns=SESSION_COLUMNS)
    await conn.copy_records_to_table("participants", records=parts, columns=PART_COLUMNS)
    await outbox.append_all(conn, events)


def _reason(
    plan: Plan,
    found: list[tuple[Request, Slot | None]],
    hours: Mapping[UUID, Hours],
    busy: Mapping[UUID, list[Span]],
) -> str | None:
    """Why a group has no sessions, or fewer than are due."""
    if plan.unfit:
        return plan.unfit
    missing = [request for request, slot in found if slot is None]
    if not found:
        return "There is no day on which the programme runs and two or more members are there"
    if not missing:
        return None
    first = missing[0]
    taken = [busy.get(person, []) for person in first.people]
    why = why_not(first, [hours[person] for person in first.people], taken)
    return why if len(missing) == len(found) else f"{len(missing)} of {len(found)} sessions have no time: {why}"


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
        courses=courses(group["courses"]),
    )


def _why(request: Request, slot: Slot) -> str:
    where = (
        f"no common hour inside everybody's working hours, so at most {slot.outside} minutes outside"
        if slot.outside
        else "inside everybody's working hours"
    )
    return (
        f"Due on {request.due}; {where}, and at most {slot.strain:.0f} minutes from the middle of anybody's working day"
    )
