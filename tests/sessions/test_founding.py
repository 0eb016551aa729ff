"""Communities, cohorts and the rest that people found, join and leave themselves."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from services.sessions.commands.arrangements import alert_momentum
from services.sessions.commands.founding import join
from services.sessions.domain.catalogue import FORMATS
from services.sessions.domain.founding import GroupFull
from tests.sessions.conftest import TODAY, World
from tests.sessions.events import person
from tests.sessions.gathering import MANY, add, found, workday
from tests.sessions.test_audience import flags


async def test_a_community_has_a_charter_and_whoever_is_in_the_audience_joins(world: World) -> None:
    """F2."""
    founder, other = await world.people(2)
    (stranger,) = await world.people(1, unit_path=("acme", "it"))
    programme = await world.programme(format="community_of_practice", audience_units=["sales"])
    group = await found(world, founder, programme, charter="We show what we do.", skill_id="urn:data")
    assert (group["membership"], group["kind"], group["founded_by"]) == ("open", "founded", str(founder))
    path = f"/v1/groups/{group['group_id']}"
    (charter,) = (await world.call("GET", f"{path}/artefacts", who=founder)).json()["items"]
    assert (charter["kind"], charter["content"], charter["written_by"]) == (
        "charter",
        "We show what we do.",
        str(founder),
    )
    (joinable,) = (await world.call("GET", "/v1/joinable-groups", who=other)).json()["items"]
    assert (joinable["group_id"], joinable["members"], joinable["capacity"]) == (group["group_id"], 1, 30)
    assert (await world.call("GET", "/v1/joinable-groups", who=stranger)).json()["items"] == []
    assert (await world.call("POST", f"{path}/members", who=stranger)).status_code == 404
    session = await add(world, founder, group, workday(3))
    for _ in range(2):
        joined = await world.call("POST", f"{path}/members", who=other)
        assert (joined.status_code, joined.json()["state"]) == (201, "member")
    seen = (await world.call("GET", f"/v1/sessions/{session}", who=other)).json()
    assert {part["person_id"]: part["state"] for part in seen["participants"]}[str(other)] == "invited"
    assert (await world.call("GET", "/v1/joinable-groups", who=other)).json()["items"] == []
    await world.hear(person(other, 2, unit_path=("acme", "it")))
    assert (await world.call("GET", path, who=founder)).json()["divisions"] == 2
    gone = await world.call("DELETE", f"{path}/members/{other}", who=other)
    assert gone.status_code == 204
    assert (await world.call("GET", f"/v1/sessions/{session}", who=other)).status_code == 404


async def test_whoever_leads_a_closed_group_lets_people_in(world: World) -> None:
    founder, asking, third = await world.people(3)
    programme = await world.programme(format="study_group")
    group = await found(world, founder, programme)
    path = f"/v1/groups/{group['group_id']}"
    assert (await world.call("POST", f"{path}/members", who=asking)).json()["state"] == "requested"
    assert (await world.call("GET", f"{path}/join-requests", who=asking)).status_code == 404
    (request,) = (await world.call("GET", f"{path}/join-requests", who=founder)).json()["items"]
    assert request["person_id"] == str(asking)
    assert (
        await world.call("POST", f"{path}/join-requests/{asking}", {"welcome": True}, who=asking)
    ).status_code == 404
    welcome = await world.call("POST", f"{path}/join-requests/{asking}", {"welcome": True}, who=founder)
    assert welcome.status_code == 204
    members = {member["person_id"] for member in (await world.call("GET", path, who=asking)).json()["members"]}
    assert members == {str(founder), str(asking)}
    again = await world.call("POST", f"{path}/join-requests/{asking}", {"welcome": True}, who=founder)
    assert again.status_code == 404
    await world.call("POST", f"{path}/members", who=third)
    await world.call("POST", f"{path}/join-requests/{third}", {"welcome": False}, who=founder)
    assert (await world.call("GET", path, who=third)).status_code == 404
    refused = await world.call("DELETE", f"{path}/members/{founder}", who=asking)
    assert (refused.status_code, refused.json()["type"]) == (403, "/problems/not-the-leader")
    assert (await world.call("DELETE", f"{path}/members/{asking}", who=founder)).status_code == 204


async def test_nobody_joins_a_cohort_that_has_begun(world: World) -> None:
    """F18."""
    founder, *others, late = await world.people(5, facilitator_ready=False)
    programme = await world.programme(format="cohort")
    few = await world.call("POST", "/v1/groups", {"programme_id": str(programme), "name": "Few"}, who=founder)
    assert (few.status_code, few.json()["errors"][0]["field"]) == (422, "members")
    group = await found(world, founder, programme, members=[{"person_id": str(one)} for one in others])
    assert group["membership"] == "fixed"
    await add(world, founder, group, workday(3))
    await world.execute("UPDATE sessions SET starts_at = now() - interval '1 hour'")
    refused = await world.call("POST", f"/v1/groups/{group['group_id']}/members", who=late)
    assert (refused.status_code, refused.json()["type"], refused.json()["state"]) == (
        409,
        "/problems/membership-fixed",
        "fixed",
    )


async def test_places_are_never_given_twice_however_many_ask_at_once(world: World) -> None:
    founder, *crowd = await world.people(25)
    programme = await world.programme(format="online_workgroup")
    group = await found(world, founder, programme, capacity=8)

    async def ask(one: UUID) -> bool:
        try:
            async with world.db.transaction() as conn:
                await join(conn, UUID(group["group_id"]), one)
        except GroupFull:
            return False
        return True

    outcomes = await asyncio.gather(*map(ask, crowd))
    assert sum(outcomes) == 7
    members = (await world.call("GET", f"/v1/groups/{group['group_id']}", who=founder)).json()["members"]
    assert len(members) == 8


async def test_a_group_needs_a_published_programme_that_is_for_all_of_them(world: World) -> None:
    (founder,) = await world.people(1)
    (stranger,) = await world.people(1, unit_path=("acme", "it"))
    draft = await world.programme(publish=False)
    body: dict[str, Any] = {"programme_id": str(draft), "name": "A group"}
    refused = await world.call("POST", "/v1/groups", body, who=founder)
    assert (refused.status_code, refused.json()["state"]) == (409, "draft")
    programme = await world.programme(format="study_group", audience_units=["sales"])
    body = {"programme_id": str(programme), "name": "A group", "members": [{"person_id": str(stranger)}]}
    refused = await world.call("POST", "/v1/groups", body, who=founder)
    assert (refused.status_code, refused.json()["person_id"]) == (409, str(stranger))
    missing = await world.call("POST", "/v1/groups", {**body, "programme_id": str(uuid4())}, who=founder)
    assert missing.status_code == 404


async def test_the_formats_roles_are_counted(world: World) -> None:
    founder, other = await world.people(2)
    programme = await world.programme(format="job_shadowing")
    body = {"programme_id": str(programme), "name": "A week with Ada"}
    members = [{"person_id": str(other), "role": "teacher"}]
    reply = await world.call("POST", "/v1/groups", {**body, "role": "teacher", "members": members}, who=founder)
    assert (reply.status_code, reply.json()["errors"][0]["field"]) == (422, "members")
    assert "1 to 1 in the role host" in reply.json()["errors"][0]["message"]
    reply = await world.call("POST", "/v1/groups", {**body, "role": "learner", "members": members}, who=founder)
    assert reply.status_code == 201, reply.text


async def test_nobody_makes_themselves_or_anybody_else_the_facilitator(world: World) -> None:
    """A facilitator is appointed, and above nobody in the group: whoever founds one cannot get round that."""
    report, boss = await world.people(2)
    for shape in ("study_group", "community_of_practice"):
        body = {"programme_id": str(await world.programme(format=shape)), "name": "We meet"}
        members = [{"person_id": str(boss), "role": "facilitator"}]
        for change, field in (({"role": "facilitator"}, "role"), ({"members": members}, "members.0.role")):
            reply = await world.call("POST", "/v1/groups", {**body, **change}, who=report)
            assert (reply.status_code, reply.json()["errors"][0]["field"]) == (422, field)
    assert await world.fetch("SELECT FROM groups") == []


async def test_a_group_is_no_larger_than_its_format_unless_it_is_open(world: World) -> None:
    (founder,) = await world.people(1)
    body = {"programme_id": str(await world.programme(format="study_group")), "name": "All of us"}
    most = FORMATS["study_group"].size[1]
    for membership, capacity, status in (("closed", most + 1, 422), ("closed", most, 201), ("open", most + 1, 201)):
        change = {"membership": membership, "capacity": capacity}
        reply = await world.call("POST", "/v1/groups", {**body, **change}, who=founder)
        assert reply.status_code == status, reply.text
        assert status == 201 or reply.json()["errors"][0]["field"] == "capacity"


async def test_a_line_break_in_a_name_is_refused(world: World) -> None:
    (founder,) = await world.people(1)
    body = {"programme_id": str(await world.programme(format="study_group")), "name": "A\r\nBEGIN:VALARM"}
    reply = await world.call("POST", "/v1/groups", body, who=founder)
    assert (reply.status_code, reply.json()["errors"][0]["field"]) == (422, "name")


async def test_turns_go_round_anew_when_somebody_comes_or_goes(world: World) -> None:
    """F3, F22: a founded group's rotation is that of whoever is in it, as a matched one's is."""
    people = await world.people(4, time_budget_minutes=MANY, facilitator_ready=False)
    programme = await world.programme(format="critique_group")
    members = [{"person_id": str(one), "role": "participant"} for one in people[1:3]]
    group = await found(world, people[0], programme, members=members)
    made = [await add(world, people[0], group, workday(3 + 3 * number)) for number in range(4)]

    async def presenting() -> list[UUID]:
        shown = [(await world.call("GET", f"/v1/sessions/{one}", who=people[0])).json() for one in made]
        return [
            UUID(part["person_id"])
            for session in shown
            for part in session["participants"]
            if part["role"] == "presenter"
        ]

    three = sorted(people[:3])
    assert await presenting() == [*three, three[0]]
    path = f"/v1/groups/{group['group_id']}"
    assert (await world.call("POST", f"{path}/members", who=people[3])).json()["state"] == "requested"
    welcome = {"welcome": True}
    decided = await world.call("POST", f"{path}/join-requests/{people[3]}", welcome, who=people[0])
    assert decided.status_code in {200, 204}, decided.text
    assert await presenting() == sorted(people)
    assert (await world.call("DELETE", f"{path}/members/{people[1]}", who=people[1])).status_code == 204
    left = sorted({*people} - {people[1]})
    assert await presenting() == [*left, left[0]]


async def test_a_problem_is_not_solved_by_one_function_alone(world: World) -> None:
    """F5: neither when the group is founded nor when it has become so before it meets."""
    programme = await world.programme(format="problem_solving")
    first, *alike = await world.people(3, job_function="law")
    (other,) = await world.people(1, job_function="it")

    async def founding(members: list[UUID]) -> Any:
        body = {
            "programme_id": str(programme),
            "name": "Bills",
            "members": [{"person_id": str(one)} for one in members],
        }
        return await world.call("POST", "/v1/groups", body, who=first)

    refused = await founding(alike)
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/one-function-alone")
    assert (await founding([])).status_code == 201  # others may join
    group = (await founding([*alike, other])).json()
    await add(world, first, group, workday(3))
    assert (await world.call("DELETE", f"/v1/groups/{group['group_id']}/members/{other}", who=other)).status_code == 204
    body = {"starts_at": workday(4).isoformat()}
    refused = await world.call("POST", f"/v1/groups/{group['group_id']}/sessions", body, who=first)
    assert (refused.status_code, refused.json()["state"]) == (409, "one function")


async def test_a_workgroup_counts_its_resources_and_what_is_posted_where_it_is_linked_to(world: World) -> None:
    """F15, F19: members, resources, posts; posts are a sign of life."""
    founder, member = await world.people(2)
    programme = await world.programme(format="online_workgroup")
    group = await found(world, founder, programme, members=[{"person_id": str(member)}])
    path = f"/v1/groups/{group['group_id']}"
    await world.execute("UPDATE programmes SET starts_on = current_date - 60, published_on = current_date - 60")

    async def post(day: int, posts: int, who: UUID = founder) -> tuple[int, Any]:
        reply = await world.call("PUT", f"{path}/posts/{TODAY - timedelta(days=day)}", {"posts": posts}, who=who)
        return reply.status_code, reply.json().get("state") or [one["field"] for one in reply.json().get("errors", [])]

    assert await post(3, 5) == (409, "not linked")
    link = {"content": "https://chat.example/bills"}
    assert (await world.call("PUT", f"{path}/artefacts/link", link, who=member)).status_code == 200
    assert await post(3, 5, member) == (403, [])
    assert await post(3, 5, (await world.people(1))[0]) == (404, [])
    assert await post(-3, 5) == await post(90, 5) == (422, ["day"])
    assert await post(3, -1) == (422, ["posts"])
    async with world.db.transaction() as conn:
        assert await alert_momentum(conn) == 1
    for day, posts in ((3, 5), (4, 7), (3, 6)):
        assert await post(day, posts) == (200, [])
    assert (await world.call("GET", path, who=member)).json()["posts"] == 13
    await world.execute("DELETE FROM messages")
    async with world.db.transaction() as conn:
        assert await alert_momentum(conn) == 0
    assert "momentum_lost" not in await flags(world, programme)
    await world.execute("UPDATE group_posts SET posts = 0")
    assert (await flags(world, programme))["momentum_lost"] == 1
    await world.execute("UPDATE group_posts SET posts = 1")
    resource = {"kind": "resource", "title": "How bills run", "text": "Step by step", "link": "https://wiki.example/bills",
                "group_id": group["group_id"]}  # fmt: skip
    left = await world.call("POST", "/v1/knowledge", resource, who=member)
    assert left.status_code == 201, left.text
    shown = (await world.call("GET", path, who=member)).json()
    assert (len(shown["members"]), shown["resources"], shown["posts"]) == (2, 1, 2)
    closed = await found(world, founder, await world.programme(format="study_group"))
    refused = await world.call("PUT", f"/v1/groups/{closed['group_id']}/posts/{TODAY}", {"posts": 1}, who=founder)
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/not-posted")
