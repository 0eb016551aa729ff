"""A group's sessions as one recurring event in local time: RRULE, and what differs from it (RFC 5545 3.8.5)."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from icalendar import STATUS, Calendar, Component, Event, vCalAddress, vDDDTypes, vRecur

from services.sessions.domain.calendar import PRODUCT, Entry, feed
from services.sessions.domain.recurrence import Recurrence, instant_of
from services.sessions.domain.timezones import NoRule, vtimezone

DAY = timedelta(days=1)


def series(group_id: UUID, entries: Sequence[Entry], zone: str, cadence_days: int, organizer: str) -> bytes:
    """Sessions in order of time, as a file to import; in a zone that no rule describes each by itself, in UTC.

    The first session sets the rule: every `cadence_days` at its local time, as often as there are sessions. The n-th
    session is the n-th occurrence: one at another time overrides it, a cancelled one is an exception date.
    """
    if not entries:
        return feed((), organizer)
    first, last = entries[0].starts_at.date(), entries[-1].starts_at.date()
    try:
        frame = vtimezone(zone, first - DAY, last + (len(entries) * cadence_days + 1) * DAY)
    except NoRule:
        return feed((entry for entry in entries if entry.state != "cancelled"), organizer)
    return _file(frame, _events(group_id, entries, ZoneInfo(zone), cadence_days), organizer)


def by_rule(group_id: UUID, entries: Sequence[Entry], recurrence: Recurrence, organizer: str) -> bytes:
    """Sessions of a rule as one recurring event by that rule, in its own zone; what was added beside it as itself.

    An occurrence without a session is an exception date, one at another time overrides it. In a zone that no rule
    describes each is by itself, in UTC.
    """
    told = [entry for entry in entries if entry.state != "cancelled"]
    of_rule = {entry.occurrence: entry for entry in told if entry.occurrence is not None}
    occurrences, zone = recurrence.locals(), ZoneInfo(recurrence.time_zone)
    try:
        frame = vtimezone(recurrence.time_zone, occurrences[0].date() - DAY, occurrences[-1].date() + DAY)
    except NoRule:
        return feed(told, organizer)
    if not of_rule:
        return feed(told, organizer)
    first = next(entry for entry in entries if entry.occurrence is not None)
    length = first.ends_at - first.starts_at
    planned = {local: instant_of(local, zone).astimezone(zone) for local in occurrences}
    begin = planned[occurrences[0]]
    master = _event(group_id, replace(first, starts_at=begin, ends_at=begin + length), zone)
    rule = vRecur.from_ical(recurrence.rrule.upper().removeprefix("RRULE:"))
    rule.pop("UNTIL", None)  # it may be said in three ways; a number is one
    rule["COUNT"] = [len(occurrences)]
    master.add("RRULE", rule)
    events = [master]
    for local, start in planned.items():
        entry = of_rule.get(local)
        if entry is None:
            master.add("EXDATE", start)
        elif entry.starts_at != start or entry.ends_at - entry.starts_at != length or entry.summary != first.summary:
            override = _event(group_id, entry, zone)
            override.add("RECURRENCE-ID", vDDDTypes(start))
            events.append(override)
    events += [_event(entry.session_id, entry, zone) for entry in told if entry.occurrence is None]
    return _file(frame, events, organizer)


def _events(group_id: UUID, entries: Sequence[Entry], clock: ZoneInfo, cadence_days: int) -> list[Event]:
    start, length = entries[0].starts_at.astimezone(clock), entries[0].ends_at - entries[0].starts_at
    master = _event(group_id, entries[0], clock)
    master.add("RRULE", vRecur({"FREQ": "DAILY", "INTERVAL": cadence_days, "COUNT": len(entries)}))
    events = [master]
    for number, entry in enumerate(entries):
        planned = _later(start, number * cadence_days)
        if entry.state == "cancelled":
            master.add("EXDATE", planned)
        elif entry.starts_at != planned or entry.ends_at - entry.starts_at != length:
            override = _event(group_id, entry, clock)
            override.add("RECURRENCE-ID", vDDDTypes(planned))
            events.append(override)
    return events


def _file(frame: Component, events: Iterable[Event], organizer: str) -> bytes:
    calendar = Calendar.new(prodid=PRODUCT, method="PUBLISH", name="Lateral", subcomponents=[frame])
    del calendar["UID"]
    for event in events:
        event["ORGANIZER"] = vCalAddress(f"mailto:{organizer}")
        calendar.add_component(event)
    content: bytes = calendar.to_ical()
    return content


def _event(group_id: UUID, entry: Entry, clock: ZoneInfo) -> Event:
    return Event.new(
        uid=f"{group_id}@lateral",
        start=entry.starts_at.astimezone(clock),
        end=entry.ends_at.astimezone(clock),
        stamp=entry.changed_at.astimezone(UTC).replace(microsecond=0),
        sequence=entry.version,
        summary=entry.summary,
        status=STATUS.CONFIRMED,
    )


def _later(first: datetime, days: int) -> datetime:
    """The same time of day so many days later, as a wall clock shows it."""
    return (first.replace(tzinfo=None) + days * DAY).replace(tzinfo=first.tzinfo)
