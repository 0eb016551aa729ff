"""A group's sessions as one recurring event in local time: RRULE, and what differs from it (RFC 5545 3.8.5)."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from icalendar import STATUS, Calendar, Event, vCalAddress, vDDDTypes, vRecur

from services.sessions.domain.calendar import PRODUCT, Entry, feed
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
    calendar = Calendar.new(prodid=PRODUCT, method="PUBLISH", name="Lateral", subcomponents=[frame])
    del calendar["UID"]
    for event in _events(group_id, entries, ZoneInfo(zone), cadence_days):
        event["ORGANIZER"] = vCalAddress(f"mailto:{organizer}")
        calendar.add_component(event)
    content: bytes = calendar.to_ical()
    return content


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
