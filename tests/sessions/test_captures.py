"""Knowledge at risk: seen when somebody is to leave, planned into a session in time, settled by what came of it."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from services.sessions.commands import captures
from services.sessions.commands.erasures import erase_people
from shared.events.directory import Proficiency, SkillChanged, SkillNeed, SkillOffer
from tests.sessions.conftest import TODAY, World
from tests.sessions.events import person
from tests.sessions.gathering import attend, begin

SKILL, COMMON = "skill:rare", "skill:common"
LEAVES = TODAY + timedelta(days=30)
OFFERS = (SkillOffer(skill_id=SKILL, level=4), SkillOffer(skill_id=COMMON, level=4))
NEEDS = (SkillNeed(skill_id=SKILL, level=0, target_level=3),)


@pytest.fixture
async def base(world: World) -> World:
    await world.hear(
        SkillChanged(skill_id=SKILL, version=1, label="Rare skill"),
        SkillChanged(skill_id=COMMON, version=1, label="Common skill"),
    )
    return world


async def run(world: World, timer: Any) -> int:
    async with world.db.transaction() as conn:
        return int(await timer(conn))


async def team(world: World) -> tuple[UUID, list[UUID]]:
    """Somebody who knows a rare and a common skill, three others who know the common one, two who want the rare one."""
    holder, *others = (uuid4() for _ in range(6))
    common = (Proficiency(skill_id=COMMON, level=3),)
    await world.hear(
        person(holder, offers=OFFERS),
        *(person(one, proficiencies=common) for one in others[:3]),
        *(person(one, needs=NEEDS) for one in others[3:]),
    )
    return holder, others[3:]


async def leaving(world: World) -> tuple[UUID, list[UUID]]:
    holder, learners = await team(world)
    await world.hear(person(holder, version=2, offers=OFFERS, leaves_on=LEAVES))
    return holder, learners


async def sharing(world: World, **changes: Any) -> UUID:
    return await world.programme(format="knowledge_sharing", group_size_min=3, group_size_max=30,
                                 confidentiality="open", **changes)  # fmt: skip


async def listed(world: World, who: UUID | None = None) -> list[dict[str, Any]]:
    reply = await (world.call("GET", "/v1/captures", who=who) if who else world.own("GET", "/v1/captures"))
    items: list[dict[str, Any]] = reply.json()["items"]
    return items


async def test_the_event_that_says_somebody_leaves_asks_for_what_few_others_know(base: World) -> None:
    """P16."""
    holder, learners = await leaving(base)
    (capture,) = await listed(base, holder)
    assert (capture["skill_id"], capture["reason"], capture["state"], capture["due_on"]) == (
        SKILL, "leaving", "waiting", str(LEAVES - timedelta(days=1)),
    )  # fmt: skip
    assert await listed(base) == [capture]
    assert await listed(base, learners[0]) == []
    told = await base.fetch("SELECT person_id, about FROM messages")
    assert [tuple(row) for row in told] == [(holder, "capture")]
    await base.hear(person(holder, version=3, offers=OFFERS, leaves_on=LEAVES))
    assert await run(base, captures.watch_risks) == 0
    assert len(await listed(base)) == 1


async def test_two_who_know_it_are_few_and_three_are_not(base: World) -> None:
    people = [uuid4() for _ in range(3)]
    await base.hear(*(person(one, offers=OFFERS) for one in people))
    await base.hear(person(people[0], version=2, offers=OFFERS, leaves_on=LEAVES))
    assert await listed(base) == []
    await base.hear(person(people[1], version=2, offers=OFFERS, status="left"))
    assert await run(base, captures.watch_risks) == 2
    assert {one["skill_id"] for one in await listed(base)} == {SKILL, COMMON}


async def test_it_becomes_a_session_with_those_who_want_to_learn_before_its_holder_leaves(base: World) -> None:
    holder, learners = await leaving(base)
    assert await run(base, captures.plan_waiting) == 0
    (waiting,) = await listed(base)
    assert waiting["why"].startswith("No running programme")
    programme = await sharing(base)
    assert [await run(base, captures.plan_waiting) for _ in range(2)] == [1, 0]
    (capture,) = await listed(base)
    assert (capture["state"], capture["why"]) == ("planned", None)
    (session,) = (await base.call("GET", "/v1/sessions", who=holder)).json()["items"]
    roles = {UUID(one["person_id"]): one["role"] for one in session["participants"]}
    assert roles == {holder: "presenter", **dict.fromkeys(learners, "participant")}
    assert (session["programme_id"], session["skill_id"], session["flag"]) == (str(programme), SKILL, None)
    assert session["starts_at"][:10] < str(LEAVES)
    made = UUID(session["session_id"])
    await begin(base, made)
    body = {"content": "What only one knew"}
    await base.call("PUT", f"/v1/sessions/{made}/artefacts/lesson", body, who=holder)
    assert (await attend(base, made, [holder, *learners], holder))["state"] == "held"
    assert await run(base, captures.watch_risks) == 1
    assert (await listed(base))[0]["state"] == "captured"
    refused = await base.own("POST", f"/v1/captures/{capture['capture_id']}/drop")
    assert (refused.status_code, refused.json()["state"]) == (409, "captured")


async def test_it_is_asked_for_by_owners_or_by_oneself_and_once(base: World) -> None:
    holder, learners = await team(base)
    body = {"skill_id": SKILL, "holder_id": str(holder), "due_on": str(TODAY + timedelta(days=40))}
    refused = await base.call("POST", "/v1/captures", body, who=learners[0])
    assert (refused.status_code, refused.json()["type"]) == (403, "/problems/not-theirs-to-ask")
    made = await base.call("POST", "/v1/captures", body, who=holder)
    assert (made.status_code, made.json()["reason"]) == (201, "asked")
    again = await base.own("POST", "/v1/captures", body)
    assert (again.status_code, again.json()["type"], again.json()["state"]) == (
        409, "/problems/capture-runs", "waiting",
    )  # fmt: skip
    path = f"/v1/captures/{made.json()['capture_id']}"
    nothing = await base.own("POST", f"{path}/plan", {})
    assert (nothing.status_code, nothing.json()["type"]) == (409, "/problems/nothing-to-plan-by")
    await sharing(base)
    assert (await base.call("POST", f"{path}/plan", {}, who=learners[0])).status_code == 404
    few = await base.call("POST", f"{path}/plan", {"learners": [str(learners[0])]}, who=holder)
    assert (few.status_code, few.json()["detail"]) == (
        409,
        "Knowledge-sharing session is for 3 and more: 2 would be in it.",
    )
    planned = await base.call("POST", f"{path}/plan", {"learners": list(map(str, learners[:2]))}, who=holder)
    assert (planned.status_code, planned.json()["state"]) == (200, "planned")
    twice = await base.own("POST", f"{path}/plan", {})
    assert (twice.status_code, twice.json()["state"]) == (409, "planned")


@pytest.mark.parametrize(
    ("field", "value"), [("skill_id", "skill:none"), ("due_on", str(TODAY)), ("holder_id", "nobody")]
)
async def test_bad_input_names_the_field(field: str, value: str, base: World) -> None:
    (holder,) = await base.people(1)
    body = {"skill_id": SKILL, "holder_id": str(holder), "due_on": str(LEAVES), field: value}
    reply = await base.own("POST", "/v1/captures", body)
    assert (reply.status_code, reply.json()["errors"][0]["field"]) == (422, field)


async def test_it_is_dropped_when_they_stay_missed_when_they_have_gone_and_waits_again_when_cancelled(
    base: World,
) -> None:
    holder, _ = await leaving(base)
    await sharing(base)
    await run(base, captures.plan_waiting)
    await base.execute("UPDATE sessions SET state = 'cancelled'")
    assert await run(base, captures.watch_risks) == 1
    (capture,) = await listed(base)
    assert (capture["state"], capture["group_id"]) == ("waiting", None)
    await base.hear(person(holder, version=3, offers=OFFERS))
    await run(base, captures.watch_risks)
    assert [(one["state"], one["why"]) for one in await listed(base)] == [("dropped", "stays")]
    await base.hear(person(holder, version=4, offers=OFFERS, leaves_on=LEAVES))
    await base.hear(person(holder, version=5, offers=OFFERS, status="left", leaves_on=LEAVES))
    await run(base, captures.watch_risks)
    assert sorted(one["state"] for one in await listed(base)) == ["dropped", "missed"]


async def test_what_its_holder_declines_does_not_come_back(base: World) -> None:
    holder, _ = await leaving(base)
    (capture,) = await listed(base, holder)
    assert (await base.call("POST", f"/v1/captures/{capture['capture_id']}/drop", who=holder)).status_code == 200
    await run(base, captures.watch_risks)
    assert [one["state"] for one in await listed(base)] == ["dropped"]


async def test_whoever_is_erased_is_in_no_request(base: World) -> None:
    holder, learners = await leaving(base)
    body = {"skill_id": COMMON, "holder_id": str(learners[0]), "due_on": str(LEAVES)}
    await base.call("POST", "/v1/captures", body, who=learners[0])
    async with base.db.transaction() as conn:
        await erase_people(conn, [holder])
    assert [UUID(one["holder_id"]) for one in await listed(base)] == [learners[0]]
