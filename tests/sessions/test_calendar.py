from datetime import UTC, datetime
from typing import Any

from ical.calendar_stream import IcsCalendarStream
from icalendar import Calendar

from tests.sessions.conftest import World
from tests.sessions.events import circle, contact
from tests.sessions.gathering import add, found, workday


async def one(world: World, **changes: Any) -> tuple[Any, Any]:
    people = await world.people(4)
    await world.hear(contact(people[0], 'Ada "Countess"; Lovelace\r\nATTENDEE:mailto:eve@example.org'))
    await world.hear(circle(await world.programme(**changes), people, None))
    (row, *_) = await world.fetch("SELECT session_id, starts_at FROM sessions ORDER BY starts_at")
    return row, people


def event(content: str) -> Any:
    return Calendar.from_ical(content).walk("VEVENT")[0]


async def test_an_invitation_asks_and_a_cancellation_takes_it_back(world: World) -> None:
    row, people = await one(world)
    path = f"/v1/sessions/{row['session_id']}/invitation.ics"
    asked = await world.call("GET", path, who=people[0])
    assert asked.headers["Content-Type"].startswith("text/calendar")
    assert Calendar.from_ical(asked.text)["METHOD"] == "REQUEST"
    first = event(asked.text)
    assert first.decoded("DTSTART") == row["starts_at"].astimezone(UTC)
    assert "\r\nDTSTART:" in asked.text
    assert first["ATTENDEE"].params["RSVP"] == "TRUE"
    assert first["ATTENDEE"].params["PARTSTAT"] == "NEEDS-ACTION"
    assert str(first["ORGANIZER"]).startswith("mailto:")
    await world.execute("UPDATE sessions SET state = 'cancelled', version = version + 1")
    cancelled = await world.call("GET", path, who=people[0])
    second = event(cancelled.text)
    assert Calendar.from_ical(cancelled.text)["METHOD"] == "CANCEL"
    assert second["STATUS"] == "CANCELLED"
    assert second["UID"] == first["UID"]
    assert second["SEQUENCE"] == first["SEQUENCE"] + 1


async def test_a_name_cannot_break_out_of_its_line(world: World) -> None:
    row, people = await one(world)
    text = (await world.call("GET", f"/v1/sessions/{row['session_id']}/invitation.ics", who=people[0])).text
    lines = text.replace("\r\n ", "").split("\r\n")
    assert len([line for line in lines if line.startswith("ATTENDEE")]) == 1
    assert all(len(line.encode()) <= 75 for line in text.split("\r\n"))


async def test_a_closed_session_says_nothing_of_its_subject(world: World) -> None:
    row, people = await one(world, name="Burnout circle", confidentiality="closed")
    text = (await world.call("GET", f"/v1/sessions/{row['session_id']}/invitation.ics", who=people[0])).text
    assert "Burnout" not in text
    assert event(text)["SUMMARY"] == "Peer learning"


async def test_a_feed_is_for_whoever_knows_its_address_until_another_replaces_it(world: World) -> None:
    _, people = await one(world)
    made = await world.call("POST", "/v1/calendar-feeds", who=people[0])
    assert made.status_code == 201
    path = made.json()["url"].removeprefix("http://127.0.0.1:8103")
    read = await world.client.get(path)
    assert (read.status_code, read.headers["Cache-Control"]) == (200, "private, no-cache")
    calendar = Calendar.from_ical(read.text)
    assert (calendar["METHOD"], len(calendar.walk("VEVENT"))) == ("PUBLISH", 4)
    assert "ATTENDEE" not in read.text
    assert "\r\nREFRESH-INTERVAL;VALUE=DURATION:PT1H\r\n" in read.text
    assert (await world.client.get(path, headers={"If-None-Match": read.headers["ETag"]})).status_code == 304
    assert (await world.call("POST", "/v1/calendar-feeds", who=people[0])).json()["url"] != made.json()["url"]
    assert (await world.client.get(path)).status_code == 404


async def test_a_feed_that_is_revoked_is_gone_and_nobody_elses(world: World) -> None:
    _, (owner, other, *_) = await one(world)
    paths = [
        (await world.call("POST", "/v1/calendar-feeds", who=each)).json()["url"].removeprefix("http://127.0.0.1:8103")
        for each in (owner, other)
    ]
    for _ in range(2):
        assert (await world.call("DELETE", "/v1/calendar-feeds", who=owner)).status_code == 204
    assert [(await world.client.get(path)).status_code for path in paths] == [404, 200]


async def test_the_secret_is_stored_nowhere(world: World) -> None:
    (person,) = await world.people(1)
    made = await world.call("POST", "/v1/calendar-feeds", who=person, Idempotency_Key="k")
    again = await world.call("POST", "/v1/calendar-feeds", who=person, Idempotency_Key="k")
    assert again.json() == {"url": None}
    token = made.json()["url"].rsplit("/", 1)[1].removesuffix(".ics")
    for table in ("idempotency_keys", "audit", "calendar_feeds"):
        rows = await world.fetch(f"SELECT t::text AS line, to_jsonb(t)::text AS json FROM {table} AS t")
        assert rows
        assert not [row for row in rows if token in row["line"] or token.encode().hex() in row["json"]]


async def test_a_system_has_no_calendar(world: World) -> None:
    reply = await world.call("POST", "/v1/calendar-feeds", roles=("admin",))
    assert (reply.status_code, reply.json()["type"]) == (403, "/problems/no-person")


async def test_sessions_are_joined_where_their_programme_says_unless_they_say_it_themselves(world: World) -> None:
    """C19: one address for all, or one for each; in invitations too."""
    lead, other = await world.people(2)
    programme = await world.programme(format="mentoring", group_size_max=2)
    group = await found(world, lead, programme, members=[{"person_id": str(other), "role": "learner"}])
    plain = await add(world, lead, group, workday(3))
    own = await add(world, lead, group, workday(10), join_link="https://own.example.org/a")
    path = f"/v1/programmes/{programme}/join-link"
    for template, first in (
        ("https://meet.corp/{session}", f"https://meet.corp/{plain}"), ("https://meet.corp/room", "https://meet.corp/room"),
        (None, None),
    ):  # fmt: skip
        assert (await world.own("PUT", path, {"template": template})).status_code == 200
        links = [
            (await world.call("GET", f"/v1/sessions/{one}", who=other)).json()["join_link"] for one in (plain, own)
        ]
        assert links == [first, "https://own.example.org/a"]
        invitation = (await world.call("GET", f"/v1/sessions/{plain}/invitation.ics", who=other)).text
        assert ("Join: " in invitation) == (first is not None)
    for wrong in (
        "ftp://meet.corp/{session}",
        "https://meet.corp/{person}",
        "https://meet.corp/a b",
        "https://a/\r\nX:1",
    ):
        refused = await world.own("PUT", path, {"template": wrong})
        assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "template"), wrong
    assert (await world.call("PUT", path, {"template": None}, who=other)).status_code == 403


async def test_a_series_by_a_rule_is_told_by_that_rule_with_its_exceptions(world: World) -> None:
    (lead,) = await world.people(1, time_budget_minutes=9000)
    days: dict[str, Any] = {"starts_on": "2027-03-01", "ends_on": "2027-06-30"}
    group = await found(world, lead, await world.programme(format="community_of_practice", **days))
    rule = {
        "rrule": "FREQ=WEEKLY;BYDAY=TU;UNTIL=20270427",
        "starts_at": "2027-03-08T15:00:00",
        "time_zone": "America/New_York",
        "exdates": ["2027-03-16T15:00:00"],
        "overrides": [{"occurrence": "2027-04-06T15:00:00", "starts_at": "2027-04-07T10:00:00"}],
        "title": "Data hour",
    }
    path = f"/v1/groups/{group['group_id']}"
    made = (await world.call("POST", f"{path}/series", rule, who=lead)).json()["session_ids"]
    assert (await world.call("POST", f"/v1/sessions/{made[1]}/cancel", who=lead)).status_code == 200
    moved = {"starts_at": "2027-03-31T14:00:00Z"}
    assert (
        await world.call("POST", f"/v1/sessions/{made[2]}/move", moved, who=lead, If_Match='"v1"')
    ).status_code == 200
    beside = await add(world, lead, group, datetime(2027, 5, 12, 15, tzinfo=UTC))
    text = (await world.call("GET", f"{path}/series.ics", who=lead)).text
    assert "RRULE:FREQ=WEEKLY;COUNT=8;BYDAY=TU" in text
    assert (text.count("BEGIN:VTIMEZONE"), text.count("EXDATE"), text.count("RECURRENCE-ID")) == (1, 2, 2)
    assert text.count(f"UID:{beside}@lateral") == 1
    rows = await world.fetch("SELECT starts_at FROM sessions WHERE state = 'scheduled' ORDER BY starts_at")
    timeline: Any = IcsCalendarStream.calendar_from_ics(text).timeline
    assert [each.start.astimezone(UTC) for each in timeline] == [row["starts_at"] for row in rows]
    assert rows[0]["starts_at"] == datetime(2027, 3, 9, 20, tzinfo=UTC)
