"""Where and how sessions are held, courses beside them, what somebody needs, what facilitators do."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from icalendar import Calendar

from services.sessions.commands import erasures
from services.sessions.commands.arrangements import alert_momentum
from tests.sessions.conftest import World
from tests.sessions.gathering import add, begin, found, workday

COURSE = {"relation": "before", "uri": "https://lms.example/c/42", "title": "Reading; a lathe", "provider": "LMS"}
AFTER = {"relation": "after", "uri": "urn:course:7", "title": "Advanced", "provider": None}


async def community(world: World, **changes: Any) -> tuple[UUID, UUID, dict[str, Any], UUID]:
    """A founder, a member, their group and a session of it."""
    founder, member = await world.people(2)
    programme = await world.programme(format="community_of_practice", **changes)
    group = await found(world, founder, programme, charter="We")
    await world.call("POST", f"/v1/groups/{group['group_id']}/members", who=member)
    return founder, member, group, await add(world, founder, group, workday(3), location="Hall 2")


async def test_a_session_says_that_it_is_at_the_job_and_whom_it_is_made_easy_for(world: World) -> None:
    """C26: C26, accessibility: place and flags of a group hold for its sessions, one may differ; invitations say it."""
    founder, member, group, session = await community(world)
    path = f"/v1/groups/{group['group_id']}/arrangements"
    wanted = {"place": "at_the_job", "access": ["step_free", "captions"], "courses": []}
    assert (await world.call("PUT", path, wanted, who=member)).status_code == 403
    assert (await world.call("PUT", path, wanted, who=(await world.people(1))[0])).status_code == 404
    assert (await world.call("PUT", path, wanted, who=founder)).json()["access"] == ["captions", "step_free"]
    seen = (await world.call("GET", f"/v1/sessions/{session}", who=member)).json()
    assert (seen["place"], seen["access"], seen["version"]) == ("at_the_job", ["captions", "step_free"], 2)
    invitation = await world.call("GET", f"/v1/sessions/{session}/invitation.ics", who=member)
    event = Calendar.from_ical(invitation.content).walk("VEVENT")[0]
    assert "held at the job" in str(event["DESCRIPTION"])
    assert "captions, step-free access" in str(event["DESCRIPTION"])
    assert (event["LOCATION"], event["SEQUENCE"]) == ("Hall 2", 2)
    own = await world.call("PUT", f"/v1/sessions/{session}/arrangements", {"access": ["interpreter"]}, who=founder)
    assert (own.json()["place"], own.json()["access"]) == ("at_the_job", ["interpreter"])
    assert (await world.call("GET", path, who=member)).json()["access"] == ["captions", "step_free"]
    (opened,) = (await world.call("GET", "/v1/open-sessions", who=(await world.people(1))[0])).json()["items"]
    assert (opened["place"], opened["access"]) == ("at_the_job", ["interpreter"])
    await world.call("PUT", f"/v1/sessions/{session}/arrangements", {"access": ["interpreter"]}, who=founder)
    assert [event["version"] for event in await world.told("session.rescheduled")] == [2, 3]
    for bad, field in (({"place": "moon"}, "place"), ({"access": ["x"]}, "access.0")):
        reply = await world.call("PUT", path, bad, who=founder)
        assert (reply.status_code, reply.json()["errors"][0]["field"]) == (422, field)
    await begin(world, session)
    late = await world.call("PUT", f"/v1/sessions/{session}/arrangements", {}, who=founder)
    assert (late.status_code, late.json()["type"]) == (409, "/problems/session-has-started")


async def test_courses_before_and_after_a_series_are_told_and_invited_with(world: World) -> None:
    """C12: a linked course of a group or a session is in API, invitation, feed and, without its title, in the event."""
    founder, member, group, session = await community(world)
    body = {"courses": [COURSE]}
    assert (
        await world.call("PUT", f"/v1/groups/{group['group_id']}/arrangements", body, who=founder)
    ).status_code == 200
    await world.call("PUT", f"/v1/sessions/{session}/arrangements", {"courses": [AFTER]}, who=founder)
    seen = (await world.call("GET", f"/v1/sessions/{session}", who=member)).json()
    assert seen["courses"] == [COURSE, AFTER]
    later = await add(world, founder, group, workday(10))
    scheduled = (await world.told("session.scheduled"))[-1]
    told = {"relation": "before", "uri": COURSE["uri"], "provider": "LMS"}
    assert (scheduled["session_id"], scheduled["courses"]) == (str(later), [told])
    assert [len(event["courses"]) for event in await world.told("session.rescheduled")] == [1, 2]
    feed = (await world.call("POST", "/v1/calendar-feeds", who=member)).json()["url"]
    reply = await world.call("GET", feed.partition("/v1/")[1] + feed.partition("/v1/")[2], who=member)
    first = Calendar.from_ical(reply.content).walk("VEVENT")[0]
    assert "Before it: Reading; a lathe (https://lms.example/c/42)" in str(first["DESCRIPTION"])
    assert "After it: Advanced (urn:course:7)" in str(first["DESCRIPTION"])
    for bad in ("javascript:alert(1)", "https://x y"):
        reply = await world.call(
            "PUT", f"/v1/groups/{group['group_id']}/arrangements", {"courses": [{**COURSE, "uri": bad}]}, who=founder
        )
        assert (reply.status_code, reply.json()["errors"][0]["field"]) == (422, "courses.0.uri")


async def test_a_closed_programme_tells_of_no_course(world: World) -> None:
    """C12: what a closed programme is about stays in it."""
    founder, member, group, session = await community(world, confidentiality="closed")
    await world.call("PUT", f"/v1/groups/{group['group_id']}/arrangements", {"courses": [COURSE]}, who=founder)
    await add(world, founder, group, workday(10))
    told = [*await world.told("session.rescheduled"), *await world.told("session.scheduled")]
    assert [event["courses"] for event in told] == [[], [], []]
    invitation = await world.call("GET", f"/v1/sessions/{session}/invitation.ics", who=member)
    assert "lathe" not in invitation.text
    assert (await world.call("GET", f"/v1/sessions/{session}", who=member)).json()["courses"] == [COURSE]


async def test_what_somebody_needs_is_for_whoever_leads_and_goes_with_them(world: World) -> None:
    """Accessibility: a private accommodation request; facilitator and founder see it, and erasure takes it away."""
    founder, member, group, session = await community(world)
    other = await add(world, founder, group, workday(10))
    (stranger,) = await world.people(1)
    path, text = f"/v1/sessions/{session}/accommodation", "I read lips: a seat across the table"
    for who, status in ((stranger, 404), (member, 204)):
        assert (await world.call("PUT", path, {"text": text, "series": True}, who=who)).status_code == status
    assert (await world.call("GET", path, who=member)).json()["text"] == text
    assert (await world.call("GET", f"/v1/sessions/{other}/accommodation", who=member)).json()["text"] == text
    (need,) = (await world.call("GET", f"{path}s", who=founder)).json()["items"]
    assert need == {"person_id": str(member), "text": text}
    for reply in (
        await world.call("GET", f"{path}s", who=member), await world.call("GET", f"{path}s", who=stranger),
        await world.own("GET", f"{path}s"), await world.call("GET", path, who=founder),
    ):  # fmt: skip
        assert reply.status_code == 404
    assert [row[0] for row in await world.fetch("SELECT count(*) FROM audit WHERE object = $1", f"{path}s")] == [1]
    notices = await world.fetch("SELECT person_id FROM messages WHERE about = 'accommodation'")
    assert [row[0] for row in notices] == [founder]
    assert (await world.call("DELETE", f"/v1/sessions/{other}/accommodation", who=member)).status_code == 204
    await world.call("POST", f"/v1/sessions/{session}/rsvp", {"answer": "accept", "rules_version": 1}, who=member)
    await world.call("POST", f"/v1/sessions/{session}/rsvp", {"answer": "decline"}, who=member)
    assert (await world.call("GET", f"{path}s", who=founder)).json()["items"] == []
    async with world.db.transaction() as conn:
        await erasures.erase_people(conn, [member])
    assert await world.fetch("SELECT FROM accommodations") == []


async def test_duties_of_a_facilitator_are_ticked_off_by_whoever_leads(world: World) -> None:
    """R1: the duties checklist of a facilitator."""
    founder, member, _, session = await community(world)
    path = f"/v1/sessions/{session}/duties"
    duties = (await world.call("GET", path, who=founder)).json()["items"]
    assert [duty["done"] for duty in duties] == [False] * len(duties)
    assert (await world.call("PUT", path, {"done": [2, 1, 2]}, who=member)).status_code == 403
    assert (await world.call("PUT", path, {"done": [2, 1, 2]}, who=founder)).status_code == 200
    done = [duty["number"] for duty in (await world.call("GET", path, who=founder)).json()["items"] if duty["done"]]
    assert done == [1, 2]
    wrong = await world.call("PUT", path, {"done": [99]}, who=founder)
    assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (422, "done")
    assert (await world.call("GET", path, who=(await world.people(1))[0])).status_code == 404


async def test_who_leads_is_told_once_that_a_group_has_lost_its_momentum(world: World) -> None:
    """R1: no meeting for one and a half times the cadence alerts the leader, once a silence."""
    founder, _, group, session = await community(world, cadence_days=14)
    await world.execute("UPDATE programmes SET starts_on = current_date - 60, published_on = current_date - 60")

    async def met(days: float) -> None:
        await world.execute(
            "UPDATE sessions SET starts_at = now() - $2::interval, ends_at = now() - $2::interval + '1 hour'::interval,"
            " state = 'held' WHERE session_id = $1", session, timedelta(days=days),
        )  # fmt: skip

    async def alerted() -> int:
        async with world.db.transaction() as conn:
            return await alert_momentum(conn)

    await met(20.9)
    assert await alerted() == 0
    await met(21.1)
    assert [await alerted(), await alerted()] == [1, 0]
    (told,) = await world.fetch("SELECT person_id, subject_id FROM messages WHERE about = 'momentum'")
    assert (told["person_id"], str(told["subject_id"])) == (founder, group["group_id"])
    await met(1)
    assert await alerted() == 0
