"""VTIMEZONE (RFC 5545 3.6.5) by RRULE, from the rule that ends a zone's own file.

Lists of RDATE are read wrongly by widely used clients, which then show a summer meeting an hour off. The footer of a
TZif file (RFC 9636) holds the rule of all days to come as POSIX writes it, `CET-1CEST,M3.5.0,M10.5.0/3`: two RRULEs.
"""

import re
from calendar import monthrange
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from importlib import resources
from zoneinfo import TZPATH, ZoneInfo

from icalendar import Timezone, TimezoneDaylight, TimezoneStandard, vDDDTypes, vRecur

FOOTER = re.compile(
    r"(?P<std><[^>]+>|[A-Za-z]{3,})(?P<std_off>[+-]?[\d:]+)"
    r"(?:(?P<dst><[^>]+>|[A-Za-z]{3,})(?P<dst_off>[+-]?[\d:]+)?,(?P<on>[^,]+),(?P<off>[^,]+))?"
)
RULE = re.compile(r"M(?P<month>\d+)\.(?P<week>\d)\.(?P<day>\d)(?:/(?P<at>[+-]?[\d:]+))?")
WEEKDAYS = ("SU", "MO", "TU", "WE", "TH", "FR", "SA")
LAST = 5
"""POSIX: the last such weekday of the month."""
DAY = timedelta(days=1)


class NoRule(ValueError):
    """The zone's file ends without a rule that VTIMEZONE can say: its sessions are written in UTC."""


@dataclass(frozen=True, slots=True)
class Onset:
    """When an observance begins each year: the `week`-th weekday of a month (5 is the last), at a local time."""

    month: int
    week: int
    day: int
    at: timedelta

    def in_year(self, year: int) -> datetime:
        """The wall clock's moment, by the offset that ends then."""
        first = datetime(year, self.month, 1)  # noqa: DTZ001 - a wall clock's
        to_weekday = (self.day - first.isoweekday() % 7) % 7
        found = first + timedelta(days=to_weekday + 7 * (self.week - 1))
        while found.month != self.month:
            found -= timedelta(days=7)
        return found + self.at

    def rrule(self) -> vRecur:
        """The same as a recurrence; an onset that its clock time carries into a neighbouring day names that day."""
        shift = self.at // DAY
        last = self.week == LAST
        if shift == 0:
            return vRecur(
                {"FREQ": "YEARLY", "BYMONTH": self.month, "BYDAY": f"{-1 if last else self.week}{_name(self.day)}"}
            )
        first = -7 if last else 7 * (self.week - 1) + 1
        days = [first + number + shift for number in range(7)]
        if (days[0] < 1 and days[-1] > -1) or days[-1] > monthrange(2001, self.month)[1]:
            raise NoRule(f"day {days} of month {self.month}")
        return vRecur({"FREQ": "YEARLY", "BYMONTH": self.month, "BYDAY": _name(self.day + shift), "BYMONTHDAY": days})


def _name(day: int) -> str:
    return WEEKDAYS[day % 7]


@lru_cache(maxsize=1024)
def vtimezone(name: str, first: date, last: date) -> Timezone:
    """The VTIMEZONE of an IANA zone, right on every day from `first` to `last`. Raises NoRule."""
    found = FOOTER.fullmatch(_footer(name))
    if found is None:
        raise NoRule(name)
    standard = -_seconds(found["std_off"])
    zone, changes = Timezone(), [(datetime.min, standard)]  # noqa: DTZ901 - sorted before all others
    zone.add("TZID", name)
    if found["dst"] is None:
        start = datetime(first.year - 1, 1, 1)  # noqa: DTZ001 - a wall clock's
        zone.add_component(_observance(TimezoneStandard(), found["std"], start, standard, standard))
    else:
        daylight = -_seconds(found["dst_off"]) if found["dst_off"] else standard + timedelta(hours=1)
        for part, label, onset, old, new in (
            (TimezoneDaylight(), found["dst"], _onset(found["on"]), standard, daylight),
            (TimezoneStandard(), found["std"], _onset(found["off"]), daylight, standard),
        ):
            component = _observance(part, label, onset.in_year(first.year - 1), old, new)
            component.add("RRULE", onset.rrule())
            zone.add_component(component)
            changes += [(onset.in_year(year) - old, new) for year in range(first.year - 1, last.year + 1)]
    _check(name, sorted(changes), first, last)
    return zone


def _check(name: str, changes: list[tuple[datetime, timedelta]], first: date, last: date) -> None:
    """A file may know better for some years than its last line: Morocco's clock follows the moon until 2087."""
    info = ZoneInfo(name)
    for number in range((last - first).days + 1):
        noon = datetime.combine(first + number * DAY, time(12))
        offset = next(new for begin, new in reversed(changes) if begin <= noon)
        if noon.replace(tzinfo=UTC).astimezone(info).utcoffset() != offset:
            raise NoRule(f"{name} on {noon.date()}")


def _observance(
    part: TimezoneStandard | TimezoneDaylight, label: str, start: datetime, old: timedelta, new: timedelta
) -> TimezoneStandard | TimezoneDaylight:
    part.add("DTSTART", vDDDTypes(start))
    part.add("TZOFFSETFROM", old)
    part.add("TZOFFSETTO", new)
    part.add("TZNAME", label.strip("<>"))
    return part


def _footer(name: str) -> str:
    """The last line of the zone's file: the system's, else the one of the tzdata package, as zoneinfo looks for it."""
    for content in _files(name):
        if content[4:5] >= b"2":
            return content.rstrip(b"\n").rsplit(b"\n", 1)[-1].decode("ascii")
    raise NoRule(name)


def _files(name: str) -> list[bytes]:
    parts = name.split("/")
    if not all(re.fullmatch(r"[A-Za-z0-9_+-]+", part) for part in parts):
        raise NoRule(name)
    found = []
    for folder in TZPATH:
        try:
            with open(f"{folder}/{name}", "rb") as file:  # noqa: PTH123 - pathlib resolves nothing here
                found.append(file.read())
        except OSError:
            continue
    with suppress(FileNotFoundError, ModuleNotFoundError, IsADirectoryError):
        found.append(resources.files("tzdata").joinpath("zoneinfo", *parts).read_bytes())
    return found


def _onset(rule: str) -> Onset:
    found = RULE.fullmatch(rule)
    if found is None:
        raise NoRule(rule)
    at = _seconds(found["at"]) if found["at"] else timedelta(hours=2)
    week = int(found["week"])
    if week == LAST and at >= DAY:
        at = DAY - timedelta(seconds=1)  # midnight after the last weekday may be another month's: no rule says that
    return Onset(int(found["month"]), week, int(found["day"]), at)


def _seconds(text: str) -> timedelta:
    sign = -1 if text.startswith("-") else 1
    hours, minutes, seconds = ([int(part) for part in text.lstrip("+-").split(":")] + [0, 0])[:3]
    return sign * timedelta(hours=hours, minutes=minutes, seconds=seconds)
