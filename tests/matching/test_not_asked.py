"""Whom a programme does not ask reads why, and nobody else does."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from shared.events.directory import PersonChanged
from tests.matching.conftest import Caller, World
from tests.matching.test_previews import OWNER, run
from tests.matching.test_upkeep import changed
from tests.matching.world import PIANO, RUST, learner, newcomer, person, programme, teacher, today

LATER = today() + timedelta(days=9)


async def told(call: Caller, one: PersonChanged) -> list[tuple[str, str]]:
    """Programme and reason of each that does not ask somebody."""
    answer = await call("GET", f"/v1/people/{one.person_id}/not-asked", person=one.person_id)
    assert answer.status_code == 200, answer.text
    assert all(each["text"] for each in answer.json()["items"])
    return [(each["programme_id"], each["reason"]) for each in answer.json()["items"]]


@pytest.mark.parametrize(
    ("one", "reason"),
    [
        (learner(formats=("job_shadowing",)), "another_format"),
        (learner(modalities=("in_person",)), "another_modality"),
        (learner(paused_until=LATER), "paused"),
        (learner(opted_in=False), "not_taking_part"),
        (learner(status="leave"), "not_taking_part"),
        (learner(skill=PIANO), "nothing_of_it"),
        (person(), "nothing_of_it"),
        (learner(time_budget_minutes=10), "no_time"),
        (learner(), None),
        (learner(unit_code="U9", unit_path=("ROOT", "D9", "U9")), None),
    ],
    ids=["format", "modality", "paused", "opted-out", "away", "other-need", "no-need", "no-time", "asked", "outside"],
)
async def test_what_keeps_somebody_from_being_asked_is_told_to_them(
    world: World, call: Caller, one: PersonChanged, reason: str | None
) -> None:
    about = programme(skills=(RUST,), audience_units=("D1",))
    await world.hear(about, programme(status="draft"), programme("community_of_practice"))
    await world.hear(one)
    assert await told(call, one) == ([(str(about.programme_id), reason)] if reason else [])
    path = f"/v1/people/{one.person_id}/not-asked"
    for role in ("employee", "manager", "programme-owner", "admin"):
        assert (await call("GET", path, role, person=uuid4())).status_code == 404


async def test_who_is_matched_or_leads_is_told_nothing_and_somebody_unknown_is_not_known(
    world: World, call: Caller
) -> None:
    about = programme("mentoring_circle")
    people = [learner(time_budget_minutes=60) for _ in range(4)]
    leader = person(facilitator_ready=True)
    await world.hear(about)
    await world.hear(*people, leader)
    await run(call, about.programme_id)
    for one in (*people, leader):
        assert await told(call, one) == []
    stranger = uuid4()
    assert (await call("GET", f"/v1/people/{stranger}/not-asked", person=stranger)).status_code == 404


async def test_a_round_of_buddies_tells_apart_why_it_asks_no_hire(world: World, call: Caller) -> None:
    about = programme("onboarding_buddy", audience_units=("D1",))
    away: dict[str, Any] = {"unit_code": "U9", "unit_path": ("ROOT", "D9", "U9")}
    small, out, paused = newcomer(time_budget_minutes=30), newcomer(opted_in=False), newcomer(paused_until=LATER)
    served, guide = newcomer(), person()
    await world.hear(about)
    await world.hear(guide)
    await world.hear(served)
    await world.hear(small, out, paused, newcomer(**away))
    found: dict[str, Any] = await run(call, about.programme_id)
    reasons = {each["code"]: each["people"] for each in found["report"]["not_asked"]}
    assert (found["asked"], reasons) == (
        0,
        {"has_buddy": 1, "no_newcomer": 1, "no_time_for_it": 1, "not_taking_part": 2, "outside_audience": 1},
    )
    mine = str(about.programme_id)
    assert [await told(call, one) for one in (small, out, paused)] == [
        [(mine, "no_time")],
        [(mine, "not_taking_part")],
        [(mine, "paused")],
    ]
    assert [await told(call, one) for one in (served, guide)] == [[], []]


async def test_an_empty_page_of_suggestions_says_why(world: World, call: Caller) -> None:
    await world.hear(programme())
    guide, one = teacher(), learner(paused_until=LATER)
    nothing, late, alone = person(), learner(time_budget_minutes=0), learner(skill=PIANO)
    await world.hear(guide, one, nothing, late, alone)

    async def why(who: PersonChanged, query: str = "") -> str | None:
        body = (await call("GET", f"/v1/people/{who.person_id}/suggestions{query}", person=who.person_id)).json()
        assert bool(body["items"]) is (body.get("why") is None)
        assert body["items"] or body["why"]["text"]
        return body["why"]["code"] if body.get("why") else None

    assert [await why(each) for each in (one, nothing, late, alone)] == [
        "paused",
        "nothing_named",
        "no_time",
        "nobody_fits",
    ]
    await world.hear(changed(one, opted_in=False))
    assert await why(one) == "not_taking_part"
    await world.hear(changed(one, 3, paused_until=None))
    assert await why(one) is None
    assert await why(one, "?site=OSL") == "nobody_fits"


async def test_a_preview_of_what_nobody_is_asked_names_nobody(world: World, call: Caller) -> None:
    about = programme()
    await world.hear(about)
    await world.hear(learner(paused_until=LATER))
    found: dict[str, Any] = await run(call, about.programme_id, dry_run=True)
    assert [(each["code"], each["people"]) for each in found["report"]["not_asked"]] == [("not_taking_part", 1)]
    assert (await call("GET", f"/v1/rounds/{found['round_id']}/unmatched", OWNER)).json()["items"] == []
