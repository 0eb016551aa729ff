"""Plans that are used again, and polls on how a group meets."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from services.sessions.commands import erasures
from services.sessions.domain.polls import winner
from tests.sessions.conftest import World
from tests.sessions.gathering import add, attend, begin, fill, found, workday
from tests.sessions.test_arrangements import community

PLAN = {"title": "Two rounds, then silence", "agenda": "10 minutes each, then write."}


async def test_a_plan_that_worked_is_copied_in_one_call_and_its_author_sees_how_often(world: World) -> None:
    """C11: agenda and ticked steps of a held session make a new one in one call; copies are counted for the author."""
    founder, member, group, session = await community(world)
    await add(world, founder, group, workday(17))  # a community meets again, or nothing of it counts as held
    path = f"/v1/sessions/{session}/plan"
    assert (await world.call("PUT", path, PLAN, who=member)).status_code == 403
    await world.call("PUT", f"/v1/sessions/{session}/checklist", {"playbook": 1, "done": [2, 3]}, who=member)
    plan = (await world.call("PUT", path, PLAN, who=founder)).json()
    assert len(plan["steps"]) == 2
    assert (plan["minutes"], plan["copies"], plan["shared_on"]) == (60, 0, None)
    early = await world.call("PUT", f"{path}/sharing", {"shared": True}, who=founder)
    assert (early.status_code, early.json()["type"], early.json()["state"]) == (
        409,
        "/problems/not-held-yet",
        "scheduled",
    )
    (other,) = await world.people(1)
    programme = await world.programme(format="study_group")
    mine = await found(world, other, programme, skill_id="urn:x")
    body = {"group_id": mine["group_id"], "starts_at": workday(5).isoformat()}
    copies = f"/v1/plans/{plan['plan_id']}/copies"
    assert (await world.call("POST", copies, body, who=other)).status_code == 404
    await fill(world, group, 3)
    await begin(world, session)
    await attend(world, session, [founder, member], founder)
    assert (await world.call("PUT", f"{path}/sharing", {"shared": True}, who=member)).status_code == 403
    assert (await world.call("PUT", f"{path}/sharing", {"shared": True}, who=founder)).json()["shared_on"]
    (listed,) = (await world.call("GET", "/v1/plans?format=community_of_practice", who=other)).json()["items"]
    assert (listed["author_id"], listed["session_id"], listed["copies"]) == (str(founder), None, None)
    made = (await world.call("POST", copies, body, who=other)).json()["session_id"]
    seen = (await world.call("GET", f"/v1/sessions/{made}", who=other)).json()
    length = datetime.fromisoformat(seen["ends_at"]) - datetime.fromisoformat(seen["starts_at"])
    assert (seen["title"], length) == (PLAN["title"], timedelta(minutes=60))
    copied = (await world.call("GET", f"/v1/sessions/{made}/plan", who=other)).json()
    assert (copied["steps"], copied["agenda"], copied["format"]) == (plan["steps"], PLAN["agenda"], "study_group")
    assert copied["copied_from"] == plan["plan_id"]
    (own,) = (await world.call("GET", "/v1/plans?own=true", who=founder)).json()["items"]
    assert (own["copies"], own["session_id"]) == (1, str(session))
    theirs = {**body, "starts_at": workday(9).isoformat()}
    assert (await world.call("POST", copies, theirs, who=member)).status_code == 404
    async with world.db.transaction() as conn:
        await erasures.erase_people(conn, [founder])
    (listed,) = (await world.call("GET", "/v1/plans", who=other)).json()["items"]
    assert listed["author_id"] is None
    await world.own("PUT", f"{path}/sharing", {"shared": False})
    assert (await world.call("GET", "/v1/plans", who=other)).json()["items"] == []


async def test_a_plan_of_a_closed_programme_stays_in_it(world: World) -> None:
    """C11: nothing of a closed programme is shared."""
    founder, member, group, session = await community(world, confidentiality="closed")
    await add(world, founder, group, workday(17))
    await world.call("PUT", f"/v1/sessions/{session}/plan", PLAN, who=founder)
    await fill(world, group, 3)
    await begin(world, session)
    await attend(world, session, [founder, member], founder)
    refused = await world.call("PUT", f"/v1/sessions/{session}/plan/sharing", {"shared": True}, who=founder)
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/stays-in-the-group")


def option(days: int, how: str, **changes: Any) -> dict[str, Any]:
    start = workday(days, 9).replace(tzinfo=None).isoformat()
    return {"how": how, "rrule": "FREQ=WEEKLY;COUNT=3", "starts_at": start, "time_zone": "Europe/Berlin", **changes}


async def polled(world: World) -> tuple[UUID, UUID, dict[str, Any], str, UUID]:
    founder, member, group, session = await community(world)
    body = {
        "question": "How?", "options": [option(9, "A room"), option(10, "Online", minutes=30)],
        "closes_at": workday(7).isoformat(),
    }  # fmt: skip
    path = f"/v1/groups/{group['group_id']}/polls"
    assert (await world.call("POST", path, body, who=member)).status_code == 403
    reply = await world.call("POST", path, body, who=founder)
    assert reply.status_code == 201, reply.text
    again = await world.call("POST", path, body, who=founder)
    assert (again.status_code, again.json()["type"]) == (409, "/problems/poll-still-open")
    return founder, member, group, f"/v1/polls/{reply.json()['poll_id']}", session


async def test_a_group_votes_on_how_it_meets_and_the_lead_applies_it_in_one_call(world: World) -> None:
    """C16: options, one vote each, it closes, and the rule that won becomes the series in place of what was to come."""
    founder, member, group, poll, session = await polled(world)
    (stranger,) = await world.people(1)
    assert (await world.call("PUT", f"{poll}/vote", {"option": 1}, who=stranger)).status_code == 404
    assert (await world.call("GET", poll, who=stranger)).status_code == 404
    for choice in (0, 1):
        voted = (await world.call("PUT", f"{poll}/vote", {"option": choice}, who=member)).json()
        assert (voted["voted"], voted["own_vote"], voted["votes"], voted["proposal"]) == (1, choice, None, None)
    wrong = await world.call("PUT", f"{poll}/vote", {"option": 2}, who=member)
    assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (422, "option")
    body = {"in_place": True}
    early = await world.call("POST", f"{poll}/application", body, who=founder)
    assert (early.status_code, early.json()["state"]) == (409, "open")
    assert (await world.call("POST", f"{poll}/closing", who=member)).status_code == 403
    closed = (await world.call("POST", f"{poll}/closing", who=founder)).json()
    assert (closed["state"], closed["votes"], closed["proposal"]) == ("closed", [0, 1], 1)
    late = await world.call("PUT", f"{poll}/vote", {"option": 0}, who=founder)
    assert (late.status_code, late.json()["type"], late.json()["state"]) == (409, "/problems/poll-is-over", "closed")
    made = (await world.call("POST", f"{poll}/application", body, who=founder)).json()["session_ids"]
    assert len(made) == 3
    seen = (await world.call("GET", f"/v1/sessions/{made[0]}", who=member)).json()
    length = datetime.fromisoformat(seen["ends_at"]) - datetime.fromisoformat(seen["starts_at"])
    assert length == timedelta(minutes=30)
    assert (await world.call("GET", f"/v1/sessions/{session}", who=member)).json()["state"] == "cancelled"
    twice = await world.call("POST", f"{poll}/application", body, who=founder)
    assert (twice.status_code, twice.json()["state"]) == (409, "applied")
    (listed,) = (await world.call("GET", f"/v1/groups/{group['group_id']}/polls", who=member)).json()["items"]
    assert (listed["state"], listed["applied"]) == ("applied", 1)
    told = await world.fetch("SELECT person_id FROM messages WHERE about = 'poll'")
    assert [row[0] for row in told] == [member]


async def test_a_poll_without_votes_proposes_nothing_and_votes_of_who_left_do_not_count(world: World) -> None:
    """C16: one vote for each who is in the group."""
    founder, member, group, poll, _ = await polled(world)
    await world.call("PUT", f"{poll}/vote", {"option": 1}, who=member)
    await world.call("DELETE", f"/v1/groups/{group['group_id']}/members/{member}", who=member)
    closed = (await world.call("POST", f"{poll}/closing", who=founder)).json()
    assert (closed["votes"], closed["proposal"]) == ([0, 0], None)
    nobody = await world.call("POST", f"{poll}/application", {}, who=founder)
    assert (nobody.status_code, nobody.json()["type"]) == (409, "/problems/nobody-voted")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"options": [option(9, "A")]}, "options"),
        ({"options": [option(9, "A"), option(9, "B", rrule="FREQ=DAILY")]}, "options.1.rrule"),
        ({"options": [option(9, "A"), option(9, "B", time_zone="Mars/One")]}, "options.1.time_zone"),
        ({"options": [option(9, "A"), option(1, "B")]}, "options.1.starts_at"),
        ({"closes_at": "2020-01-01T00:00:00Z"}, "closes_at"),
    ],
)
async def test_a_poll_that_could_not_be_applied_is_refused(change: Any, field: str, world: World) -> None:
    """C16: bad input names the field."""
    founder, _, group, _ = await community(world)
    body = {"question": "?", "options": [option(9, "A"), option(10, "B")], "closes_at": workday(7).isoformat()}
    reply = await world.call("POST", f"/v1/groups/{group['group_id']}/polls", body | change, who=founder)
    assert (reply.status_code, reply.json()["errors"][0]["field"]) == (422, field)


def test_of_equal_options_the_first_one_wins() -> None:
    """C16: no vote, a clear one, a tie."""
    assert [winner([]), winner([2, 1, 2]), winner([2, 1, 1, 2])] == [None, 2, 1]


async def test_a_late_application_says_another_start(world: World) -> None:
    """C16: where the group has a series already, nothing is doubled."""
    founder, member, group, poll, _ = await polled(world)
    rule = {**option(20, "x"), "how": None}
    del rule["how"]
    assert (await world.call("POST", f"/v1/groups/{group['group_id']}/series", rule, who=founder)).status_code == 201
    await world.call("PUT", f"{poll}/vote", {"option": 0}, who=member)
    await world.call("POST", f"{poll}/closing", who=founder)
    doubled = await world.call("POST", f"{poll}/application", {}, who=founder)
    assert (doubled.status_code, doubled.json()["type"]) == (409, "/problems/series-exists")
    start = workday(11, 9).replace(tzinfo=None).isoformat()
    made = await world.call("POST", f"{poll}/application", {"in_place": True, "starts_at": start}, who=founder)
    first = (await world.call("GET", f"/v1/sessions/{made.json()['session_ids'][0]}", who=founder)).json()
    assert first["starts_at"].startswith(start[:10])
    await add(world, founder, group, workday(40))
