"""Who hears of it when somebody comes or goes: they themselves by their calendar, the others once and briefly."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from services.sessions.domain.letters import notice_text
from tests.sessions.conftest import World
from tests.sessions.events import changed, circle, contact, person
from tests.sessions.gathering import MANY, add, found, workday
from tests.sessions.mailbox import Mailbox, deliver, serving_mailbox
from tests.sessions.test_invitations import calendar, to

ACCEPT = {"answer": "accept", "rules_version": 1}


@pytest.fixture
async def box() -> AsyncIterator[Mailbox]:
    async with serving_mailbox() as found:
        yield found


async def reachable(world: World, count: int, **changes: Any) -> list[UUID]:
    people = await world.people(count, time_budget_minutes=MANY, **changes)
    for one in people:
        await world.hear(contact(one, email=f"{one}@example.org"))
    return people


async def told(world: World, box: Mailbox) -> dict[str, list[str]]:
    """By address, what calendars were told."""
    heard: dict[str, list[str]] = {}
    for mail in await deliver(world, box):
        if not any(part.get_content_type() == "text/calendar" for part in mail.walk()):
            continue  # a notice
        heard.setdefault(to(mail).partition("@")[0], []).append(str(calendar(mail)["METHOD"]))
    return heard


async def test_who_joins_a_circle_is_invited_who_leaves_is_let_go_and_who_stays_hears_it_once(
    world: World, box: Mailbox
) -> None:
    *people, lead, comes = await reachable(world, 6)
    programme = await world.programme(cadence_days=56, group_size_min=4)
    match = circle(programme, people, lead)
    await world.hear(match)
    assert set(await told(world, box)) == {str(one) for one in (*people, lead)}
    stays, leaves = people[:-1], people[-1]
    for _ in range(2):
        await world.hear(changed(match, [*stays, comes], 2))
    rows = await world.fetch("SELECT person_id FROM messages WHERE kind = 'notice' AND about = 'circle'")
    assert sorted(row["person_id"] for row in rows) == sorted([*stays, lead])
    assert await told(world, box) == {str(comes): ["REQUEST"], str(leaves): ["CANCEL"]}
    (session,) = (await world.own("GET", "/v1/sessions")).json()["items"]
    assert session["version"] == 1
    assert (session["facilitator_why"] or "").startswith("Chosen by matching")
    assert {part["person_id"] for part in session["participants"]} == {str(one) for one in (*stays, comes, lead)}
    assert await world.told("session.rescheduled") == []
    (line,) = notice_text("circle").lines
    assert line == "Somebody has joined your circle or left it. The portal says who is in it now; your sessions stay."


async def test_a_session_moves_for_who_joins_and_says_why(world: World, box: Mailbox) -> None:
    *people, lead = await reachable(world, 5)
    (comes,) = await reachable(world, 1, work_starts=9 * 60, work_ends=11 * 60)
    match = circle(await world.programme(cadence_days=56, group_size_min=4), people, lead)
    await world.hear(match)
    await told(world, box)
    await world.hear(changed(match, [*people, comes], 2))
    (session,) = (await world.own("GET", "/v1/sessions")).json()["items"]
    assert session["why"] == "Moved, so that everybody who is in the group now can be there"
    assert await told(world, box) == {str(one): ["REQUEST"] for one in (*people, lead, comes)}


async def test_a_time_that_was_said_stays_for_who_joins_and_is_flagged(world: World, box: Mailbox) -> None:
    """Others have it in their calendars; what was searched moves around it."""
    *people, lead = await reachable(world, 5)
    (comes,) = await reachable(world, 1, work_starts=9 * 60, work_ends=11 * 60)
    match = circle(await world.programme(cadence_days=56, group_size_min=4), people, lead)
    await world.hear(match)
    ((group,),) = await world.fetch("SELECT group_id FROM groups")
    said = await add(world, lead, {"group_id": group}, workday(20, 15))
    await told(world, box)
    for number, now in ((2, [*people, comes]), (3, people)):
        await world.hear(changed(match, now, number))
        session = (await world.own("GET", f"/v1/sessions/{said}")).json()
        assert datetime.fromisoformat(session["starts_at"]) == workday(20, 15)
        assert (session["flag"] is None) == (comes not in now)
        there = {part["person_id"] for part in session["participants"] if not part["state"].startswith("cancelled")}
        assert there == {str(one) for one in (*now, lead)}
    assert str(said) not in {event["session_id"] for event in await world.told("session.rescheduled")}


async def test_a_searched_session_that_somebody_moved_stays_there_whoever_joins_or_changes_hours(
    world: World, box: Mailbox
) -> None:
    *people, lead = await reachable(world, 5)
    (comes,) = await reachable(world, 1, work_starts=9 * 60, work_ends=11 * 60)
    match = circle(await world.programme(cadence_days=56, group_size_min=4), people, lead)
    await world.hear(match)
    ((session,),) = await world.fetch("SELECT session_id FROM sessions")
    time = workday(20, 14)
    path, body = f"/v1/sessions/{session}", {"starts_at": time.isoformat()}
    moved = await world.call("POST", f"{path}/move", body, who=lead, If_Match='"v1"')
    assert (moved.status_code, moved.json()["flag"]) == (200, None)
    await told(world, box)
    await world.hear(changed(match, [*people, comes], 2))
    await world.hear(person(people[0], 2, work_starts=6 * 60, work_ends=9 * 60, time_budget_minutes=MANY))
    assert await told(world, box) == {str(comes): ["REQUEST"]}
    now = (await world.own("GET", path)).json()
    assert (datetime.fromisoformat(now["starts_at"]), now["version"]) == (time, 2)
    assert "working hours" in now["flag"]
    again = {"starts_at": (time + timedelta(hours=1)).isoformat()}
    assert (await world.call("POST", f"{path}/move", again, who=lead, If_Match='"v2"')).status_code == 200


async def test_who_joins_a_community_gets_its_sessions_into_the_calendar_and_who_leaves_loses_them(
    world: World, box: Mailbox
) -> None:
    lead, member, comes, guest = await reachable(world, 4)
    programme = await world.programme(format="community_of_practice")
    group = await found(world, lead, programme, members=[{"person_id": str(member)}])
    session = await add(world, lead, group, workday(3))
    assert set(await told(world, box)) == {str(lead), str(member)}
    path = f"/v1/groups/{group['group_id']}/members"
    assert (await world.call("POST", path, who=comes)).status_code == 201
    assert (await world.call("POST", f"/v1/sessions/{session}/rsvp", ACCEPT, who=guest)).status_code == 200
    assert await told(world, box) == {str(comes): ["REQUEST"], str(guest): ["REQUEST"]}
    assert (await world.call("DELETE", f"{path}/{comes}", who=comes)).status_code == 204
    assert await told(world, box) == {str(comes): ["CANCEL"]}
    assert await told(world, box) == {}
    moved = {"starts_at": (workday(3) + timedelta(hours=1)).isoformat()}
    reply = await world.call("POST", f"/v1/sessions/{session}/move", moved, who=lead, If_Match='"v1"')
    assert reply.status_code == 200, reply.text
    assert set(await told(world, box)) == {str(lead), str(member), str(guest)}
