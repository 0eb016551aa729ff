"""Sessions at times that were said and not searched: one, a series by a rule, slots to book."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID

from uuid_utils.compat import uuid7

from services.sessions.commands.artefacts import hold_waiting
from services.sessions.commands.cancellations import cancel
from services.sessions.commands.founding import Caller, check_functions, lock_led
from services.sessions.commands.moves import FLAG, Move, reschedule
from services.sessions.domain.founding import NotSlotted
from services.sessions.domain.hours import Hours, Span, minute
from services.sessions.domain.programme import chosen, usual_minutes
from services.sessions.domain.recurrence import Recurrence
from services.sessions.domain.scheduling import Request, fits, overdrawn
from services.sessions.domain.session import OverlappingTimes, Session, SessionHasStarted
from services.sessions.queries.artefacts import scope_of
from services.sessions.store import formats, people
from services.sessions.store import sessions as store
from shared import outbox, sql
from shared.db import Connection, Record
from shared.events.matching import MatchMember
from shared.events.sessions import SessionScheduled
from shared.refusal import InvalidRequest, Refused, match_version

SQL = sql.load("services.sessions", "founding")
PARTICIPANTS = sql.load("services.sessions", "participants")
SESSIONS = sql.load("services.sessions", "sessions")
COLUMNS = (
    "session_id", "version", "state", "group_id", "programme_id", "number", "due_on", "starts_at", "ends_at",
    "capacity", "facilitator_id", "why", "title", "location", "join_link", "open", "fixed", "release_at",
    "facilitator_why", "flag", "format", "capacity_in_person", "capacity_remote",
)  # fmt: skip
PART_COLUMNS = ("session_id", "person_id", "role", "preparation", "state", "version")


class TimeBudgetUsedUp(Refused):
    """Somebody whom it cannot do without has not so many minutes left in that month or week."""


class SeriesExists(Refused):
    """The group has its rule already: move or cancel sessions of it."""


@dataclass(frozen=True, slots=True)
class Details:
    """What is said of a session beside its time; `open`: anybody in the audience may sign up.

    `format`: another one of the programme's than the group has; `led_by`: members who present, host or mentor in it.
    """

    minutes: int | None = None
    title: str | None = None
    location: str | None = None
    join_link: str | None = None
    capacity: int | None = None
    capacity_in_person: int | None = None
    capacity_remote: int | None = None
    open: bool | None = None
    format: str | None = None
    led_by: tuple[UUID, ...] = ()

    @property
    def seats(self) -> int | None:
        """All seats that are said."""
        if self.capacity_in_person is None or self.capacity_remote is None:
            return self.capacity
        return self.capacity_in_person + self.capacity_remote


async def add_session(
    conn: Connection, group_id: UUID, starts_at: datetime, details: Details, caller: Caller
) -> list[UUID]:
    """One session.

    Raises UnknownGroup, NotTheLeader, GroupNotActive, OneFunctionAlone, OverlappingTimes, InvalidRequest.
    """
    group = await lock_led(conn, group_id, caller)
    return await _add(conn, group, [starts_at], details, caller, "At the time its leader has chosen")


async def add_series(
    conn: Connection, group_id: UUID, recurrence: Recurrence, details: Details, caller: Caller
) -> list[UUID]:
    """All sessions of a rule, at the same local time on both sides of a clock change. Raises SeriesExists too."""
    group = await lock_led(conn, group_id, caller)
    found = recurrence.placed()
    rule = {"rrule": recurrence.rrule, "starts_at": recurrence.starts_at.isoformat(), "zone": recurrence.time_zone}
    if not await conn.fetchval(SQL.set_recurrence, group_id, rule):
        raise SeriesExists("The group has a series already.", state=group["state"])
    why, instants = f"By the rule {recurrence.rrule}", [instant for instant, _ in found]
    made = await _add(conn, group, instants, details, caller, why)
    await conn.execute(SESSIONS.note_occurrences, made, [local for _, local in found])
    return made


async def offer_slots(
    conn: Connection,
    group_id: UUID,
    starts_at: datetime,
    count: int,
    release_hours: int,
    details: Details,
    caller: Caller,
) -> list[UUID]:
    """Slots one after the other, a seat each; what nobody has booked by then is released. Raises NotSlotted too."""
    group = await lock_led(conn, group_id, caller)
    shape = await formats.one(conn, group["format"])
    if not shape.slots:
        raise NotSlotted("Only office hours have slots.", state=group["format"])
    step = timedelta(minutes=details.minutes or usual_minutes(shape, group["main_format"], group["session_minutes"]))
    instants = [starts_at + number * step for number in range(count)]
    single = replace(details, capacity=1, open=True)
    release = timedelta(hours=release_hours)
    return await _add(conn, group, instants, single, caller, "A slot of office hours", release=release)


async def release_slots(conn: Connection) -> int:
    """Give back slots that nobody has booked: a timer's work; late is as good as in time."""
    rows = await conn.fetch(SQL.slots_to_release)
    await cancel(conn, rows, {})
    return len(rows)


async def move_session(
    conn: Connection, session_id: UUID, starts_at: datetime, minutes: int | None, expected: int | None, caller: Caller
) -> None:
    """Another time for one session, of a series too: it stays there until somebody moves it again.

    Raises as `add_session`, SessionHasStarted, PreconditionFailed.
    """
    row = await _lock_led_session(conn, session_id, caller)
    match_version(row["version"], expected)
    length = timedelta(minutes=minutes) if minutes else row["ends_at"] - row["starts_at"]
    session = replace(store.session(row), starts_at=starts_at, ends_at=starts_at + length)
    group = await lock_led(conn, row["group_id"], caller)
    _check_time(group, starts_at)
    booked = {part["person_id"]: part["preparation"] for part in await conn.fetch(PARTICIPANTS.booked, session_id)}
    if session.facilitator_id:
        booked.setdefault(session.facilitator_id, 0)
    (found,) = await _check(conn, [booked], [(starts_at, starts_at + length)], group, caller, without=[session_id])
    flag = FLAG if found.away or found.spent else None
    await conn.execute(SESSIONS.note_moved, session_id)
    await reschedule(conn, [Move(session, "Moved by whoever leads the group", flag, row["facilitator_why"])])


async def cancel_session(conn: Connection, session_id: UUID, caller: Caller) -> None:
    """It will not take place: an exception to its series. Raises UnknownSession, NotTheLeader, SessionIsCancelled."""
    row = await _lock_led_session(conn, session_id, caller)
    await cancel(conn, [row], {}, called_off=True)


async def _lock_led_session(conn: Connection, session_id: UUID, caller: Caller) -> Record:
    scope = await scope_of(conn, session_id, None, caller.person_id, oversees=caller.oversees)
    await lock_led(conn, scope.group_id, caller)  # the group before its sessions, as everywhere
    (row,) = await conn.fetch(SESSIONS.lock_with_people, session_id)
    session = store.session(row)
    session.check_not_cancelled()
    if session.starts_at <= datetime.now(UTC):
        raise SessionHasStarted("It has started.", state=session.state, starts_at=session.starts_at)
    return row


def _check_apart(spans: Sequence[tuple[datetime, datetime]]) -> None:
    """A rule is no finer than a day: only what was moved by hand may begin while another one lasts."""
    for (_, ends), (begins, _) in pairwise(sorted(spans)):
        if begins < ends:
            message = f"puts a session at {begins.isoformat()}, before the one before it has ended"
            raise InvalidRequest.naming("overrides", message)


async def _add(
    conn: Connection,
    group: Record,
    instants: Sequence[datetime],
    details: Details,
    caller: Caller,
    why: str,
    release: timedelta | None = None,
) -> list[UUID]:
    for instant in instants:
        _check_time(group, instant)
    if details.capacity_remote is not None and group["modality"] != "hybrid":
        raise InvalidRequest.naming("capacity_remote", "seats are told apart in hybrid programmes only")
    offered = (group["main_format"], *group["further_formats"])
    shape = chosen(details.format, group["format"], offered, await formats.known(conn))
    usual = usual_minutes(shape, group["main_format"], group["session_minutes"])
    length = timedelta(minutes=details.minutes or usual)
    rows = await conn.fetch(SQL.get_members, group["group_id"])
    members = _led([MatchMember(person_id=row["person_id"], role=row["role"]) for row in rows], details.led_by)
    if shape.name != group["format"] and (wrong := shape.miscast(role for _, role in shape.cast(members, 0))):
        raise InvalidRequest.naming("led_by" if details.led_by else "format", wrong[0])
    await check_functions(conn, shape, members)
    hosting = [member for member in members if release is None or shape.roles[member.role] == "host"]
    number = await conn.fetchval(SQL.next_number, group["group_id"])
    casts = [dict(shape.cast(hosting, number + offset)) for offset in range(len(instants))]
    prepared = [{person: shape.preparation_of(role) for person, role in cast.items()} for cast in casts]
    spans = [(instant, instant + length) for instant in instants]
    _check_apart(spans)
    checked = await _check(conn, prepared, spans, group, caller)
    is_open = group["membership"] == "open" if details.open is None else details.open
    sessions, parts, events, made = [], [], [], []
    for offset, (instant, cast, found) in enumerate(zip(instants, casts, checked, strict=True)):
        session = Session(
            session_id=uuid7(), version=1, state="scheduled", programme_id=group["programme_id"],
            group_id=group["group_id"], match_id=group["match_id"], format=shape.name, skill_id=group["skill_id"],
            starts_at=instant, ends_at=instant + length, capacity=details.seats or group["capacity"],
            facilitator_id=group["facilitator_id"], courses=store.courses(group["courses"]),
        )  # fmt: skip
        said = found.told(why, len(hosting))
        sessions.append(
            (session.session_id, 1, "scheduled", session.group_id, session.programme_id, number + offset,
             instant.date(), session.starts_at, session.ends_at, session.capacity, session.facilitator_id, said,
             details.title, details.location, details.join_link, is_open, True,
             instant - release if release is not None else None, None, FLAG if found.away else None,
             shape.name if shape.name != group["format"] else None, details.capacity_in_person, details.capacity_remote)
        )  # fmt: skip
        parts += [
            (session.session_id, person, role, shape.preparation_of(role), "invited", 0)
            for person, role in cast.items()
            if person not in found.spent
        ]
        events.append((session.told(SessionScheduled), None))
        made.append(session.session_id)
    await conn.copy_records_to_table("sessions", records=sessions, columns=COLUMNS)
    await conn.copy_records_to_table("participants", records=parts, columns=PART_COLUMNS)
    await outbox.append_all(conn, events)
    await hold_waiting(conn, group["group_id"])
    return made


def _led(members: list[MatchMember], leaders: Sequence[UUID]) -> list[MatchMember]:
    """The members, some of whom lead this time."""
    strangers = set(leaders) - {member.person_id for member in members}
    if strangers:
        raise InvalidRequest.naming("led_by", f"{min(map(str, strangers))} is no member")
    return [
        MatchMember(person_id=member.person_id, role="teacher") if member.person_id in leaders else member
        for member in members
    ]


def _check_time(group: Mapping[str, Any] | Record, instant: datetime) -> None:
    if not group["starts_on"] <= instant.astimezone(UTC).date() <= group["ends_on"]:
        message = f"lies outside of the programme: {group['starts_on']} to {group['ends_on']}"
        raise InvalidRequest.naming("starts_at", message)
    if instant <= datetime.now(UTC) and not group["backfill"]:
        raise InvalidRequest.naming("starts_at", "is in the past")


@dataclass(frozen=True, slots=True)
class Fit:
    """How many are taken or do not work at a time, and who has not so many minutes left."""

    away: int
    spent: frozenset[UUID]

    def told(self, why: str, of: int) -> str:
        """Why it is then, and what is wrong with that."""
        if self.away:
            why = f"{why}; {self.away} of {of} are taken or do not work then"
        return f"{why}; {len(self.spent)} of {of} are not invited: their time is used up" if self.spent else why


async def _check(
    conn: Connection,
    prepared: Sequence[Mapping[UUID, int]],
    spans: Sequence[tuple[datetime, datetime]],
    group: Record,
    caller: Caller,
    without: Sequence[UUID] = (),
) -> list[Fit]:
    """How each time fits those who are in it, with what they prepare; each counts in the budgets for the next.

    Whoever comes to an open group does without those who have no time left, unless they run it or state the time.
    Raises OverlappingTimes when the caller is taken, TimeBudgetUsedUp.
    """
    workers = await people.lock(conn, {person for each in prepared for person in each})
    first, last = min(start for start, _ in spans).date(), max(end for _, end in spans).date()
    taken = await people.engagements(conn, workers, first, last, without)
    hours = _hours(workers)
    checked = []
    for each, (start, end) in zip(prepared, spans, strict=True):
        span = Span(minute(start), minute(end))
        own = taken.busy.get(caller.person_id, []) if caller.person_id else []
        if any(other.start < span.end and span.start < other.end for other in own):
            raise OverlappingTimes("You are in another session then.", state="taken", starts_at=start)
        here = {person: extra for person, extra in each.items() if person in hours}
        days = (start.date(), end.date())
        request = Request(
            tuple(here), span.end - span.start, *days, 0, preparation=tuple(here.values()),
            limited_from=minute(datetime.now(UTC)),
        )  # fmt: skip
        spent = frozenset(overdrawn(request, span.start, taken.budgets))
        needed = {one for one in spent if group["membership"] != "open" or here[one] or one == caller.person_id}
        if needed:
            detail = f"The time budget of {len(needed)} of those who are needed is used up in that month or week."
            raise TimeBudgetUsedUp(detail, state="time used up", starts_at=start, people=len(needed))
        for person, minutes in request.spending():
            if person not in spent:
                taken.budgets.spend(person, span.start, minutes)
        away = sum(not fits(span, [hours[one]], [taken.busy.get(one, [])]) for one in here)
        checked.append(Fit(away, spent))
    return checked


def _hours(workers: Mapping[UUID, people.Worker]) -> dict[UUID, Hours]:
    return {person: worker.hours for person, worker in workers.items() if not worker.left}
