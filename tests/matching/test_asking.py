"""A suggestion can be acted on: whoever is asked answers as to any proposal, and a refusal tells nothing of anybody."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from services.matching.engine.round import VERSION
from shared.events.directory import PersonChanged, SkillNeed
from shared.events.matching import MatchAccepted, MatchProposed
from tests.matching.conftest import Caller, World
from tests.matching.test_left_alone import decline, let_expire, told
from tests.matching.test_lifecycle import accept, of
from tests.matching.test_previews import OWNER, run
from tests.matching.test_suggestions import suggested
from tests.matching.test_upkeep import changed
from tests.matching.world import PIANO, RUST, learner, person, programme, teacher, today


async def ask(
    call: Caller, one: PersonChanged, other: UUID, about: UUID, skill: str = RUST, **options: Any
) -> httpx.Response:
    path = f"/v1/people/{one.person_id}/suggestions/{other}/ask"
    body = {"programme_id": str(about), "skill_id": skill}
    return await call("POST", path, person=one.person_id, json=body, **options)


async def two(world: World, **rules: Any) -> tuple[UUID, PersonChanged, PersonChanged]:
    """A programme of pairs, who wants to learn, and who could teach it."""
    mentoring, one, guide = programme(), learner(), teacher(**rules)
    await world.hear(mentoring)
    await world.hear(one, guide)
    return mentoring.programme_id, one, guide


async def asked(call: Caller, one: PersonChanged, other: PersonChanged, about: UUID) -> dict[str, Any]:
    answer = await ask(call, one, other.person_id, about)
    assert answer.status_code == 201, answer.text
    match: dict[str, Any] = answer.json()
    return match


async def refused(call: Caller, one: PersonChanged, other: UUID, about: UUID) -> dict[str, Any]:
    answer = await ask(call, one, other, about)
    assert answer.status_code == 409, answer.text
    return {name: told for name, told in answer.json().items() if name not in {"instance", "trace_id", "request_id"}}


async def test_who_is_suggested_is_asked_and_accepts(world: World, call: Caller) -> None:
    """P5, P7."""
    about, one, guide = await two(world)
    assert await suggested(call, one.person_id) == [str(guide.person_id)]
    match = await asked(call, one, guide, about)
    assert (match["kind"], match["state"], match["asked"], match["round_id"]) == ("pair", "proposed", True, None)
    assert (match["skill_id"], match["rules_version"], match["engine"]) == (RUST, 1, VERSION)
    said = {member["person_id"]: (member["role"], member["answer"]) for member in match["members"]}
    assert said == {str(one.person_id): ("learner", "accepted"), str(guide.person_id): ("teacher", "pending")}
    assert match["score"] == sum(term["points"] for term in match["reasons"]) > 0
    (proposed,) = await world.said(MatchProposed)
    assert (proposed["match_id"], proposed["round_id"], proposed["rules_version"]) == (match["match_id"], None, 1)
    for who in (one, guide):
        (seen,) = (await call("GET", "/v1/matches", person=who.person_id)).json()["items"]
        assert (seen["match_id"], seen["asked"]) == (match["match_id"], True)
    assert await suggested(call, one.person_id) == [], "who is asked is suggested no more"
    await accept(call, match["match_id"], guide)
    assert [event["match_id"] for event in await world.said(MatchAccepted)] == [match["match_id"]]


async def test_it_has_the_score_and_the_reasons_a_round_would_give_it(world: World, call: Caller) -> None:
    about, one, guide = await two(world, needs=(SkillNeed(skill_id=PIANO, level=0, target_level=2),))
    first = learner(level=3)
    await world.hear(first, changed(one, needs=(*one.needs, *learner(skill=PIANO).needs)))
    await asked(call, first, guide, about)
    await run(call, about, dry_run=True, seed=1)
    (preview,) = (await call("GET", "/v1/matches?state=preview", OWNER)).json()["items"]
    match = await asked(call, one, guide, about)
    assert {"shared_challenge", "teacher_load"} <= {term["code"] for term in match["reasons"]}
    assert (match["score"], match["reasons"]) == (preview["score"], preview["reasons"])
    assert (preview["asked"], preview["engine"]) == (False, VERSION)


@pytest.mark.parametrize("skill", [RUST, PIANO])
async def test_what_is_asked_for_is_what_is_learnt(world: World, call: Caller, skill: str) -> None:
    mentoring, one = programme(), person(needs=(*learner().needs, *learner(skill=PIANO).needs))
    guide = person(offers=(*teacher().offers, *teacher(skill=PIANO).offers))
    await world.hear(mentoring)
    await world.hear(one, guide)
    answer = await ask(call, one, guide.person_id, mentoring.programme_id, skill)
    assert answer.json()["skill_id"] == skill


async def test_the_same_key_twice_asks_once(world: World, call: Caller) -> None:
    about, one, guide = await two(world)
    key = {"Idempotency-Key": "ask-1"}
    first, second = [await ask(call, one, guide.person_id, about, headers=key) for _ in range(2)]
    assert (first.status_code, first.json()) == (second.status_code, second.json())
    assert len(await world.fetch("SELECT FROM matches")) == 1


async def test_after_a_no_the_same_colleague_is_not_asked_until_the_cool_off_is_over(
    world: World, call: Caller
) -> None:
    about, one, guide = await two(world)
    match = await asked(call, one, guide, about)
    await decline(call, match["match_id"], guide)
    (why,) = await told(call, one)
    assert (why["reason"], why["change"]["code"]) == ("proposal_declined", "asked_again")
    await refused(call, one, guide.person_id, about)
    await world.execute("UPDATE matches SET changed_at = changed_at - interval '2 years'")
    assert (await asked(call, one, guide, about))["state"] == "proposed"
    assert await told(call, one) == [], "they have a match again"


async def test_who_had_no_time_lately_is_left_alone_and_may_ask(world: World, call: Caller) -> None:
    about, one, guide = await two(world)
    other = teacher()
    await world.hear(other)
    await decline(call, (await asked(call, one, guide, about))["match_id"], guide, "no_time")
    await refused(call, one, guide.person_id, about)
    second = learner()
    await world.hear(second)
    await refused(call, second, guide.person_id, about)
    await world.execute("UPDATE match_members SET reason_code = NULL")
    await run(call, about, people=[str(second.person_id)])
    proposed = (await world.said(MatchProposed))[-1]
    await decline(call, proposed["match_id"], second, "no_time")
    (left,) = {guide.person_id, other.person_id} - {UUID(one) for one in of(proposed, "teacher")}
    assert (await ask(call, second, left, about)).status_code == 201


async def test_an_ask_nobody_answers_expires_after_the_days_of_the_rules(world: World, call: Caller) -> None:
    about, one, guide = await two(world, capacity=1)
    await world.execute("""UPDATE rules SET rules = rules || '{"expires_days": 3}'""")
    await asked(call, one, guide, about)
    second = learner()
    await world.hear(second)
    await refused(call, second, guide.person_id, about)
    (days,) = await world.fetch("SELECT expires_at - created_at AS days FROM matches")
    assert timedelta(days=3) <= days["days"] < timedelta(days=3, minutes=1)
    await let_expire(world)
    (why,) = await told(call, one)
    assert why["reason"] == "proposal_expired"
    assert (await asked(call, second, guide, about))["state"] == "proposed", "the place is free again"


Changes = Callable[[PersonChanged], dict[str, Any]]
IN_THE_WAY: dict[str, Changes] = {
    "gone": lambda _: {"status": "left"},
    "opted_out": lambda _: {"opted_in": False},
    "paused": lambda _: {"paused_until": today() + timedelta(days=9)},
    "no_room": lambda _: {"capacity": 0},
    "no_time": lambda _: {"time_budget_minutes": 0},
    "not_ahead": lambda _: {"offers": teacher(level=1).offers},
    "offers_something_else": lambda _: {"offers": teacher(skill=PIANO).offers},
    "no_language": lambda _: {"languages": ("fi",)},
    "no_hours": lambda _: {"work_starts": 0, "work_ends": 300},
    "reports_to_them": lambda one: {"manager_id": one.person_id},
    "likes_another_format": lambda _: {"formats": ("study_group",)},
    "a_wish_of_theirs": lambda one: {"not_with": (one.person_id,)},
}


@pytest.mark.parametrize("way", IN_THE_WAY)
async def test_whatever_keeps_a_colleague_from_being_asked_is_told_alike(world: World, call: Caller, way: str) -> None:
    """M4: an attacker who asks everybody learns of nobody why."""
    about, one, guide = await two(world)
    nobody = await refused(call, one, uuid4(), about)
    assert (nobody["type"], nobody["errors"][0]["field"]) == ("/problems/colleague-not-free", "colleague_id")
    await world.hear(changed(guide, **IN_THE_WAY[way](one)))
    assert await refused(call, one, guide.person_id, about) == nobody
    assert await world.fetch("SELECT FROM matches") == []
    await world.hear(changed(guide, 3))
    assert (await ask(call, one, guide.person_id, about)).status_code == 201, "it was this that kept them"


async def test_a_wish_of_who_asks_and_their_manager_are_told_alike(world: World, call: Caller) -> None:
    about, one, guide = await two(world)
    nobody = await refused(call, one, uuid4(), about)
    await world.hear(changed(one, not_with=(guide.person_id,)))
    assert await refused(call, one, guide.person_id, about) == nobody
    await world.hear(changed(one, 3, manager_id=guide.person_id))
    assert await refused(call, one, guide.person_id, about) == nobody
    await world.hear(changed(one, 4))
    assert (await ask(call, one, guide.person_id, about)).status_code == 201


async def test_of_two_who_ask_for_the_last_place_at_once_one_has_it(world: World, call: Caller) -> None:
    about, one, guide = await two(world, capacity=1)
    other = learner()
    await world.hear(other)
    answers = await asyncio.gather(*(ask(call, who, guide.person_id, about) for who in (one, other)))
    assert sorted(answer.status_code for answer in answers) == [201, 409]
    (proposed,) = await world.said(MatchProposed)
    assert of(proposed, "teacher") == [str(guide.person_id)]


async def test_no_more_than_a_few_are_asked_at_a_time(world: World, call: Caller) -> None:
    about, one, guide = await two(world)
    one = changed(one, time_budget_minutes=2000)
    more = [programme() for _ in range(3)]
    guides = [guide, *(teacher() for _ in more)]
    await world.hear(*more)
    await world.hear(one, *guides[1:])
    ids = [about, *(each.programme_id for each in more)]
    matches = [await asked(call, one, who, each) for who, each in zip(guides[:3], ids, strict=False)]
    answer = await ask(call, one, guides[3].person_id, ids[3])
    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/too-many-asked")
    await accept(call, matches[0]["match_id"], guides[0])
    assert (await ask(call, one, guides[3].person_id, ids[3])).status_code == 201


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "draft": ({"status": "draft"}, "is not published"),
    "closed": ({"status": "closed"}, "is not published"),
    "circles": ({"format": "mentoring_circle"}, "forms no pairs"),
    "buddies": ({"format": "onboarding_buddy"}, "forms no pairs"),
    "joined": ({"format": "knowledge_sharing"}, "people join it by themselves"),
    "not_for_them": ({"audience_units": ("U9",)}, "is not for you"),
    "about_something_else": ({"skills": (PIANO,)}, "Nothing this programme is about"),
}


@pytest.mark.parametrize("what", WRONG)
async def test_a_programme_one_cannot_ask_in_is_refused_by_name(world: World, call: Caller, what: str) -> None:
    changes, why = WRONG[what]
    _, one, guide = await two(world)
    other = programme(**{"format_" if name == "format" else name: value for name, value in changes.items()})
    await world.hear(other)
    answer = await ask(call, one, guide.person_id, other.programme_id)
    assert answer.status_code == 422, answer.text
    (error,) = answer.json()["errors"]
    assert error["field"] == "programme_id"
    assert why in error["message"]


async def test_whatever_else_is_wrong_is_named(world: World, call: Caller) -> None:
    about, one, guide = await two(world)

    async def wrong(field: str, status: int = 422, **given: Any) -> str:
        values: dict[str, Any] = {"one": one, "other": guide.person_id, "about": about} | given
        answer = await ask(call, **values)
        assert (answer.status_code, [each["field"] for each in answer.json()["errors"]]) == (status, [field])
        return str(answer.json()["errors"][0]["message"])

    await wrong("programme_id", about=uuid4())
    await wrong("colleague_id", other=one.person_id)
    assert "not among what you want to learn" in await wrong("skill_id", skill=PIANO)
    await wrong("skill_id", skill="a\0b")
    piano = programme(skills=(PIANO,))
    await world.hear(piano)
    await world.hear(changed(one, needs=(*one.needs, *learner(skill=PIANO).needs)))
    assert "nothing this programme is about" in await wrong("skill_id", about=piano.programme_id)
    await world.execute("""UPDATE rules SET rules = rules || '{"exchange": true}'""")
    assert "also teaches" in await wrong("programme_id")
    await world.execute("""UPDATE rules SET rules = rules || '{"exchange": false}'""")
    await world.hear(changed(one, 3, formats=("study_group",)))
    assert "format" in await wrong("programme_id")
    for version, state, changes in (
        (4, "not_taking_part", {"opted_in": False}),
        (5, "paused", {"paused_until": today() + timedelta(days=9)}),
        (6, "no_time", {"time_budget_minutes": 0}),
    ):
        await world.hear(changed(one, version, **changes))
        answer = await ask(call, one, guide.person_id, about)
        assert (answer.status_code, answer.json()["state"]) == (409, state)
    await world.hear(changed(one, 7))
    await asked(call, one, guide, about)
    assert "open match" in await wrong("programme_id")


async def test_nobody_asks_in_the_name_of_anybody_else(world: World, call: Caller) -> None:
    about, one, guide = await two(world)
    path = f"/v1/people/{one.person_id}/suggestions/{guide.person_id}/ask"
    body = {"programme_id": str(about), "skill_id": RUST}
    for roles, who in (((), person().person_id), (("admin",), uuid4()), (("admin",), None)):
        assert (await call("POST", path, *roles, person=who, json=body)).status_code == 404
    unknown = await call("POST", path, person=one.person_id, json=body | {"level": 1})
    assert (unknown.status_code, unknown.json()["errors"][0]["field"]) == (422, "level")
    assert await world.fetch("SELECT FROM matches") == []
