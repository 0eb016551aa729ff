"""Sessions at times that are said: rules with exceptions, slots that are released, moves and collisions."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from dateutil.rrule import rrulestr
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from services.sessions.commands.series import release_slots
from services.sessions.domain.recurrence import MOST, Recurrence
from shared.refusal import InvalidRequest
from tests.sessions.conftest import TODAY, World
from tests.sessions.gathering import add, begin, found, workday

ZONES = ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "Africa/Cairo", "UTC")


@settings(max_examples=150, deadline=None)
@given(
    zone=st.sampled_from(ZONES),
    start=st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1)),  # noqa: DTZ001 - local
    every=st.integers(1, 3),
    count=st.integers(1, 60),
    without=st.sets(st.integers(0, 59), max_size=5),
)
@example(zone="Europe/Berlin", start=datetime(2028, 2, 29, 9), every=1, count=60, without=set())  # noqa: DTZ001 - local
def test_a_rule_keeps_its_local_time_whatever_the_clock_does(
    zone: str, start: datetime, every: int, count: int, without: set[int]
) -> None:
    """Row 23: over every change of the clock of a year, and from a leap day on."""
    start = start.replace(second=0, microsecond=0)
    gone = {start + timedelta(weeks=every * number) for number in without if number < count}
    rule = Recurrence(f"FREQ=WEEKLY;INTERVAL={every};COUNT={count}", start, zone, tuple(gone))
    if len(gone) == count:
        with pytest.raises(InvalidRequest, match="no session"):
            rule.occurrences()
        return
    found_ = rule.occurrences()
    locals_ = [start + timedelta(weeks=every * n) for n in range(count)]
    kept = [local for local in locals_ if local not in gone]
    assert len(found_) == len(kept)
    for instant, local in zip(found_, kept, strict=True):
        wall = instant.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
        skipped = local.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC).astimezone(ZoneInfo(zone)).replace(tzinfo=None)
        assert wall in {local, skipped}


@pytest.mark.parametrize(
    ("rule", "problem"),
    [
        ("FREQ=WEEKLY", "never ends"),
        ("FREQ=SECONDLY;COUNT=3", "needs FREQ"),
        (f"FREQ=DAILY;COUNT={MOST + 1}", "more than"),
        ("FREQ=DAILY;UNTIL=99991231", "more than"),
        ("FREQ=DAILY;UNTIL=soon", "no date"),
        ("FREQ=WEEKLY;COUNT=3;BYHOUR=3", "cannot be read"),
        ("FREQ=WEEKLY;COUNT=3\r\nATTENDEE:x", "cannot be read"),
        ("FREQ=WEEKLY;COUNT=x", "needs COUNT of 1"),
        ("FREQ=WEEKLY;COUNT=0", "needs COUNT of 1"),
        ("FREQ=WEEKLY;COUNT=2;BYDAY=XX", "is not a recurrence rule"),
        ("FREQ=WEEKLY;COUNT=2;UNTIL=20260901", "both COUNT and UNTIL"),
        ("FREQ=YEARLY;COUNT=11", "within 10 years"),
        ("FREQ=DAILY;INTERVAL=0;BYDAY=TU;COUNT=2", "needs INTERVAL of 1"),  # it would have been looked for for ever
        ("FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30;COUNT=1", "leaves no session"),
        ("FREQ=WEEKLY;COUNT=2;COUNT=3", "cannot be read"),
        ("", "cannot be read"),
    ],
)
def test_a_rule_that_is_wrong_or_never_ends_is_refused_by_name(rule: str, problem: str) -> None:
    with pytest.raises(InvalidRequest, match=problem) as refused:
        Recurrence(rule, datetime(2026, 1, 5, 9), "UTC").occurrences()  # noqa: DTZ001 - local
    assert refused.value.fields["errors"][0]["field"] == "rrule"  # type: ignore[index]


@settings(max_examples=100, deadline=None)
@given(
    start=st.datetimes(datetime(2000, 1, 1), datetime(2189, 1, 1)),  # noqa: DTZ001 - local
    rule=st.sampled_from((
        "FREQ=WEEKLY;BYDAY=SU,WE", "FREQ=WEEKLY;WKST=SU;BYDAY=SU,MO", "FREQ=MONTHLY;BYDAY=-1FR", "FREQ=DAILY",
        "FREQ=MONTHLY;BYMONTHDAY=29", "FREQ=YEARLY;BYYEARDAY=60", "FREQ=YEARLY;BYWEEKNO=20;BYDAY=WE",
    )),
    every=st.integers(1, 4),
    count=st.integers(1, 20),
)  # fmt: skip
@example(start=datetime(2096, 1, 31, 9), rule="FREQ=MONTHLY;BYMONTHDAY=29", every=1, count=20)  # noqa: DTZ001 - over 2100
def test_a_rule_is_read_as_the_library_reads_it_in_its_own_years(
    start: datetime, rule: str, every: int, count: int
) -> None:
    start, text = start.replace(microsecond=0), f"{rule};INTERVAL={every};COUNT={count}"
    wanted = list(rrulestr(text, dtstart=start))
    assume(wanted[-1] - start < timedelta(days=3650))
    assert Recurrence(text, start, "UTC").locals() == wanted


def test_an_occurrence_moves_and_until_is_read_in_its_zone() -> None:
    start = datetime(2026, 10, 19, 9)  # noqa: DTZ001 - local
    rule = Recurrence(
        "FREQ=WEEKLY;UNTIL=20261102T080000Z", start, "Europe/Berlin", (), {datetime(2026, 10, 26, 9): datetime(2026, 10, 27, 10)}  # noqa: DTZ001, E501 - local
    )  # fmt: skip
    assert [one.isoformat() for one in rule.occurrences()] == [
        "2026-10-19T07:00:00+00:00",
        "2026-10-27T09:00:00+00:00",
        "2026-11-02T08:00:00+00:00",
    ]
    to_a_day = Recurrence("FREQ=DAILY;UNTIL=20261021", start, "Europe/Berlin").occurrences()
    assert [one.day for one in to_a_day] == [19, 20, 21]
    with pytest.raises(InvalidRequest, match="no occurrence"):
        Recurrence("FREQ=DAILY;COUNT=2", start, "UTC", (start - timedelta(days=1),)).occurrences()


def _override(start: datetime, weeks: int, minutes: int) -> dict[str, str]:
    """An occurrence so many weeks later, moved to as many minutes after the first one."""
    local = start.replace(tzinfo=None)
    moved = (local + timedelta(minutes=minutes)).isoformat()
    return {"occurrence": (local + timedelta(weeks=weeks)).isoformat(), "starts_at": moved}


async def community(world: World, **changes: Any) -> tuple[UUID, dict[str, Any]]:
    (founder,) = await world.people(1)
    programme = await world.programme(format="community_of_practice", **changes)
    return founder, await found(world, founder, programme, charter="Together")


async def test_a_series_by_rule_is_made_once_and_told(world: World) -> None:
    """F26."""
    founder, group = await community(world)
    start = workday(7, 9)
    body = {
        "rrule": "FREQ=WEEKLY;COUNT=4", "starts_at": start.replace(tzinfo=None).isoformat(),
        "time_zone": "Europe/Berlin", "title": "Data hour", "location": "Room 1", "minutes": 45,
        "exdates": [(start + timedelta(weeks=1)).replace(tzinfo=None).isoformat()],
    }  # fmt: skip
    path = f"/v1/groups/{group['group_id']}/series"
    for change, field in (
        ({"rrule": "FREQ=WEEKLY"}, "rrule"),
        ({"time_zone": "Mars/Olympus"}, "time_zone"),
        ({"exdates": ["2020-01-01T00:00:00"]}, "exdates"),
        ({"starts_at": "2020-01-01T09:00:00", "exdates": []}, "starts_at"),
        ({"title": "A\r\nB"}, "title"),
        ({"join_link": "javascript:alert(1)"}, "join_link"),
        ({"overrides": [_override(start, 2, 30)]}, "overrides"),
    ):
        wrong = await world.call("POST", path, {**body, **change}, who=founder)
        assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (422, field), change
    made = await world.call("POST", path, body, who=founder)
    assert made.status_code == 201, made.text
    assert len(made.json()["session_ids"]) == len(await world.told("session.scheduled")) == 3
    berlin = ZoneInfo("Europe/Berlin")
    for session in (await world.call("GET", "/v1/sessions", who=founder)).json()["items"]:
        assert datetime.fromisoformat(session["starts_at"]).astimezone(berlin).hour == 9
        assert (session["title"], session["location"], session["open"]) == ("Data hour", "Room 1", True)
    again = await world.call("POST", path, body, who=founder)
    assert (again.status_code, again.json()["type"]) == (409, "/problems/series-exists")


async def test_whoever_leads_cannot_be_in_two_places(world: World) -> None:
    founder, group = await community(world)
    await add(world, founder, group, workday(3))
    path = f"/v1/groups/{group['group_id']}/sessions"
    clash = await world.call("POST", path, {"starts_at": (workday(3) + timedelta(minutes=30)).isoformat()}, who=founder)
    assert (clash.status_code, clash.json()["type"], clash.json()["state"]) == (
        409,
        "/problems/overlapping-times",
        "taken",
    )


async def test_a_session_moves_with_its_version_and_is_cancelled_once(world: World) -> None:
    founder, group = await community(world)
    (other,) = await world.people(1)
    await world.call("POST", f"/v1/groups/{group['group_id']}/members", who=other)
    session = await add(world, founder, group, workday(3))
    path, body = f"/v1/sessions/{session}", {"starts_at": workday(5, 13).isoformat()}
    assert (await world.call("POST", f"{path}/move", body, who=founder)).status_code == 428
    refused = await world.call("POST", f"{path}/move", body, who=other, If_Match='"v1"')
    assert (refused.status_code, refused.json()["type"]) == (403, "/problems/not-the-leader")
    moved = await world.call("POST", f"{path}/move", body, who=founder, If_Match='"v1"')
    assert (moved.status_code, moved.json()["version"]) == (200, 2), moved.text
    assert datetime.fromisoformat(moved.json()["starts_at"]) == workday(5, 13)
    night = {"starts_at": workday(6, 2).isoformat()}
    flagged = await world.call("POST", f"{path}/move", night, who=founder, If_Match='"v2"')
    assert "working hours" in flagged.json()["flag"]
    cancelled = await world.call("POST", f"{path}/cancel", who=founder)
    assert (cancelled.status_code, cancelled.json()["state"]) == (200, "cancelled")
    again = await world.call("POST", f"{path}/cancel", who=founder)
    assert (again.status_code, again.json()["state"]) == (409, "cancelled")
    assert len(await world.told("session.cancelled")) == 1
    begun = await add(world, founder, group, workday(8))
    await begin(world, begun)
    late = await world.call("POST", f"/v1/sessions/{begun}/cancel", who=founder)
    assert (late.status_code, late.json()["type"]) == (409, "/problems/session-has-started")


async def test_proposals_are_ranked_inside_everybodys_hours_and_say_why(world: World) -> None:
    founder, group = await community(world)
    (other,) = await world.people(1, time_zone="America/New_York")
    await world.call("POST", f"/v1/groups/{group['group_id']}/members", who=other)
    first = workday(7).date()
    path = f"/v1/groups/{group['group_id']}/proposals?first={first}&last={first + timedelta(days=13)}&minutes=60"
    reply = (await world.call("GET", path, who=other)).json()
    assert [item["rank"] for item in reply["items"]] == [1, 2, 3, 4, 5]
    for item in reply["items"]:
        starts_at = datetime.fromisoformat(item["starts_at"])
        assert 9 <= starts_at.astimezone(ZoneInfo("Europe/Berlin")).hour < 17
        assert 9 <= starts_at.astimezone(ZoneInfo("America/New_York")).hour < 17
        assert item["reasons"][0] == "Inside everybody's working hours, and nobody is taken"
    assert reply == (await world.call("GET", path, who=other)).json()
    best = datetime.fromisoformat(reply["items"][0]["starts_at"])
    await add(world, founder, group, best)
    after = (await world.call("GET", path, who=other)).json()["items"]
    assert all(abs(datetime.fromisoformat(item["starts_at"]) - best) >= timedelta(hours=1) for item in after)
    (far,) = await world.people(1, time_zone="Pacific/Auckland")
    await world.call("POST", f"/v1/groups/{group['group_id']}/members", who=far)
    nothing = (await world.call("GET", path, who=other)).json()
    assert (nothing["items"], nothing["reason"]) == ([], "The members have no working hours in common")
    assert (await world.call("GET", f"{path}&limit=0", who=other)).status_code == 422
    (stranger,) = await world.people(1)
    assert (await world.call("GET", path, who=stranger)).status_code == 404


async def test_slots_are_booked_by_one_and_released_when_nobody_has(world: World) -> None:
    """F16."""
    host, guest, late = await world.people(3)
    programme = await world.programme(format="office_hours")
    group = await found(world, host, programme)
    body = {"starts_at": workday(3).isoformat(), "minutes": 20, "count": 3, "release_hours": 24}
    made = (await world.call("POST", f"/v1/groups/{group['group_id']}/slots", body, who=host)).json()["session_ids"]
    assert len(made) == 3
    listed = (await world.call("GET", "/v1/open-sessions", who=guest)).json()["items"]
    assert [(one["session_id"], one["free_seats"]) for one in listed] == [(one, 1) for one in made]
    answer = {"answer": "accept", "rules_version": listed[0]["rules_version"]}
    booked = await world.call("POST", f"/v1/sessions/{made[0]}/rsvp", answer, who=guest)
    assert (booked.status_code, booked.json()["state"]) == (200, "registered"), booked.text
    second = await world.call("POST", f"/v1/sessions/{made[0]}/rsvp", answer, who=late)
    assert second.json()["state"] == "waitlisted"
    async with world.db.transaction() as conn:
        assert await release_slots(conn) == 0
    await world.execute("UPDATE sessions SET release_at = now() - interval '1 minute'")
    for expected in (2, 0):
        async with world.db.transaction() as conn:
            assert await release_slots(conn) == expected
    assert {event["session_id"] for event in await world.told("session.cancelled")} == set(made[1:])
    assert len(await world.told("ground-rules.acknowledged")) == 2
    other = await world.programme(format="study_group")
    wrong = await found(world, host, other)
    refused = await world.call("POST", f"/v1/groups/{wrong['group_id']}/slots", body, who=host)
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/not-slotted")


async def test_outside_of_the_programme_nothing_is_planned(world: World) -> None:
    founder, group = await community(world)
    path = f"/v1/groups/{group['group_id']}/sessions"
    for when in (TODAY + timedelta(days=400), TODAY - timedelta(days=1)):
        body = {"starts_at": datetime.combine(when, datetime.min.time(), UTC).isoformat()}
        wrong = await world.call("POST", path, body, who=founder)
        assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (422, "starts_at")


FAR = ("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00", "1999-12-31T23:59:59Z", "2200-01-01T00:00:00Z")


@pytest.mark.parametrize("when", FAR)
async def test_years_no_calendar_reckons_with_are_refused_by_name_everywhere(when: str, world: World) -> None:
    founder, group = await community(world)
    day, local = when[:10], when[:19]
    path = f"/v1/groups/{group['group_id']}"
    rule = {"rrule": "FREQ=DAILY;COUNT=2", "starts_at": local, "time_zone": "Pacific/Kiritimati"}
    for method, where, body in (
        ("POST", f"{path}/sessions", {"starts_at": when}),
        ("POST", f"{path}/slots", {"starts_at": when, "count": 1}),
        ("POST", f"{path}/series", rule),
        ("GET", f"{path}/proposals?first={day}&last={day}", None),
        ("GET", f"/v1/sessions?starts_from={when.replace('+', '%2B')}", None),
        ("PUT", "/v1/availability", {"busy": [{"starts_at": when, "ends_at": when}]}),
        ("POST", "/v1/quick-logs", {"people": [str(founder)], "topic": "x", "minutes": 5, "ended_at": when}),
    ):
        reply = await world.call(method, where, body, who=founder)
        assert (reply.status_code, "years 2000 to 2199" in reply.text) == (422, True), (where, reply.text)
