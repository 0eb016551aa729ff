"""What matching says is at risk becomes a capture session in one call, and what is written there says where from."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from services.sessions.commands import captures
from services.sessions.commands.erasures import erase_people
from shared.events.directory import SkillChanged
from shared.events.matching import KnowledgeAtRisk, KnowledgeSettled
from tests.sessions.conftest import TODAY, World
from tests.sessions.events import person
from tests.sessions.gathering import attend, begin
from tests.sessions.test_captures import NEEDS, OFFERS, SKILL, run, sharing

FAR = TODAY + timedelta(days=120)
"""Too far ahead for sessions to see by itself."""


def risk(proposal: Any = "capture", days: int = 40, skill: str = SKILL) -> KnowledgeAtRisk:
    return KnowledgeAtRisk(skill_id=skill, holders=2, due_on=TODAY + timedelta(days=days), proposal=proposal)


async def proposed(world: World) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = (await world.own("GET", "/v1/capture-proposals")).json()["items"]
    return items


async def accept(world: World, proposal: dict[str, Any], **body: Any) -> Any:
    return await world.own("POST", f"/v1/capture-proposals/{proposal['proposal_id']}/acceptance", body)


async def staff(world: World) -> tuple[UUID, list[UUID]]:
    """Somebody who knows the skill and leaves far ahead, somebody who stays and knows it too, two who want it."""
    await world.hear(SkillChanged(skill_id=SKILL, version=1, label="Rare skill"))
    leaver, stays, *learners = (uuid4() for _ in range(4))
    await world.hear(
        person(leaver, offers=OFFERS, leaves_on=FAR),
        person(stays, offers=OFFERS),
        *(person(one, needs=NEEDS) for one in learners),
    )
    return leaver, learners


async def test_one_call_makes_a_session_of_what_matching_proposes_and_what_is_written_links_back(world: World) -> None:
    leaver, learners = await staff(world)
    await sharing(world)
    await world.hear(risk())
    (proposal,) = await proposed(world)
    assert (proposal["skill_id"], proposal["holders"], proposal["state"]) == (SKILL, 2, "proposed")
    assert (await world.call("GET", "/v1/capture-proposals", who=leaver)).status_code == 403
    accepted = await accept(world, proposal)
    capture = accepted.json()
    assert (accepted.status_code, capture["state"], capture["holder_id"]) == (200, "planned", str(leaver)), capture
    again = await accept(world, proposal)
    assert (again.status_code, again.json()["state"]) == (409, "accepted")
    assert [one["capture_id"] for one in await proposed(world)] == [capture["capture_id"]]
    (told,) = await world.told("session.scheduled")
    assert told["skill_id"] == SKILL
    session = UUID(told["session_id"])
    await begin(world, session)
    await attend(world, session, [leaver, *learners], leaver)
    lesson = {"content": "Rehearse twice"}
    assert (await world.call("PUT", f"/v1/sessions/{session}/artefacts/lesson", lesson, who=leaver)).status_code == 200
    item = {"kind": "lesson", "title": "Twice", "skills": [SKILL], "session_id": str(session)}
    left = (await world.call("POST", "/v1/knowledge", item, who=leaver)).json()
    assert (left["capture_id"], left["text"]) == (capture["capture_id"], "Rehearse twice")
    other = {"kind": "lesson", "title": "Once", "text": "By itself", "skills": [SKILL]}
    assert (await world.call("POST", "/v1/knowledge", other, who=leaver)).json()["capture_id"] is None
    assert [event["capture_id"] for event in await world.told("knowledge.changed")] == [capture["capture_id"], None]
    await run(world, captures.watch_risks)
    (shown,) = (await world.own("GET", "/v1/captures")).json()["items"]
    assert (shown["state"], shown["items"]) == ("captured", [left["item_id"]])
    async with world.db.transaction() as conn:
        await erase_people(conn, [leaver])
    assert (await world.call("GET", f"/v1/knowledge/{left['item_id']}", who=learners[0])).json()["capture_id"] is None


async def test_where_there_is_no_time_yet_the_request_waits_and_says_why(world: World) -> None:
    leaver, _ = await staff(world)
    await world.hear(risk())
    (proposal,) = await proposed(world)
    capture = (await accept(world, proposal)).json()
    assert (capture["state"], capture["holder_id"]) == ("waiting", str(leaver))
    assert capture["why"] == "No running programme shares knowledge about this skill."
    await sharing(world)
    assert await run(world, captures.plan_waiting) == 1


async def test_who_passes_it_on_can_be_said_and_a_request_that_runs_is_taken(world: World) -> None:
    _, (learner, _) = await staff(world)
    await world.hear(risk())
    (proposal,) = await proposed(world)
    body = {"skill_id": SKILL, "holder_id": str(learner), "due_on": str(FAR)}
    running = (await world.own("POST", "/v1/captures", body)).json()
    capture = (await accept(world, proposal, holder_id=str(learner))).json()
    assert capture["capture_id"] == running["capture_id"]
    stranger = await accept(world, proposal, holder_id="x")
    assert (stranger.status_code, stranger.json()["errors"][0]["field"]) == (422, "holder_id")


async def test_a_proposal_nobody_can_fulfil_is_refused_and_stays_open(world: World) -> None:
    await world.hear(risk(skill="skill:nobody-knows"))
    (proposal,) = await proposed(world)
    nobody = await accept(world, proposal)
    assert (nobody.status_code, nobody.json()["type"]) == (404, "/problems/unknown-holder")
    unknown = await accept(world, {"proposal_id": uuid4()})
    assert unknown.status_code == 404
    assert [one["state"] for one in await proposed(world)] == ["proposed"]


async def test_what_was_declined_comes_back_with_another_day_and_shadowing_takes_it_back(world: World) -> None:
    path = "/v1/capture-proposals/{}/decline"
    await world.hear(risk("shadowing"))
    assert await proposed(world) == []
    await world.hear(risk("shadowing"), risk())
    (proposal,) = await proposed(world)
    declined = await world.own("POST", path.format(proposal["proposal_id"]))
    assert (declined.status_code, declined.json()["state"]) == (200, "declined")
    for event, state in (
        (risk(), "declined"),
        (risk("shadowing"), "declined"),
        (risk(days=50), "proposed"),
        (risk("shadowing", days=50), "withdrawn"),
        (risk(days=50), "proposed"),
    ):
        await world.hear(event)
        assert [one["state"] for one in await proposed(world)] == [state]
    await world.execute("UPDATE capture_proposals SET due_on = current_date - 1")
    await run(world, captures.watch_risks)
    (missed,) = await proposed(world)
    assert missed["state"] == "missed"
    late = await world.own("POST", path.format(proposal["proposal_id"]))
    assert (late.status_code, late.json()["state"]) == (409, "missed")


async def test_what_is_at_risk_no_more_is_proposed_no_more(world: World) -> None:
    """P16."""
    await world.hear(risk())
    await world.hear(KnowledgeSettled(skill_id=SKILL))
    assert [one["state"] for one in await proposed(world)] == ["withdrawn"]
    await world.hear(risk())
    assert [one["state"] for one in await proposed(world)] == ["proposed"], "at risk again"
    await world.hear(KnowledgeSettled(skill_id="skill/other"))
    assert [one["state"] for one in await proposed(world)] == ["proposed"]
