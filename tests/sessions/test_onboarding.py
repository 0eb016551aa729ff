"""Links for newcomers, and questions that courses leave open."""

from typing import Any
from uuid import UUID

from services.sessions.commands import erasures
from services.sessions.commands.onboarding import count_gaps
from tests.sessions.conftest import World
from tests.sessions.gathering import add, found, workday
from tests.sessions.shelf import run
from tests.sessions.test_arrangements import COURSE

LINK = {"stage": "first-week", "title": "Payslips", "url": "https://hr.example/payroll"}


async def test_a_newcomer_ticks_links_off_privately_stage_by_stage(world: World) -> None:
    """C27: link-outs per programme and stage, in order, ticked off by the newcomer alone."""
    newcomer, other = await world.people(2)
    (stranger,) = await world.people(1, unit_path=("acme", "it"))
    programme = await world.programme(audience_units=["sales"])
    path = f"/v1/programmes/{programme}/onboarding-links"
    assert (await world.call("POST", path, LINK, who=newcomer)).status_code == 403
    for body in (LINK, {**LINK, "stage": "before-day-one", "title": "Culture"}, {**LINK, "title": "First", "place": 0}):
        assert (await world.own("POST", path, body)).status_code == 201
    seen: list[dict[str, Any]] = []
    page = f"{path}?limit=2"
    while page:
        reply = (await world.call("GET", page, who=newcomer)).json()
        seen += reply["items"]
        page = f"{path}?limit=2&cursor={reply['next']}" if reply["next"] else ""
    assert [link["title"] for link in seen] == ["Culture", "Payslips", "First"]
    assert len((await world.call("GET", f"{path}?stage=before-day-one", who=newcomer)).json()["items"]) == 1
    tick = f"/v1/onboarding-links/{seen[0]['link_id']}/tick"
    assert (await world.call("PUT", tick, {"done": True}, who=newcomer)).status_code == 204
    assert [link["done"] for link in (await world.call("GET", path, who=newcomer)).json()["items"]] == [
        True,
        False,
        False,
    ]
    for who in (other, None):
        reply = await (world.call("GET", path, who=who) if who else world.own("GET", path))
        assert not any(link["done"] for link in reply.json()["items"])
    assert (await world.call("GET", path, who=stranger)).status_code == 404
    assert (await world.call("PUT", tick, {"done": True}, who=stranger)).status_code == 404
    wrong = await world.own("POST", path, {**LINK, "url": "javascript:alert(1)"})
    assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (422, "url")
    async with world.db.transaction() as conn:
        await erasures.erase_people(conn, [newcomer])
    assert await world.fetch("SELECT FROM onboarding_ticks") == []
    assert (await world.own("DELETE", f"/v1/onboarding-links/{seen[0]['link_id']}")).status_code == 204
    assert (await world.own("DELETE", f"/v1/onboarding-links/{seen[0]['link_id']}")).status_code == 404


async def asked(world: World, level: str) -> tuple[list[UUID], str]:
    """Seven people in a session with a course before it, and where they say that it left a question."""
    founder, *others = await world.people(7)
    programme = await world.programme(format="community_of_practice", confidentiality=level)
    group = await found(world, founder, programme, charter="We", members=[{"person_id": str(one)} for one in others])
    await world.call("PUT", f"/v1/groups/{group['group_id']}/arrangements", {"courses": [COURSE]}, who=founder)
    return [founder, *others], f"/v1/sessions/{await add(world, founder, group, workday(3))}/course-questions"


async def test_questions_a_course_leaves_open_are_counted_in_fives(world: World) -> None:
    """C13: unresolved questions tagged to a course become a count of five people or more, and nobody's name."""
    people, path = await asked(world, "chatham")
    body = {"uri": COURSE["uri"], "unresolved": True}
    for who in people[:4]:
        for _ in range(2):
            assert (await world.call("PUT", path, body, who=who)).json()["courses"] == [COURSE["uri"]]
    assert await run(world, count_gaps) == 0
    for who in people[4:]:
        await world.call("PUT", path, body, who=who)
    assert [await run(world, count_gaps) for _ in range(2)] == [1, 0]
    (event,) = await world.told("course-gap")
    assert (event["course"], event["people"], event["version"]) == (COURSE["uri"], 5, 1)
    assert "person_id" not in event
    settled = await world.call("PUT", path, {**body, "unresolved": False}, who=people[0])
    assert settled.json()["courses"] == []
    assert await run(world, count_gaps) == 0
    wrong = await world.call("PUT", path, {**body, "uri": "urn:other"}, who=people[0])
    assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (422, "uri")
    assert (await world.call("PUT", path, body, who=(await world.people(1))[0])).status_code == 404
    async with world.db.transaction() as conn:
        await erasures.erase_people(conn, people)
    assert await world.fetch("SELECT FROM course_questions") == []


async def test_a_closed_programme_tells_of_no_course_gap(world: World) -> None:
    """C13: which courses a closed programme rests on stays in it."""
    people, path = await asked(world, "closed")
    for who in people:
        await world.call("PUT", path, {"uri": COURSE["uri"], "unresolved": True}, who=who)
    assert await run(world, count_gaps) == 0
    assert await world.told("course-gap") == []
