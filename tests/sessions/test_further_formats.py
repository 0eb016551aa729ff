"""Several formats in one programme: groups and sessions choose, and the rules of what they chose apply."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from services.sessions.commands.captures import plan_waiting
from services.sessions.commands.schedules import schedule_waiting
from shared.events.directory import SkillNeed, SkillOffer
from tests.sessions.conftest import PROGRAMME, TODAY, World
from tests.sessions.events import circle, person
from tests.sessions.gathering import MANY, add, attend, begin, found, workday

FURTHER = ["teach_one_thing", "office_hours", "critique_group"]


async def community(world: World, people: list[UUID], **changes: Any) -> tuple[UUID, dict[str, Any]]:
    """A community of practice whose programme also knows other formats."""
    programme = await world.programme(
        format="community_of_practice", further_formats=FURTHER, confidentiality="open", **changes
    )
    others = [{"person_id": str(one)} for one in people[1:]]
    return programme, await found(world, people[0], programme, charter="We share", members=others)


async def test_a_programme_says_all_its_formats_and_is_found_by_each(world: World) -> None:
    programme = await world.programme(format="mentoring_circle", further_formats=FURTHER)
    shown = (await world.own("GET", f"/v1/programmes/{programme}")).json()
    assert (shown["format"], shown["further_formats"]) == ("mentoring_circle", FURTHER)
    assert [event["further_formats"] for event in await world.told("programme.changed")] == [FURTHER, FURTHER]
    for name in ("mentoring_circle", "office_hours"):
        listed = (await world.own("GET", f"/v1/programmes?format={name}")).json()["items"]
        assert [one["programme_id"] for one in listed] == [str(programme)]
    assert (await world.own("GET", "/v1/programmes?format=cohort")).json()["items"] == []


async def test_a_programme_keeps_as_much_to_itself_as_the_strictest_of_its_formats(world: World) -> None:
    reply = await world.own("POST", "/v1/programmes", {**PROGRAMME, "format": "lunch_and_learn"})
    assert reply.json()["confidentiality"] == "open"
    body = {**PROGRAMME, "format": "lunch_and_learn", "further_formats": FURTHER}
    assert (await world.own("POST", "/v1/programmes", body)).json()["confidentiality"] == "closed"


@pytest.mark.parametrize(
    ("further", "field"),
    [
        (["lecture"], "further_formats.0"),
        (["office_hours", "mentoring_circle"], "further_formats.1"),
        (["office_hours", "office_hours"], "further_formats.1"),
    ],
)
async def test_a_wrong_further_format_is_named(further: list[str], field: str, world: World) -> None:
    reply = await world.own("POST", "/v1/programmes", {**PROGRAMME, "further_formats": further})
    assert (reply.status_code, reply.json()["errors"][0]["field"]) == (422, field)


async def test_a_group_has_the_size_the_roles_and_the_length_of_the_format_it_chose(world: World) -> None:
    people = await world.people(9, time_budget_minutes=MANY)
    programme, group = await community(world, people)
    assert group["format"] == "community_of_practice"
    body: dict[str, Any] = {"programme_id": str(programme), "name": "Feedback", "format": "critique_group"}
    crowd = [{"person_id": str(one)} for one in people[1:]]
    refused = await world.call("POST", "/v1/groups", {**body, "members": crowd}, who=people[0])
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "members"), refused.text
    unoffered = await world.call("POST", "/v1/groups", {**body, "format": "cohort"}, who=people[0])
    assert (unoffered.status_code, unoffered.json()["errors"][0]["field"]) == (422, "format")
    few = await found(world, people[0], programme, format="critique_group", members=crowd[:3])
    assert (few["format"], few["capacity"]) == ("critique_group", 8)
    session = await add(world, people[0], few, workday(3))
    (told,) = [event for event in await world.told("session.scheduled") if event["session_id"] == str(session)]
    length = datetime.fromisoformat(told["ends_at"]) - datetime.fromisoformat(told["starts_at"])
    assert (told["format"], length) == ("critique_group", timedelta(minutes=90))
    shown = (await world.call("GET", f"/v1/sessions/{session}", who=people[0])).json()
    assert sorted(one["role"] for one in shown["participants"]) == [*["contributor"] * 3, "facilitator", "presenter"]
    asked = (await world.call("GET", f"/v1/sessions/{session}/requirements", who=people[0])).json()
    assert asked["missing"] == ["challenge"]


async def test_one_session_of_a_community_is_another_format_and_is_held_by_its_rules(world: World) -> None:
    people = await world.people(5, time_budget_minutes=MANY)
    _, group = await community(world, people)
    usual = await add(world, people[0], group, workday(3))
    path = f"/v1/groups/{group['group_id']}/sessions"
    body: dict[str, Any] = {"starts_at": workday(6).isoformat(), "format": "teach_one_thing"}
    unled = await world.call("POST", path, body, who=people[0])
    assert (unled.status_code, unled.json()["errors"][0]["field"]) == (422, "format"), unled.text
    stranger = await world.call("POST", path, {**body, "led_by": [str(UUID(int=7))]}, who=people[0])
    assert (stranger.status_code, stranger.json()["errors"][0]["field"]) == (422, "led_by")
    slots = f"/v1/groups/{group['group_id']}/slots"
    refused = await world.call("POST", slots, {"starts_at": workday(8).isoformat(), "count": 1}, who=people[0])
    assert (refused.status_code, refused.json()["state"]) == (409, "community_of_practice")
    short = await add(world, people[0], group, workday(6), format="teach_one_thing", led_by=[str(people[2])])
    seen = (await world.call("GET", f"/v1/sessions/{short}", who=people[1])).json()
    assert {one["role"] for one in seen["participants"] if one["person_id"] == str(people[2])} == {"presenter"}
    assert seen["format"] == "teach_one_thing"
    late = (await world.people(1))[0]
    assert (await world.call("POST", f"/v1/groups/{group['group_id']}/members", who=late)).status_code == 201
    roles = {
        session: {
            one["person_id"]: one["role"]
            for one in (await world.call("GET", f"/v1/sessions/{session}", who=late)).json()["participants"]
        }[str(late)]
        for session in (usual, short)
    }
    assert roles == {usual: "contributor", short: "participant"}
    await begin(world, short)
    assert (await attend(world, short, people, people[0]))["state"] == "scheduled"
    written = f"/v1/sessions/{short}/artefacts/takeaway"
    assert (await world.call("PUT", written, {"content": "Pivot tables"}, who=people[2])).status_code == 200
    (held,) = await world.told("session.held")
    assert (held["session_id"], held["format"]) == (str(short), "teach_one_thing")
    assert {event["format"] for event in await world.told("participation.changed")} == {"teach_one_thing"}
    await begin(world, usual)
    assert (await attend(world, usual, people[:2], people[0]))["state"] == "held"


async def test_office_hours_of_a_circle_programme_have_slots_of_their_own_length(world: World) -> None:
    host, guest = await world.people(2, time_budget_minutes=MANY)
    programme = await world.programme(further_formats=FURTHER, session_minutes=90)
    group = await found(world, host, programme, format="office_hours")
    assert group["members"] == [{"person_id": str(host), "role": "teacher"}]
    reply = await world.call(
        "POST", f"/v1/groups/{group['group_id']}/slots", {"starts_at": workday(3).isoformat(), "count": 2}, who=host
    )
    assert reply.status_code == 201, reply.text
    session = reply.json()["session_ids"][0]
    listed = (await world.call("GET", "/v1/open-sessions", who=guest)).json()["items"]
    assert {one["format"] for one in listed} == {"office_hours"}
    answer = {"answer": "accept", "rules_version": 1}
    assert (await world.call("POST", f"/v1/sessions/{session}/rsvp", answer, who=guest)).status_code == 200
    (told,) = await world.told("participation.changed")
    assert told["format"] == "office_hours"


async def test_matching_forms_circles_in_the_first_format(world: World) -> None:
    programme = await world.programme(further_formats=FURTHER)
    people = await world.people(5)
    await world.hear(circle(programme, people, None))
    sessions = (await world.own("GET", f"/v1/sessions?programme_id={programme}")).json()["items"]
    assert {one["format"] for one in sessions} == {"mentoring_circle"}


async def test_a_log_in_a_programme_that_also_knows_ad_hoc_is_no_group_to_plan(world: World) -> None:
    one, other = await world.people(2)
    await world.programme(further_formats=["ad_hoc"])
    body = {"people": [str(other)], "topic": "Execution plans", "minutes": 20}
    made = await world.call("POST", "/v1/quick-logs", body, who=one)
    assert made.status_code == 201, made.text
    async with world.db.transaction() as conn:
        assert await schedule_waiting(conn) == 0
    path = f"/v1/quick-logs/{made.json()['session_id']}/confirmation"
    assert (await world.call("POST", path, {"agreed": True}, who=other)).json()["state"] == "confirmed"
    (held,) = await world.told("session.held")
    assert held["format"] == "ad_hoc"


async def test_knowledge_at_risk_is_kept_in_a_programme_that_also_shares_knowledge(world: World) -> None:
    holder, wanted = uuid4(), (SkillNeed(skill_id="cobol", level=0, target_level=3),)
    await world.hear(
        person(holder, offers=(SkillOffer(skill_id="cobol", level=5),), leaves_on=TODAY + timedelta(days=40)),
        *(person(uuid4(), needs=wanted) for _ in range(2)),
    )
    await world.programme(further_formats=["office_hours", "knowledge_sharing"])
    async with world.db.transaction() as conn:
        assert await plan_waiting(conn) == 1
    (told,) = await world.told("session.scheduled")
    assert (told["format"], told["capacity"]) == ("knowledge_sharing", 30)
    listed = (await world.call("GET", "/v1/captures", who=holder)).json()["items"]
    assert [one["state"] for one in listed] == ["planned"]
