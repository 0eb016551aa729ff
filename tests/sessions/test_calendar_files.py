"""Calendar files as other people's libraries read them: `ical`, and libical where it is installed."""

import ctypes
import ctypes.util
import os
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo, available_timezones

import pytest
from dateutil.rrule import rrulestr
from hypothesis import given, settings
from hypothesis import strategies as st
from ical.calendar_stream import IcsCalendarStream
from icalendar import Calendar

from services.sessions.domain.calendar import Entry, feed, invitation, withdrawn
from services.sessions.domain.recurring import series
from services.sessions.domain.timezones import NoRule, vtimezone

LIBRARY = os.environ.get("LATERAL_LIBICAL") or ctypes.util.find_library("ical")
GROUP = UUID(int=7)
US = "us@example.org"


def session(starts_at: datetime, minutes: int = 60, **changes: Any) -> Entry:
    fields: dict[str, Any] = {
        "session_id": UUID(int=1),
        "version": 1,
        "state": "scheduled",
        "starts_at": starts_at,
        "ends_at": starts_at + timedelta(minutes=minutes),
        "changed_at": datetime(2026, 1, 1, tzinfo=UTC),
        "programme_name": 'Circles; of "trust", and\nmore',
        "title": "Mentoring circle",
        "confidentiality": "open",
        "skill": None,
        "role": "participant",
        "answer": "invited",
        "display_name": "Łukasz \U0001f642 Größe, PhD",
        "email": "ada@example.org",
        **changes,
    }
    return Entry(**fields)


def calendar_of(content: bytes) -> Any:
    """What another library makes of a file."""
    return IcsCalendarStream.calendar_from_ics(content.decode())


@given(
    title=st.text(max_size=200), skill=st.none() | st.text(max_size=80), level=st.sampled_from(["open", "closed"]),
    state=st.sampled_from(["scheduled", "cancelled"]),
)  # fmt: skip
def test_a_feed_says_what_the_library_would_write(title: str, skill: str | None, level: str, state: str) -> None:
    entry = session(datetime(2026, 5, 1, 8, tzinfo=UTC), title=title, skill=skill, confidentiality=level, state=state)
    ours, theirs = (Calendar.from_ical(file).walk("VEVENT")[0] for file in (feed([entry], US), invitation(entry, US)))
    assert all(len(line) <= 75 for line in feed([entry], US).split(b"\r\n"))
    for name in set(theirs) - {"ATTENDEE"}:
        assert ours[name] == theirs[name], name
    assert set(theirs) - set(ours) == {"ATTENDEE"}


def starts(content: bytes) -> list[datetime]:
    """The instants at which another library says that something begins."""
    return [event.start.astimezone(UTC) for event in calendar_of(content).timeline]


@given(st.integers(1_700_000_000, 2_050_000_000), st.integers(5, 600))
def test_another_library_reads_the_same_instant(second: int, minutes: int) -> None:
    begin = datetime.fromtimestamp(second, UTC)
    for content in (invitation(session(begin, minutes), US), feed([session(begin, minutes)], US)):
        (event,) = calendar_of(content).events
        assert (event.start.astimezone(UTC), event.end.astimezone(UTC)) == (begin, begin + timedelta(minutes=minutes))
        assert event.summary == 'Mentoring circle: Circles; of "trust", and more'


@pytest.mark.parametrize(
    "zone", ["Europe/Berlin", "America/New_York", "Australia/Sydney", "Asia/Kolkata", "America/Nuuk"]
)
def test_a_series_keeps_its_local_time_on_both_sides_of_a_clock_change(zone: str) -> None:
    clock = ZoneInfo(zone)
    for first in (datetime(2026, 3, 2, 9, tzinfo=clock), datetime(2026, 10, 5, 9, tzinfo=clock)):
        entries = [session(first + timedelta(days=7 * number)) for number in range(9)]
        content = series(GROUP, entries, zone, 7, US)
        assert b"RRULE:FREQ=DAILY;COUNT=9;INTERVAL=7" in content
        assert b"RDATE" not in content
        assert starts(content) == [entry.starts_at.astimezone(UTC) for entry in entries]
        assert b"RECURRENCE-ID" not in content


def test_a_moved_session_overrides_and_a_cancelled_one_is_an_exception() -> None:
    clock = ZoneInfo("Europe/Berlin")
    entries = [session(datetime(2026, 10, 12, 9, tzinfo=clock) + timedelta(days=7 * number)) for number in range(5)]
    moved = entries[2].starts_at + timedelta(days=1, hours=2)
    entries[2] = replace(entries[2], starts_at=moved, ends_at=moved + timedelta(hours=1))
    entries[3] = replace(entries[3], state="cancelled")
    content = series(GROUP, entries, "Europe/Berlin", 7, US)
    assert starts(content) == [entries[number].starts_at.astimezone(UTC) for number in (0, 1, 2, 4)]
    assert content.count(b"RECURRENCE-ID") == content.count(b"EXDATE") == 1


@settings(max_examples=25, deadline=None)
@given(
    zone=st.sampled_from(["Europe/Berlin", "America/Santiago", "Asia/Jerusalem", "Africa/Cairo", "Africa/Casablanca"]),
    hours=st.lists(st.integers(-30, 30), min_size=1, max_size=8),
)
def test_whatever_moves_every_session_is_where_it_is(zone: str, hours: list[int]) -> None:
    first = datetime(2026, 9, 28, 12, tzinfo=ZoneInfo(zone))
    entries = [session(first + timedelta(days=7 * week, hours=shift)) for week, shift in enumerate(hours)]
    assert starts(series(GROUP, entries, zone, 7, US)) == sorted(entry.starts_at.astimezone(UTC) for entry in entries)


def test_every_zone_with_a_rule_is_right_on_every_day_of_five_years() -> None:
    """Row 23: VTIMEZONEs expanded by dateutil agree with zoneinfo; those that no rule describes are refused."""
    refused = set()
    for name in sorted(available_timezones()):
        if name.startswith(("Etc/", "SystemV/")) or "/" not in name:
            continue
        try:
            zone = vtimezone(name, date(2026, 1, 1), date(2030, 12, 31))
        except NoRule:
            refused.add(name)
            continue
        info, changes = ZoneInfo(name), []
        parts: list[Any] = zone.subcomponents
        for part in parts:
            begin = part["DTSTART"].dt
            before, after = part["TZOFFSETFROM"].td, part["TZOFFSETTO"].td
            rule = part["RRULE"].to_ical().decode() if "RRULE" in part else None
            onsets = rrulestr(rule, dtstart=begin).xafter(begin, 7, inc=True) if rule else [begin]
            changes += [((onset - before).replace(tzinfo=UTC), after) for onset in onsets]
        for at, offset in changes:
            for instant in (at + timedelta(seconds=1), at + timedelta(days=20)):
                if instant.year in range(2026, 2031):
                    assert instant.astimezone(info).utcoffset() == offset, (name, instant)
    assert refused <= {"Africa/Casablanca", "Africa/El_Aaiun"}


def test_a_zone_without_a_rule_is_written_in_utc() -> None:
    first = datetime(2026, 2, 9, 9, tzinfo=ZoneInfo("Africa/Casablanca"))
    entries = [session(first + timedelta(days=7 * number)) for number in range(4)]
    content = series(GROUP, entries, "Africa/Casablanca", 7, US)
    assert starts(content) == [entry.starts_at.astimezone(UTC) for entry in entries]
    assert b"VTIMEZONE" not in content
    assert b"TZID" not in content


@pytest.mark.skipif(LIBRARY is None, reason="libical is not installed: apt-get install libical3")
def test_libical_finds_nothing_against_our_files() -> None:
    library = ctypes.CDLL(LIBRARY)
    library.icalparser_parse_string.restype = ctypes.c_void_p
    library.icalparser_parse_string.argtypes = [ctypes.c_char_p]
    library.icalrestriction_check.argtypes = [ctypes.c_void_p]
    library.icalcomponent_count_errors.argtypes = [ctypes.c_void_p]

    def errors(content: bytes) -> int:
        parsed = library.icalparser_parse_string(content)
        library.icalrestriction_check(parsed)
        return int(library.icalcomponent_count_errors(parsed))

    clock = ZoneInfo("Europe/Berlin")
    entries = [session(datetime(2026, 10, 12, 9, tzinfo=clock) + timedelta(days=7 * number)) for number in range(4)]
    asked = invitation(entries[0], US)
    for content in (asked, invitation(withdrawn(entries[0], 2), US), feed(entries, US),
                    series(GROUP, entries, "Europe/Berlin", 7, US)):  # fmt: skip
        assert errors(content) == 0
    assert errors(asked.replace(b"ORGANIZER", b"X-NOBODY")) > 0
