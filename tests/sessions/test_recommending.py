"""What may help somebody next, what has grown old, what is wanted more than before."""

from typing import Any
from uuid import UUID, uuid4

import pytest

from services.sessions.commands import erasures
from services.sessions.commands.recommending import count_needs
from shared.events.directory import Proficiency, SkillNeed
from tests.sessions.conftest import World
from tests.sessions.events import person
from tests.sessions.gathering import add, attend, begin, fill, found, workday
from tests.sessions.shelf import OTHER, RESOURCE, SKILL, SKILLS, leave, run


@pytest.fixture
async def base(world: World) -> World:
    await world.hear(*SKILLS)
    return world


async def wanting(world: World, *needs: tuple[str, int, int], **changes: Any) -> UUID:
    """Somebody who wants to get from one level of a skill to another."""
    who = uuid4()
    stated = tuple(SkillNeed(skill_id=skill, level=level, target_level=target) for skill, level, target in needs)
    await world.hear(person(who, needs=stated, **changes))
    return who


async def titles(world: World, who: UUID, query: str = "") -> list[str]:
    reply = await world.call("GET", f"/v1/recommended-resources?{query}", who=who)
    assert reply.status_code == 200, reply.text
    return [item["title"] for item in reply.json()["items"]]


async def test_each_gap_of_ones_own_is_met_with_a_few_resources_and_reasons(base: World) -> None:
    """P6: by the caller's own gaps, the widest first, the level that fits first; what they have used is left out."""
    (author,) = await base.people(1)
    for title, skill, level in (("Deep", SKILL, 4), ("Next", SKILL, 2), ("First", SKILL, 1), ("Bills", OTHER, None)):
        await leave(base, author, RESOURCE, title=title, skills=[skill], level=level)
    who = await wanting(base, (SKILL, 1, 4), (OTHER, 2, 3))
    items = (await base.call("GET", "/v1/recommended-resources", who=who)).json()["items"]
    assert [item["title"] for item in items][-2:] == ["Deep", "Bills"]
    assert {item["title"] for item in items[:2]} == {"Next", "First"}
    assert items[0]["reasons"][0].endswith("3 levels to go")
    assert "It is for the level you have, or the next one" in items[0]["reasons"]
    assert items[-1]["reasons"][0].endswith("1 level to go")
    assert await titles(base, who, f"skill_id={OTHER}") == ["Bills"]
    assert len(await titles(base, who, "few=1")) == 2
    await base.call("PUT", f"/v1/knowledge/{items[-1]['item_id']}/use", who=who)
    assert "Bills" not in await titles(base, who)
    assert await titles(base, author) == []
    reached = (Proficiency(skill_id=SKILL, level=4, target_level=4),)
    await base.hear(person(who, 2, needs=(SkillNeed(skill_id=SKILL, level=1, target_level=4),), proficiencies=reached))
    assert await titles(base, who) == []


async def test_whoever_asks_for_extra_support_gets_easier_resources_and_nobody_else_knows(base: World) -> None:
    """P13: private to the person, never published; resources of their level and below come first."""
    (author,) = await base.people(1)
    for title, level in (("Next", 3), ("Easy", 1)):
        await leave(base, author, RESOURCE, title=title, skills=[SKILL], level=level)
    who = await wanting(base, (SKILL, 2, 4))
    assert await titles(base, who) == ["Next", "Easy"]
    before = await base.fetch("SELECT count(*) FROM outbox")
    assert (
        await base.call("PUT", "/v1/extra-support", {"skill_id": SKILL, "wanted": True}, who=who)
    ).status_code == 204
    assert await base.fetch("SELECT count(*) FROM outbox") == before
    assert await titles(base, who) == ["Easy", "Next"]
    assert (await base.call("GET", "/v1/extra-support", who=who)).json()["items"] == [SKILL]
    assert (await base.call("GET", "/v1/extra-support", who=author)).json()["items"] == []
    assert (await base.own("GET", "/v1/extra-support")).status_code == 403
    unknown = await base.call("PUT", "/v1/extra-support", {"skill_id": "urn:none", "wanted": True}, who=who)
    assert (unknown.status_code, unknown.json()["errors"][0]["field"]) == (422, "skill_id")
    async with base.db.transaction() as conn:
        await erasures.erase_people(conn, [who])
    assert await base.fetch("SELECT FROM extra_support") == []


async def test_discovery_shows_what_is_open_with_a_reason_what_one_wants_first(base: World) -> None:
    """C20: upcoming open sessions and communities for me, each with why it is shown; pages hold each once."""
    founder = (await base.people(1))[0]
    who = await wanting(base, (SKILL, 1, 3))
    programme = await base.programme(format="community_of_practice", name="Practice")
    hidden = await base.programme(format="community_of_practice", audience_units=["nobody"])
    wanted = await found(base, founder, programme, name="Wanted", charter="We", skill_id=SKILL)
    other = await found(base, founder, programme, name="Other", charter="We")
    await base.hear(person(founder, 2, unit_path=("acme", "nobody")))
    await found(base, founder, hidden, name="Hidden", charter="We")
    soon = await add(base, founder, other, workday(2), title="Soon")
    later = await add(base, founder, wanted, workday(20), title="Later", capacity=2)
    seen: list[dict[str, Any]] = []
    path = "/v1/discovery?limit=1"
    while path:
        reply = (await base.call("GET", path, who=who)).json()
        seen += reply["items"]
        path = f"/v1/discovery?limit=1&cursor={reply['next']}" if reply["next"] else ""
    assert [(offer["kind"], offer["title"]) for offer in seen[:2]] in (
        [("session", "Later"), ("group", "Wanted")], [("group", "Wanted"), ("session", "Later")],
    )  # fmt: skip
    assert {offer["title"] for offer in seen} == {"Later", "Wanted", "Soon", "Other"}
    by_id = {offer["id"]: offer for offer in seen}
    assert by_id[str(later)]["reasons"] == ["It is about a skill you want to learn", "Practice is open to you"]
    assert by_id[str(soon)]["reasons"] == ["It is within a week", "Practice is open to you"]
    await base.call("POST", f"/v1/sessions/{soon}/rsvp", {"answer": "accept", "rules_version": 1}, who=who)
    await fill(base, other, 3)
    await begin(base, soon)
    await attend(base, soon, [who, founder], founder)
    found_now = (await base.call("GET", "/v1/discovery", who=who)).json()["items"]
    assert str(soon) not in {offer["id"] for offer in found_now}
    assert "Somebody you have met in a session takes part" in found_now[0]["reasons"]


async def test_what_nobody_has_renewed_is_listed_until_somebody_does(base: World) -> None:
    """C17: resources, playbooks in use and topics of programmes without refresh for so many months."""
    author, sponsor = await base.people(2)
    item = await leave(base, author, RESOURCE, skills=[SKILL])
    programme = await base.programme(skills=[SKILL], sponsor_id=str(sponsor))

    async def stale(who: UUID | None = None, query: str = "") -> list[tuple[str, str]]:
        path = f"/v1/stale-topics?{query}"
        reply = await (base.call("GET", path, who=who) if who else base.own("GET", path))
        return [(one["kind"], one["subject"]) for one in reply.json()["items"]]

    assert await stale() == []
    await base.execute("UPDATE knowledge SET refreshed_on = current_date - 200")
    assert await stale() == [("resource", item["item_id"])]
    await base.execute("UPDATE programmes SET published_on = current_date - 300")
    topic = ("topic", f"{programme} {SKILL}")
    assert await stale() == [("playbook", "mentoring_circle"), ("resource", item["item_id"]), topic]
    assert await stale(query="months=8") == [("playbook", "mentoring_circle")]
    assert await stale(author) == [("resource", item["item_id"])]
    assert await stale(sponsor) == [topic]
    pages, path = [], "/v1/stale-topics?limit=1"
    while path:
        reply = (await base.own("GET", path)).json()
        pages += [one["kind"] for one in reply["items"]]
        path = f"/v1/stale-topics?limit=1&cursor={reply['next']}" if reply["next"] else ""
    assert pages == ["playbook", "resource", "topic"]
    await base.call("POST", f"/v1/knowledge/{item['item_id']}/renewal", {}, who=author)
    steps = {"steps": ["One", "Two"]}
    path = "/v1/formats/mentoring_circle/playbook"
    assert (await base.own("PUT", path, steps, if_match='"v1"')).status_code == 200
    assert await stale() == []


async def test_needs_that_grow_are_told_in_fives_and_never_of_fewer(base: World) -> None:
    """C17: trending needs, k-anonymous: a number moves when five people more or fewer want a skill."""

    async def trending() -> list[tuple[str, int, int]]:
        reply = await base.call("GET", "/v1/trending-needs?months=1", who=who)
        return [(one["skill_id"], one["people"], one["growth"]) for one in reply.json()["items"]]

    who = await wanting(base, (SKILL, 1, 3), (OTHER, 0, 1))
    for _ in range(3):
        await wanting(base, (SKILL, 1, 3))
    assert await run(base, count_needs) == 0
    fifth = await wanting(base, (SKILL, 1, 3))
    assert await run(base, count_needs) == 1
    assert await trending() == [(SKILL, 5, 5)]
    for _ in range(4):
        await wanting(base, (SKILL, 1, 3), (OTHER, 0, 1))
    await base.hear(person(fifth, 2))
    await run(base, count_needs)
    assert await trending() == [(SKILL, 5, 5), (OTHER, 5, 5)]
    await base.execute("UPDATE need_counts SET month = month - interval '2 months'")
    for _ in range(2):
        await wanting(base, (SKILL, 1, 3))
    await run(base, count_needs)
    assert await trending() == [(SKILL, 10, 5)]
