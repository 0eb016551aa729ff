"""Free/busy time as calendars write it is respected like what somebody says themselves."""

import contextlib
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.sessions.domain.freebusy import FreeBusy, parse
from shared.refusal import InvalidRequest
from tests.sessions.conftest import TODAY, World
from tests.sessions.events import pair
from tests.sessions.gathering import workday

DAY = datetime.combine(TODAY, datetime.min.time(), UTC)


def stamp(moment: datetime) -> str:
    return f"{moment:%Y%m%dT%H%M%SZ}"


def file(*lines: str, **window: datetime) -> bytes:
    bounds = [f"{name.upper()}:{stamp(moment)}" for name, moment in window.items()]
    head = ("BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Somebody//EN", "METHOD:PUBLISH", "BEGIN:VFREEBUSY", "UID:1")
    parts = (*head, "DTSTAMP:20260101T000000Z", *bounds, *lines, "END:VFREEBUSY", "END:VCALENDAR", "")
    return "\r\n".join(parts).encode()


async def put(world: World, who: UUID, content: bytes) -> httpx.Response:
    token = world._tokens.token(("employee",), person_id=str(who))
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "text/calendar"}
    return await world.client.put("/v1/availability/free-busy", content=content, headers=headers)


async def booked(world: World, one: UUID, other: UUID, **changes: Any) -> dict[str, Any]:
    """The only session of a pair."""
    shape: dict[str, Any] = {"format": "mentoring", "cadence_days": 56, "group_size_min": 2, "group_size_max": 2}
    await world.hear(pair(await world.programme(**shape, **changes), one, other))
    listed = await world.own("GET", "/v1/sessions")
    return dict(listed.json()["items"][-1])


async def test_sessions_are_planned_around_what_a_calendar_says(world: World) -> None:
    one, other = await world.people(2)
    mornings = [f"FREEBUSY:{stamp(DAY + timedelta(days=n))}/PT13H" for n in range(60)]
    free = f"FREEBUSY;FBTYPE=FREE:{stamp(DAY)}/P60D"
    saved = await put(world, one, file(*mornings, free))
    assert (saved.status_code, len(saved.json()["busy"])) == (200, 60), saved.text
    session = await booked(world, one, other)
    assert datetime.fromisoformat(session["starts_at"]).hour >= 13


async def test_only_the_window_of_a_file_is_replaced_and_the_weekly_limit_stays(world: World) -> None:
    (one,) = await world.people(1)
    early, late = workday(3), workday(40)
    body = {"weekly_minutes": 90, "busy": [
        {"starts_at": str(when), "ends_at": str(when + timedelta(hours=1))} for when in (early, late)
    ]}  # fmt: skip
    assert (await world.call("PUT", "/v1/availability", body, who=one)).status_code == 200
    other = early + timedelta(hours=3)
    line = f"FREEBUSY;FBTYPE=BUSY-TENTATIVE:{stamp(other)}/{stamp(other + timedelta(hours=1))}"
    saved = (await put(world, one, file(line, dtstart=DAY, dtend=DAY + timedelta(days=30)))).json()
    assert [datetime.fromisoformat(each["starts_at"]) for each in saved["busy"]] == [other, late]
    assert (saved["weekly_minutes"], saved["version"]) == (90, 2)
    emptied = await put(world, one, file())
    assert (emptied.json()["busy"], emptied.json()["weekly_minutes"]) == ([], 90)


async def test_what_a_calendar_has_from_us_does_not_move_itself(world: World) -> None:
    one, other = await world.people(2)
    session = await booked(world, one, other)
    begin, end = (datetime.fromisoformat(session[name]) for name in ("starts_at", "ends_at"))
    around = (begin - timedelta(minutes=30), end + timedelta(minutes=30))
    saved = await put(world, one, file(f"FREEBUSY:{stamp(around[0])}/{stamp(around[1])}"))
    times = [tuple(map(datetime.fromisoformat, each.values())) for each in saved.json()["busy"]]
    assert times == [(around[0], begin), (end, around[1])]
    assert await world.told("session.rescheduled") == []


@pytest.mark.parametrize(
    ("content", "field"),
    [
        (b"", "VCALENDAR"), (b"hello", "VCALENDAR"), (b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n", "VFREEBUSY"),
        (file("FREEBUSY:soon/PT1H"), "VCALENDAR"), (file("FREEBUSY:20270101T100000/PT1H"), "FREEBUSY"),
        (file("FREEBUSY:20270101T100000Z/20270101T100000Z"), "FREEBUSY"),
        (file("FREEBUSY:99980101T000000Z/P900D"), "VCALENDAR"),
        (file("FREEBUSY:19980101T000000Z/PT1H"), "FREEBUSY"), (file(dtstart=DAY, dtend=DAY), "DTEND"),
        (file(*["FREEBUSY:20270101T100000Z/PT1H"] * 2001), "FREEBUSY"),
    ],
)  # fmt: skip
async def test_what_is_wrong_with_a_file_is_named(content: bytes, field: str, world: World) -> None:
    (one,) = await world.people(1)
    reply = await put(world, one, content)
    assert (reply.status_code, reply.json()["errors"][0]["field"]) == (422, field), reply.text


@given(st.binary(max_size=200))
def test_whatever_arrives_is_read_or_refused(content: bytes) -> None:
    for whole in (content, file().replace(b"UID:1", b"UID:1\r\nFREEBUSY:" + content)):
        with contextlib.suppress(InvalidRequest):
            parse(whole)


SPAN = st.tuples(st.integers(0, 50), st.integers(1, 20))


@given(busy=st.lists(SPAN, max_size=6), sessions=st.lists(SPAN, max_size=6))
def test_cutting_leaves_exactly_the_minutes_that_no_session_takes(
    busy: list[tuple[int, int]], sessions: list[tuple[int, int]]
) -> None:
    def times(spans: list[tuple[int, int]]) -> list[tuple[datetime, datetime]]:
        return [(DAY + timedelta(minutes=at), DAY + timedelta(minutes=at + length)) for at, length in spans]

    def minutes(spans: list[tuple[datetime, datetime]]) -> set[datetime]:
        return {
            DAY + timedelta(minutes=n)
            for n in range(100)
            for begin, end in spans
            if begin <= DAY + timedelta(minutes=n) < end
        }

    left = FreeBusy((DAY, DAY), tuple(times(busy))).without(times(sessions))
    assert minutes(left) == minutes(times(busy)) - minutes(times(sessions))
    assert all(begin < end for begin, end in left)
