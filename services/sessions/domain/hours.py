"""When people work, and when all of them do: local hours in several zones as minutes since the epoch (UTC)."""

import math
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
DAY_MINUTES = 1440


BEST = {"morning": 0.25, "afternoon": 0.75}
"""How far into their working day it is best for who likes this half of it; for everybody else its middle is."""


class Hours(NamedTuple):
    """Somebody's working week: local minutes of the day, ISO weekdays; the half of the day they like, "" for any."""

    zone: str
    starts: int
    ends: int
    days: tuple[int, ...]
    likes: str = ""

    def best(self, start: int, end: int) -> float:
        """The moment of a working day that suits them best."""
        return start + (end - start) * BEST.get(self.likes, 0.5)

    def stretched(self, minutes: int) -> "Hours":
        """The same week, that much longer at both ends of each day."""
        return self._replace(starts=max(0, self.starts - minutes), ends=min(DAY_MINUTES, self.ends + minutes))


class Span(NamedTuple):
    """From (included) to (excluded)."""

    start: int
    end: int


class Window(NamedTuple):
    """A time when everybody works, and what of the working day around it suits each one best: its middle, mostly."""

    start: int
    end: int
    mids: tuple[float, ...]


def minute(moment: datetime) -> int:
    """An instant in whole minutes, rounded up."""
    return math.ceil((moment - EPOCH).total_seconds() / 60)


def moment(minutes: int) -> datetime:
    """The instant again."""
    return EPOCH + timedelta(minutes=minutes)


@lru_cache(maxsize=65536)
def common_hours(weeks: tuple[Hours, ...], first: date, last: date) -> tuple[Window, ...]:
    """When all these weeks are at work, on local days from first to last, in order of time; `mids` in their order."""
    if not weeks:
        return ()
    head, *others = weeks
    common = [Window(*span, (head.best(*span),)) for span in working_hours(head, first, last)]
    for week in others:
        common = list(_intersect(common, week, working_hours(week, first, last)))
    return tuple(common)


def _intersect(common: Sequence[Window], week: Hours, spans: Sequence[Span]) -> Iterator[Window]:
    i = j = 0
    while i < len(common) and j < len(spans):
        window, span = common[i], spans[j]
        start, end = max(window.start, span.start), min(window.end, span.end)
        if start < end:
            yield Window(start, end, (*window.mids, week.best(*span)))
        if window.end <= span.end:
            i += 1
        else:
            j += 1


@lru_cache(maxsize=16384)
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
