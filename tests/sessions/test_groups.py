from datetime import timedelta
from uuid import uuid4

import pytest

from services.sessions.commands.schedules import schedule_waiting
from services.sessions.domain.programme import UnknownProgramme
from shared.events.matching import MatchMember
from tests.sessions.conftest import PAST, TODAY, World
from tests.sessions.events import circle, pair, person


async def test_a_circle_becomes_a_group_with_its_series_of_sessions(world: World) -> None:
    programme, people = await world.programme(), await world.people(5)
    await world.hear(circle(programme, people[:4], people[4]))
    listed = (await world.own("GET", f"/v1/groups?programme_id={programme}")).json()["items"]
    assert [(group["state"], group["facilitator_id"], len(group["members"])) for group in listed] == [
        ("active", str(people[4]), 5)
    ]
    sessions = (await world.own("GET", f"/v1/sessions?programme_id={programme}")).json()["items"]
    assert len(sessions) == 4
    assert {session["capacity"] for session in sessions} == {8}
    assert len(await world.told("session.scheduled")) == 4
    mentees = [[p["person_id"] for p in s["participants"] if p["role"] == "mentee"] for s in sessions]
    assert sorted(mentees) == sorted([str(one)] for one in people[:4])


async def test_the_same_match_twice_makes_one_group(world: World) -> None:
    programme, people = await world.programme(), await world.people(4)
    match = circle(programme, people, None)
    await world.hear(match, match)
    await world.hear(match)
    assert len(await world.fetch("SELECT FROM groups")) == 1
    assert len(await world.fetch("SELECT FROM sessions")) == 4


async def test_nobody_is_in_two_sessions_at_once(world: World) -> None:
    programme = await world.programme(format="mentoring", group_size_max=2)
    people = await world.people(6, time_budget_minutes=9000)
    await world.hear(*(pair(programme, people[0], other) for other in people[1:]))
    await world.hear(pair(programme, people[0], people[3]))
    rows = await world.fetch(
        "SELECT a.session_id FROM participants a JOIN sessions s USING (session_id)"
        " JOIN participants b ON b.person_id = a.person_id AND b.session_id <> a.session_id"
        " JOIN sessions t ON t.session_id = b.session_id WHERE s.starts_at < t.ends_at AND t.starts_at < s.ends_at"
    )
    assert len(await world.fetch("SELECT FROM sessions")) == 24
    assert rows == []


async def test_a_group_without_common_hours_says_so(world: World) -> None:
    programme = await world.programme(format="mentoring", group_size_max=2)
    (here,) = await world.people(1)
    (there,) = await world.people(1, time_zone="Pacific/Auckland")
    await world.hear(pair(programme, here, there))
    (group,) = (await world.own("GET", "/v1/groups")).json()["items"]
    assert group["state"] == "unschedulable"
    assert "no working hours in common" in group["reason"]
    health = (await world.own("GET", f"/v1/programmes/{programme}/health")).json()
    assert {flag["code"]: flag["count"] for flag in health["red_flags"]}["unschedulable_groups"] == 1


async def test_a_group_waits_for_a_member_who_is_not_known_yet(world: World) -> None:
    programme, (known,) = await world.programme(format="mentoring", group_size_max=2), await world.people(1)
    late = uuid4()
    await world.hear(pair(programme, known, late))
    assert (await world.own("GET", "/v1/groups")).json()["items"][0]["state"] == "waiting"
    await world.hear(person(late))
    async with world.db.transaction() as conn:
        assert await schedule_waiting(conn) == 1
    assert (await world.own("GET", "/v1/groups")).json()["items"][0]["state"] == "active"


async def test_a_programme_of_the_past_has_its_sessions_in_the_past(world: World) -> None:
    programme, people = await world.programme(**PAST), await world.people(4)
    await world.hear(circle(programme, people, None))
    (row,) = await world.fetch("SELECT max(ends_at) AS last, count(*) AS sessions FROM sessions")
    assert row["sessions"] >= 2
    assert row["last"].date() < TODAY


async def test_a_pair_does_not_meet_before_the_newcomers_first_day(world: World) -> None:
    programme = await world.programme(format="onboarding_buddy", cadence_days=7)
    first = TODAY + timedelta(days=10)
    (newcomer,) = await world.people(1, hired_on=first, status="prehire")
    (buddy,) = await world.people(1)
    members = (MatchMember(person_id=newcomer, role="newcomer"), MatchMember(person_id=buddy, role="buddy"))
    await world.hear(pair(programme, newcomer, buddy).model_copy(update={"kind": "buddy", "members": members}))
    (row,) = await world.fetch("SELECT min(starts_at) AS first FROM sessions")
    assert row["first"].date() >= first


async def test_a_match_of_an_unknown_programme_is_refused(world: World) -> None:
    people = await world.people(2)
    with pytest.raises(UnknownProgramme):
        await world.hear(pair(uuid4(), *people))


async def test_a_stranger_does_not_see_the_group(world: World) -> None:
    programme, people = await world.programme(), await world.people(5)
    await world.hear(circle(programme, people[:4], None))
    (row,) = await world.fetch("SELECT group_id FROM groups")
    path = f"/v1/groups/{row['group_id']}"
    assert (await world.call("GET", path, who=people[0])).status_code == 200
    assert (await world.call("GET", path, who=people[4])).status_code == 404
    assert (await world.call("GET", "/v1/groups", who=people[4])).json()["items"] == []
    assert (
        await world.call("POST", f"{path}/acknowledgements", {"rules_version": 1}, who=people[4])
    ).status_code == 404


async def test_ground_rules_are_accepted_once_and_in_their_current_version(world: World) -> None:
    programme, people = await world.programme(), await world.people(4)
    await world.hear(circle(programme, people, None))
    (row,) = await world.fetch("SELECT group_id FROM groups")
    path = f"/v1/groups/{row['group_id']}/acknowledgements"
    wrong = await world.call("POST", path, {"rules_version": 2}, who=people[0])
    assert (wrong.status_code, wrong.json()["type"]) == (409, "/problems/ground-rules-outdated")
    for _ in range(2):
        assert (await world.call("POST", path, {"rules_version": 1}, who=people[0])).status_code == 201
    assert len(await world.told("ground-rules.acknowledged")) == 1
    group = (await world.call("GET", f"/v1/groups/{row['group_id']}", who=people[0])).json()
    assert group["acknowledged"] == [str(people[0])]
