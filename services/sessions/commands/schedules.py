"""Give groups their sessions: planned together, written together."""

import asyncio
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from uuid_utils.compat import uuid7

from services.sessions.domain.formats import Format
from services.sessions.domain.hours import Hours, Span, minute, moment
from services.sessions.domain.requirements import across_functions
from services.sessions.domain.scheduling import Request, Slot, burdens, place, why_not
from services.sessions.domain.session import Session
from services.sessions.store import formats, people
from services.sessions.store.people import Engagements, Worker
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
    "capacity", "facilitator_id", "facilitator_why", "why",
)  # fmt: skip
Causes = Mapping[UUID, Envelope[Any]]
PART_COLUMNS = ("session_id", "person_id", "role", "preparation")


@dataclass(frozen=True, slots=True)
class Plan:
    """A group that can be planned: who of it is there, and one request a session.

    `number`: of its first session here; `spans`: where those lie that it has.
    """

    group: Record
    shape: Format
    members: list[MatchMember]
    requests: list[Request]
    unfit: str | None
    number: int = 0
    spans: Sequence[Span] = ()

    @property
    def capacity(self) -> int:
        """A circle has its programme's seats; a pair has its own."""
        return int(self.group["group_size_max"]) if self.group["kind"] == "circle" else len(self.members)


Placed = tuple[Plan, list[tuple[Request, Slot | None]]]


async def schedule_groups(conn: Connection, group_ids: Collection[UUID], causes: Causes) -> int:
    """Plan the waiting ones among these groups and return how many are settled; `causes` by match id."""
    groups = await conn.fetch(GROUPS.lock_groups, list(group_ids), "waiting")
    workers = await lock_members(conn, groups)
    known = await formats.known(conn)
    now = datetime.now(UTC)
    await carry_out(
        conn, found := list(filter(None, (_plan(group, known, workers, now) for group in groups))), workers, causes
    )
    return len(found)


async def lock_members(conn: Connection, groups: Collection[Record]) -> dict[UUID, Worker]:
    """Everybody known of these groups, so that nobody else plans for them meanwhile."""
    return await people.lock(conn, {UUID(m["person_id"]) for group in groups for m in group["members"] or ()})


async def carry_out(conn: Connection, plans: Sequence[Plan], workers: Mapping[UUID, Worker], causes: Causes) -> None:
    """Place what is planned, all together, and write and tell it."""
    if not plans:
        return
    requests = [request for plan in plans for request in plan.requests]
    taken = await people.around(conn, workers, requests)
    hours = {person: worker.hours for person, worker in workers.items()}
    slots = iter(await asyncio.to_thread(_place, plans, hours, taken))
    placed = [(plan, [(request, next(slots)) for request in plan.requests]) for plan in plans]
    reasons = {id(plan): _reason(plan, found, hours, taken.busy) for plan, found in placed}
    await _write(conn, placed, reasons, causes)


def _place(plans: Sequence[Plan], hours: Mapping[UUID, Hours], taken: Engagements) -> list[Slot | None]:
    """Early and late hours go on going round where a series has begun."""
    borne = {plan.group["group_id"]: burdens(plan.spans, [hours[m.person_id] for m in plan.members]) for plan in plans}
    return place([request for plan in plans for request in plan.requests], hours, taken.busy, taken.budgets, borne)


async def schedule_waiting(conn: Connection) -> int:
    """Plan the groups whose last unknown member has become known."""
    rows = await conn.fetch(GROUPS.plannable_groups)
    return await schedule_groups(conn, [row["group_id"] for row in rows], {}) if rows else 0


def _plan(group: Record, known: Mapping[str, Format], workers: Mapping[UUID, Worker], now: datetime) -> Plan | None:
    """None while a member is unknown here."""
    members = members_of(group, workers)
    if members is None:
        return None
    shape = known[group["format"]]
    wrong = unfit(shape, members, workers)
    return Plan(group, shape, members, [] if wrong else list(_series(group, shape, members, workers, now)), wrong)


def members_of(group: Record, workers: Mapping[UUID, Worker]) -> list[MatchMember] | None:
    """Those who have not left; None while a member is unknown here."""
    members = [MatchMember.model_validate(member) for member in group["members"] or ()]
    if any(member.person_id not in workers for member in members):
        return None
    return [member for member in members if not workers[member.person_id].left]


def unfit(shape: Format, members: list[MatchMember], workers: Mapping[UUID, Worker]) -> str | None:
    """What the format's rules say against this group."""
    if wrong := shape.miscast(role for _, role in shape.cast(members, 0)):
        return f"{shape.title}: {wrong[0]}"
    functions = {workers[member.person_id].function for member in members if member.role != "facilitator"}
    if "two_functions" in shape.requires and not across_functions(functions):
        return f"{shape.title} needs at least two functions, and all members are of one"
    return None


def _series(
    group: Record, shape: Format, members: list[MatchMember], workers: Mapping[UUID, Worker], now: datetime
) -> Iterable[Request]:
    """One request every `cadence_days` while everybody is there; each ends before the next one is due."""
    if len(members) < 2:  # noqa: PLR2004 - nobody meets alone
        return
    backfill = group["backfill"]
    due, ends = term(group, members, workers)
    due = due if backfill else max(due, now.date())
    cadence = timedelta(days=group["cadence_days"])
    number = 0
    while due <= ends:
        yield request_for(group, shape, members, number, due, min(due + cadence - DAY, ends), now)
        due += cadence
        number += 1


def term(group: Record, members: Sequence[MatchMember], workers: Mapping[UUID, Worker]) -> tuple[date, date]:
    """First and last day on which the group meets and everybody is there."""
    there = [workers[member.person_id] for member in members]
    first = max(group["starts_on"], *(worker.available_from for worker in there))
    return first, min(group["ends_on"], *(worker.available_until for worker in there))


def request_for(
    group: Record, shape: Format, members: Sequence[MatchMember], number: int, due: date, last: date, now: datetime
) -> Request:
    """The group's session of that number, to be placed between two days."""
    roles, who = dict(shape.cast(members, number)), tuple(member.person_id for member in members)
    return Request(
        who,
        group["session_minutes"],
        due,
        last,
        0 if group["backfill"] else minute(now),
        series=group["group_id"],
        preparation=tuple(shape.preparation_of(roles[person]) for person in who),
        stretch=group["stretch_minutes"],
        limited_from=minute(now),
    )


async def _write(conn: Connection, placed: list[Placed], reasons: Mapping[int, str | None], causes: Causes) -> None:
    sessions, parts, states, events = [], [], [], []
    for plan, slots in placed:
        group = plan.group
        found = [(request, slot) for request, slot in slots if slot is not None]
        state = "active" if found or plan.number else "unschedulable"
        states.append((group["group_id"], state, reasons[id(plan)]))
        for number, (request, slot) in enumerate(found, plan.number):
            session = _session(plan, slot)
            sessions.append(
                (session.session_id, 1, "scheduled", session.group_id, session.programme_id, number, request.due,
                 session.starts_at, session.ends_at, session.capacity, session.facilitator_id,
                 group["facilitator_why"], _why(request, slot))
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
    if not found and not plan.number:
        return "There is no day on which the programme runs and two or more members are there"
    if not missing:
        return plan.group["reason"] if plan.number else None
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
        " or of the half of it they like"
    )
