"""Knowledge at risk: shadowed where somebody wants to learn it, else captured; before the day, and only while it is."""

from datetime import timedelta
from typing import Any

from services.matching.timers import TIMERS
from shared.events.directory import SkillChanged, SkillOffer
from shared.events.matching import KnowledgeAtRisk, KnowledgeSettled, MatchProposed
from tests.matching.conftest import Caller, World
from tests.matching.test_upkeep import changed
from tests.matching.world import PIANO, RUST, learner, person, programme, teacher, today

SOON = today() + timedelta(days=60)
OWNER = "programme-owner"


async def look(world: World) -> int:
    timer = next(timer for timer in TIMERS if timer.name == "find-knowledge-at-risk")
    async with world.db.transaction() as conn:
        return await timer.run(conn)


async def risks(call: Caller) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await call("GET", "/v1/knowledge-at-risk", OWNER)).json()["items"]
    return found


async def test_whoever_wants_to_learn_it_is_asked_to_shadow(world: World, call: Caller) -> None:
    """P16."""
    shadowing, leaver, other, one = programme("job_shadowing"), teacher(leaves_on=SOON), teacher(), learner()
    await world.hear(shadowing)
    await world.hear(SkillChanged(skill_id=RUST, version=1, label="Rust"))
    await world.hear(leaver, other, one, person())
    assert await look(world) == 1
    (risk,) = await risks(call)
    assert (risk["label"], risk["holders"], risk["proposal"], risk["due_on"]) == ("Rust", 2, "shadowing", str(SOON))
    assert set(risk["holder_ids"]) == {str(leaver.person_id), str(other.person_id)}
    (proposed,) = await world.said(MatchProposed)
    assert {member["person_id"]: member["role"] for member in proposed["members"]} == {
        str(one.person_id): "learner",
        str(leaver.person_id): "teacher",
    }
    (told,) = await world.said(KnowledgeAtRisk)
    assert told == {"skill_id": RUST, "holders": 2, "due_on": str(SOON), "proposal": "shadowing"}
    assert await look(world) == 0


async def test_a_declined_shadowing_is_offered_to_another_and_then_captured(world: World, call: Caller) -> None:
    await world.hear(programme("job_shadowing"))
    leaver, learners = teacher(leaves_on=SOON), [learner(), learner()]
    await world.hear(leaver, *learners)
    for turn in range(2):
        assert await look(world) == 1
        proposed = (await world.said(MatchProposed))[turn]
        path = f"/v1/matches/{proposed['match_id']}/decline"
        asked = next(member["person_id"] for member in proposed["members"] if member["role"] == "learner")
        who = next(one for one in learners if str(one.person_id) == asked)
        await call("POST", path, person=who.person_id, json={"reason_code": "not_now"})
    assert await look(world) == 1
    (risk,) = await risks(call)
    assert (risk["proposal"], risk["match_id"]) == ("capture", None)
    assert await look(world) == 0
    assert [event["proposal"] for event in await world.said(KnowledgeAtRisk)] == ["shadowing", "shadowing", "capture"]


async def test_what_many_know_or_nobody_leaves_with_is_no_risk(world: World, call: Caller) -> None:
    far = today() + timedelta(days=400)
    await world.hear(
        *(teacher(leaves_on=SOON) for _ in range(3)),
        teacher(skill=PIANO, leaves_on=far),
        teacher(skill="skill/gone", leaves_on=SOON, status="left"),
    )
    assert await look(world) == 0
    assert await risks(call) == []


async def test_a_risk_is_settled_when_others_have_learnt_it_and_may_come_again(world: World, call: Caller) -> None:
    leaver, first, second = teacher(leaves_on=SOON), person(), person()
    await world.hear(leaver, first, second)
    assert await look(world) == 1
    learnt = (SkillOffer(skill_id=RUST, level=3),)
    await world.hear(changed(first, offers=learnt), changed(second, offers=learnt))
    assert await look(world) == 0
    assert await risks(call) == []
    await world.hear(changed(first, 3, offers=()))
    assert await look(world) == 1
    assert [one["holders"] for one in await risks(call)] == [2]


async def test_another_leaving_date_or_holder_is_told_anew_and_a_proposal_is_answered_before_it(
    world: World, call: Caller
) -> None:
    """P16."""
    await world.hear(programme("job_shadowing"))
    leaver, other = teacher(leaves_on=SOON), teacher(skill=PIANO, leaves_on=SOON)
    await world.hear(leaver, other, learner())
    assert await look(world) == 2
    told = {event["skill_id"]: event for event in await world.said(KnowledgeAtRisk)}
    assert (told[RUST]["proposal"], told[PIANO]["proposal"]) == ("shadowing", "capture")
    sooner = today() + timedelta(days=3)
    await world.hear(changed(leaver, leaves_on=sooner), changed(other, leaves_on=sooner))
    assert await look(world) == 2
    again = {event["skill_id"]: event for event in (await world.said(KnowledgeAtRisk))[2:]}
    assert {event["due_on"] for event in again.values()} == {str(sooner)}
    first, hurried = await world.said(MatchProposed)
    assert (first["match_id"], hurried["version"], hurried["expires_at"][:10]) == (hurried["match_id"], 2, str(sooner))
    await world.hear(teacher(skill=PIANO))
    assert await look(world) == 1
    assert (await world.said(KnowledgeAtRisk))[-1] == told[PIANO] | {"holders": 2, "due_on": str(sooner)}
    assert await look(world) == 0
    assert {one["skill_id"]: one["proposal"] for one in await risks(call)} == {RUST: "shadowing", PIANO: "capture"}


async def test_what_was_to_be_captured_is_shadowed_once_somebody_wants_to_learn_it(world: World) -> None:
    await world.hear(programme("job_shadowing"))
    await world.hear(teacher(leaves_on=SOON))
    assert await look(world) == 1
    await world.hear(learner())
    await world.execute("UPDATE knowledge_risks SET looked_at = looked_at - interval '25 hours'")
    assert await look(world) == 1
    assert [event["proposal"] for event in await world.said(KnowledgeAtRisk)] == ["capture", "shadowing"]
    assert await look(world) == 0


async def test_who_said_no_to_being_shadowed_is_not_asked_for_the_next_learner(world: World, call: Caller) -> None:
    await world.hear(programme("job_shadowing"))
    leaver = teacher(leaves_on=SOON)
    await world.hear(leaver, learner(), learner())
    assert await look(world) == 1
    (proposed,) = await world.said(MatchProposed)
    path = f"/v1/matches/{proposed['match_id']}/decline"
    assert (await call("POST", path, person=leaver.person_id, json={"reason_code": "not_now"})).status_code == 200
    assert await look(world) == 1
    assert [event["proposal"] for event in await world.said(KnowledgeAtRisk)] == ["shadowing", "capture"]
    await world.hear(changed(leaver, leaves_on=None))
    assert await look(world) == 0
    assert await world.said(KnowledgeSettled) == [{"skill_id": RUST}]


async def test_risks_come_in_pages_by_urgency(world: World, call: Caller) -> None:
    await world.hear(*(teacher(skill=f"skill/{n}", leaves_on=today() + timedelta(days=9 - n % 3)) for n in range(5)))
    assert await look(world) == 5
    seen, cursor = list[tuple[str, str]](), ""
    while True:
        page = (await call("GET", f"/v1/knowledge-at-risk?limit=2{cursor}", OWNER)).json()
        seen += [(item["due_on"], item["skill_id"]) for item in page["items"]]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
    assert seen == sorted(seen)
    assert len(set(seen)) == 5
    assert (await call("GET", "/v1/knowledge-at-risk", "analyst")).status_code == 403


async def test_a_known_leaving_date_is_believed_when_the_same_version_comes_again(world: World) -> None:
    one = teacher(leaves_on=SOON)
    await world.hear(one)
    await world.execute("UPDATE people SET leaves_on = NULL")
    await world.hear(one)
    (row,) = await world.fetch("SELECT leaves_on FROM people")
    assert row["leaves_on"] == SOON
