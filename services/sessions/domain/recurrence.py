"""A series by recurrence rule (RFC 5545): local times that stay where they are when the clock changes."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from dateutil.rrule import rrulestr

from shared.refusal import InvalidRequest

MOST = 366
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
        rule = rrulestr(_checked(self.rrule, _zone(self.time_zone)), dtstart=self.starts_at)
        locals_ = list(islice(rule, MOST + 1))
        if len(locals_) > MOST:
            raise InvalidRequest.naming("rrule", f"makes more than {MOST} sessions")
        return locals_


def instant_of(local: datetime, zone: ZoneInfo) -> datetime:
    """A time that a clock change skips is read by the offset before it, of one that comes twice the first counts."""
    return local.replace(tzinfo=zone, fold=0).astimezone(UTC)


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise InvalidRequest.naming("time_zone", "is no known time zone") from None


def _checked(rrule: str, zone: ZoneInfo) -> str:
    """The rule with UNTIL in local time, as its start is; refused where it never ends or is finer than a day."""
    parts: dict[str, str] = {}
    for number, part in enumerate(rrule.upper().removeprefix("RRULE:").split(";"), 1):
        name, equals, value = part.partition("=")
        if not equals or name not in PARTS or name in parts or not value.replace(",", "").replace("-", "").isalnum():
            raise InvalidRequest.naming("rrule", f"cannot be read at part {number}")
        parts[name] = value
    if parts.get("FREQ") not in FREQUENCIES:
        raise InvalidRequest.naming("rrule", "needs FREQ of DAILY, WEEKLY, MONTHLY or YEARLY")
    if not parts.keys() & {"COUNT", "UNTIL"}:
        raise InvalidRequest.naming("rrule", "never ends: it needs COUNT or UNTIL")
    if until := parts.get("UNTIL"):
        parts["UNTIL"] = _local(until, zone)
    text = ";".join(f"{name}={value}" for name, value in parts.items())
    try:
        rrulestr(text, dtstart=datetime(2000, 1, 1))  # noqa: DTZ001 - only to see whether it can be read
    except (ValueError, KeyError, IndexError, OverflowError) as error:
        raise InvalidRequest.naming("rrule", "is not a recurrence rule of RFC 5545") from error
    return text


def _local(until: str, zone: ZoneInfo) -> str:
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
        return found.strftime("%Y%m%dT%H%M%S")
    raise InvalidRequest.naming("rrule", "has an UNTIL that is no date")


def _check_known(field_: str, named: Iterable[datetime], known: Iterable[datetime]) -> None:
    if strangers := sorted(set(named) - set(known)):
        raise InvalidRequest.naming(field_, f"{strangers[0].isoformat()} is no occurrence of the rule")
