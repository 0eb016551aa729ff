"""The best common time of people in several zones: working hours intersected, in minutes since the epoch (UTC)."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

GRID = 15
"""Sessions start on the quarter hour."""
DAY_COST = 60
"""A day's delay is as bad as an hour away from somebody's mid-day."""
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Hours(NamedTuple):
    """Somebody's working week: local minutes of the day, ISO weekdays."""

    zone: str
    starts: int
    ends: int
    days: tuple[int, ...]


class Span(NamedTuple):
    """From (included) to (excluded)."""

    start: int
    end: int


class Common(NamedTuple):
    """A time when everybody works, with the earliest and the latest of their mid-days."""

    start: int
    end: int
    first_mid: float
    last_mid: float


class Slot(NamedTuple):
    """A time for a session. `strain`: minutes between its middle and the mid-day that is furthest from it."""

    start: int
    end: int
    strain: float


@dataclass(frozen=True, slots=True)
class Request:
    """One session to place for these people, inside the local days [due, last], not before an instant."""

    people: tuple[UUID, ...]
    minutes: int
    due: date
    last: date
    not_before: int


def minute(moment: datetime) -> int:
    """An instant in whole minutes, rounded up."""
    return math.ceil((moment - EPOCH).total_seconds() / 60)


def moment(minutes: int) -> datetime:
    """The instant again."""
    return EPOCH + timedelta(minutes=minutes)


def place(requests: Iterable[Request], hours: Mapping[UUID, Hours], busy: dict[UUID, list[Span]]) -> list[Slot | None]:
    """A slot for each request, in their order; each booking is added to `busy`, so that nobody is booked twice."""
    placed = []
    for request in requests:
        slot = find(request, [hours[person] for person in request.people], [busy.get(p, []) for p in request.people])
        if slot is not None:
            for person in request.people:
                busy.setdefault(person, []).append(Span(slot.start, slot.end))
        placed.append(slot)
    return placed


def find(request: Request, weeks: Sequence[Hours], busy: Sequence[Sequence[Span]]) -> Slot | None:
    """The cheapest slot: strain plus the delay since the due day; of equal ones the earliest."""
    due = minute(datetime.combine(request.due, time(), UTC))
    taken = sorted({span for spans in busy for span in spans})
    best: tuple[float, Slot] | None = None
    for window in common_hours(weeks, request.due, request.last):
        for span in free(window, taken, request.not_before):
            slot = middle_of(span, window, request.minutes)
            if slot is None:
                continue
            cost = slot.strain + DAY_COST * max(0, (slot.start - due) // 1440)
            if best is None or (cost, slot.start) < (best[0], best[1].start):
                best = cost, slot
    return best[1] if best else None


def settle(
    bookings: Iterable[tuple[Request, Span]], hours: Mapping[UUID, Hours], busy: dict[UUID, list[Span]]
) -> list[Span]:
    """Keep each booking where its people can be there; else move it to the best slot; else leave it where it is."""
    settled = []
    for request, booked in bookings:
        weeks, taken = [hours[person] for person in request.people], [busy.get(p, []) for p in request.people]
        slot = None if fits(booked, weeks, taken) else find(request, weeks, taken)
        span = Span(slot.start, slot.end) if slot else booked
        for person in request.people:
            busy.setdefault(person, []).append(span)
        settled.append(span)
    return settled


def fits(slot: Span, weeks: Sequence[Hours], busy: Sequence[Sequence[Span]]) -> bool:
    """Whether everybody works then and nobody is taken."""
    around, day = moment(slot.start).date(), timedelta(days=1)
    windows = common_hours(weeks, around - day, around + day)
    clash = any(span.start < slot.end and slot.start < span.end for spans in busy for span in spans)
    return not clash and any(window.start <= slot.start and slot.end <= window.end for window in windows)


def common_hours(weeks: Sequence[Hours], first: date, last: date) -> list[Common]:
    """When everybody works, on local days from first to last, in order of time."""
    distinct = sorted(set(weeks))
    if not distinct:
        return []
    head, *others = (working_hours(week, first, last) for week in distinct)
    common = [Common(start, end, (start + end) / 2, (start + end) / 2) for start, end in head]
    for spans in others:
        common = list(_intersect(common, spans))
    return common


def _intersect(common: Sequence[Common], spans: Sequence[Span]) -> Iterator[Common]:
    i = j = 0
    while i < len(common) and j < len(spans):
        window, span = common[i], spans[j]
        start, end = max(window.start, span.start), min(window.end, span.end)
        if start < end:
            mid = (span.start + span.end) / 2
            yield Common(start, end, min(window.first_mid, mid), max(window.last_mid, mid))
        if window.end <= span.end:
            i += 1
        else:
            j += 1


def free(window: Common, taken: Sequence[Span], not_before: int) -> Iterator[Span]:
    """What is left of a window when the taken spans (sorted) and the past are cut out."""
    start = max(window.start, not_before)
    for span in taken:
        if span.start >= window.end:
            break
        if span.start > start:
            yield Span(start, span.start)
        start = max(start, span.end)
    if start < window.end:
        yield Span(start, window.end)


def middle_of(span: Span, window: Common, minutes: int) -> Slot | None:
    """The start on the grid with the least strain; None when the span is too short."""
    earliest = math.ceil(span.start / GRID) * GRID
    latest = math.floor((span.end - minutes) / GRID) * GRID
    if latest < earliest:
        return None
    ideal = (window.first_mid + window.last_mid - minutes) / 2
    below = math.floor(ideal / GRID) * GRID
    starts = {min(max(candidate, earliest), latest) for candidate in (below, below + GRID)}
    slots = [Slot(start, start + minutes, _strain(start + minutes / 2, window)) for start in starts]
    return min(slots, key=lambda slot: (slot.strain, slot.start))


def _strain(middle: float, window: Common) -> float:
    return max(abs(middle - window.first_mid), abs(middle - window.last_mid))


@lru_cache(maxsize=4096)
def working_hours(week: Hours, first: date, last: date) -> tuple[Span, ...]:
    """Somebody's working days as spans, in order of time."""
    days = (first + timedelta(days=offset) for offset in range((last - first).days + 1))
    spans = (_working_day(week, day) for day in days if day.isoweekday() in week.days)
    return tuple(sorted(span for span in spans if span is not None))


@lru_cache(maxsize=65536)
def _working_day(week: Hours, day: date) -> Span | None:
    """When a clock change skips or repeats the hour of an edge, the narrower reading counts."""
    start, end = max(_instants(week.zone, day, week.starts)), min(_instants(week.zone, day, week.ends))
    return Span(start, end) if start < end else None


def _instants(zone: str, day: date, minute_of_day: int) -> tuple[int, int]:
    """Both readings of a local time; they differ only around a clock change."""
    local = datetime.combine(day, time()) + timedelta(minutes=minute_of_day)
    tz = ZoneInfo(zone)
    first, second = (minute(local.replace(tzinfo=tz, fold=fold)) for fold in (0, 1))
    return first, second
