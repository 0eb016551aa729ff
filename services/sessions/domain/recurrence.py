"""A series by recurrence rule (RFC 5545): local times that stay where they are when the clock changes."""

from calendar import isleap
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import MAXYEAR, UTC, date, datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from dateutil.rrule import rrulestr

from shared.refusal import InvalidRequest

MOST = 366
LARGEST = 9999
HORIZON = timedelta(days=3650)
"""No programme plans further ahead."""
FREQUENCIES = frozenset({"DAILY", "WEEKLY", "MONTHLY", "YEARLY"})
PARTS = frozenset({
    "FREQ", "INTERVAL", "COUNT", "UNTIL", "BYDAY", "BYMONTHDAY", "BYMONTH", "BYSETPOS", "BYYEARDAY", "BYWEEKNO", "WKST",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Recurrence:
    """A rule from a local start in a zone, without some occurrences, and with some at another local time."""

    rrule: str
    starts_at: datetime
    time_zone: str
    exdates: tuple[datetime, ...] = ()
    overrides: Mapping[datetime, datetime] = field(default_factory=dict)

    def occurrences(self) -> list[datetime]:
        """All instants (UTC), in order. Raises InvalidRequest naming what is wrong."""
        return [instant for instant, _ in self.placed()]

    def placed(self) -> list[tuple[datetime, datetime]]:
        """The same, each with the occurrence of the rule that it is."""
        zone, locals_ = _zone(self.time_zone), self.locals()
        _check_known("exdates", self.exdates, locals_)
        _check_known("overrides", self.overrides, locals_)
        kept = [local for local in locals_ if local not in set(self.exdates)]
        if not kept:
            raise InvalidRequest.naming("rrule", "leaves no session")
        return sorted((instant_of(self.overrides.get(local, local), zone), local) for local in kept)

    def locals(self) -> list[datetime]:
        """What the rule alone makes, on the clock of its zone. Raises InvalidRequest."""
        parts, years = _parts(self.rrule), _years_later(self.starts_at.year)
        _number(parts, "INTERVAL")
        count, horizon = _number(parts, "COUNT"), self.starts_at.replace(tzinfo=None) + HORIZON
        until = min(_local(parts["UNTIL"], _zone(self.time_zone)), horizon) if "UNTIL" in parts else horizon
        if until < self.starts_at:
            return []
        parts = {name: value for name, value in parts.items() if name != "COUNT"}
        parts["UNTIL"] = f"{_moved(until, years):%Y%m%dT%H%M%S}"
        rule = _read(";".join(f"{name}={value}" for name, value in parts.items()), _moved(self.starts_at, years))
        locals_ = [_moved(local, -years) for local in islice(rule, min(count or MOST + 1, MOST + 1))]
        if len(locals_) > MOST:
            raise InvalidRequest.naming("rrule", f"makes more than {MOST} sessions")
        if count is not None and 0 < len(locals_) < count:
            raise InvalidRequest.naming("rrule", f"does not come to its COUNT within {HORIZON.days // 365} years")
        return locals_


def instant_of(local: datetime, zone: ZoneInfo) -> datetime:
    """A time that a clock change skips is read by the offset before it, of one that comes twice the first counts."""
    return local.replace(tzinfo=zone, fold=0).astimezone(UTC)


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise InvalidRequest.naming("time_zone", "is no known time zone") from None


def _parts(rrule: str) -> dict[str, str]:
    """The parts of a rule that ends, and is no finer than a day."""
    parts: dict[str, str] = {}
    for number, part in enumerate(rrule.upper().removeprefix("RRULE:").split(";"), 1):
        name, equals, value = part.partition("=")
        if not equals or name not in PARTS or name in parts or not value.replace(",", "").replace("-", "").isalnum():
            raise InvalidRequest.naming("rrule", f"cannot be read at part {number}")
        parts[name] = value
    if parts.get("FREQ") not in FREQUENCIES:
        raise InvalidRequest.naming("rrule", "needs FREQ of DAILY, WEEKLY, MONTHLY or YEARLY")
    if len(parts.keys() & {"COUNT", "UNTIL"}) != 1:
        wrong = "says both COUNT and UNTIL: it needs one" if "COUNT" in parts else "never ends: it needs COUNT or UNTIL"
        raise InvalidRequest.naming("rrule", wrong)
    return parts


def _read(text: str, starts_at: datetime) -> Iterable[datetime]:
    try:
        return rrulestr(text, dtstart=starts_at)
    except (ValueError, KeyError, IndexError, OverflowError) as error:
        raise InvalidRequest.naming("rrule", "is not a recurrence rule of RFC 5545") from error


def _years_later(year: int) -> int:
    """How much later, at the end of the library's time, years are like these.

    It looks for a 30th of February until then, and nobody else is answered meanwhile: there that is a few years away.
    """
    span = range(HORIZON.days // 365 + 1)
    like = [_kind(year + each) for each in span]
    lasts = range(MAXYEAR - len(span) + 1, year, -1)
    return next(last for last in lasts if [_kind(last + each) for each in span] == like) - year


def _kind(year: int) -> tuple[int, bool]:
    return date(year, 1, 1).weekday(), isleap(year)


def _moved(local: datetime, years: int) -> datetime:
    return local.replace(year=local.year + years)


def _number(parts: Mapping[str, str], name: str) -> int | None:
    value = parts.get(name)
    if value is None:
        return None
    if not (value.isascii() and value.isdecimal() and 0 < int(value[:9]) <= LARGEST):
        raise InvalidRequest.naming("rrule", f"needs {name} of 1 to {LARGEST}")
    return int(value)


def _local(until: str, zone: ZoneInfo) -> datetime:
    formats = {"Z": "%Y%m%dT%H%M%SZ"} if until.endswith("Z") else {"": "%Y%m%dT%H%M%S", "D": "%Y%m%d"}
    for kind, shape in formats.items():
        try:
            found = datetime.strptime(until, shape)  # noqa: DTZ007 - its zone is the rule's
        except ValueError:
            continue
        if kind == "D":
            found = found.replace(hour=23, minute=59, second=59)
        if kind == "Z":
            found = found.replace(tzinfo=UTC).astimezone(zone)
        return found.replace(tzinfo=None)
    raise InvalidRequest.naming("rrule", "has an UNTIL that is no date")


def _check_known(field_: str, named: Iterable[datetime], known: Iterable[datetime]) -> None:
    if strangers := sorted(set(named) - set(known)):
        raise InvalidRequest.naming(field_, f"{strangers[0].isoformat()} is no occurrence of the rule")
