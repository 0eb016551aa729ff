"""Free/busy time as calendars publish it (RFC 5545 3.6.4): when somebody is taken, and not what by."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from icalendar import Calendar, Component

from shared.refusal import InvalidRequest

MOST = 2000
FIRST, LAST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
Times = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True)
class FreeBusy:
    """Busy times in UTC, and the window they are all of; without one they are all there is."""

    window: Times
    busy: tuple[Times, ...]

    def without(self, sessions: Iterable[Times]) -> list[Times]:
        """What is left beside these: a calendar counts as busy what it has from us, and that must not move itself."""
        left = list(self.busy)
        for session in sessions:
            left = [part for time in left for part in _cut(time, session)]
        return left


def parse(content: bytes) -> FreeBusy:
    """One VFREEBUSY; FBTYPE=FREE is not busy, all else is. Raises InvalidRequest naming the part that is wrong."""
    try:
        found = Calendar.from_ical(content).walk("VFREEBUSY")
    except (ValueError, IndexError, KeyError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        raise InvalidRequest.naming("VCALENDAR", "is not an iCalendar object") from error
    if len(found) != 1:
        raise InvalidRequest.naming("VFREEBUSY", f"must be one, and there are {len(found)}")
    part = found[0]
    if part.errors:
        raise InvalidRequest.naming(str(part.errors[0][0]), "cannot be read")
    window = (_edge(part, "DTSTART", FIRST), _edge(part, "DTEND", LAST))
    _check(window, "DTEND")
    periods = part.get("FREEBUSY", [])
    periods = periods if isinstance(periods, list) else [periods]
    if len(periods) > MOST:
        raise InvalidRequest.naming("FREEBUSY", f"has more than {MOST} periods")
    busy = [_period(each) for each in periods if str(each.params.get("FBTYPE", "BUSY")).upper() != "FREE"]
    return FreeBusy(window, tuple(busy))


def _period(period: Any) -> Times:
    times = (_utc(period.start, "FREEBUSY"), _utc(period.end, "FREEBUSY"))
    _check(times, "FREEBUSY")
    return times


def _edge(part: Component, name: str, default: datetime) -> datetime:
    found = part.get(name)
    return default if found is None else _utc(getattr(found, "dt", None), name)


def _utc(found: Any, name: str) -> datetime:
    if not isinstance(found, datetime) or found.tzinfo is None:
        raise InvalidRequest.naming(name, "must be a time in UTC")
    try:
        return found.astimezone(UTC)
    except OverflowError as error:
        raise InvalidRequest.naming(name, "is no time that calendars reckon with") from error


def _check(times: Times, name: str) -> None:
    begin, end = times
    if not FIRST <= begin < end <= LAST:
        raise InvalidRequest.naming(name, "must end after it starts, in the years 2000 to 2199")


def _cut(time: Times, session: Times) -> Iterator[Times]:
    """What is left of a time without a session in it: nothing, one part or two."""
    (begin, end), (starts, ends) = time, session
    if ends <= begin or end <= starts:
        yield time
        return
    if begin < starts:
        yield begin, starts
    if ends < end:
        yield ends, end
