"""Suggestions are read from packed profiles: they say what the engine says of everybody's own rows."""

import random
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest

from services.matching.app import create_app
from services.matching.commands.suggestions import pack_offers
from services.matching.engine.people import Problem
from services.matching.engine.rules import Rules
from services.matching.engine.suggestions import suggest
from services.matching.settings import MatchingSettings
from services.matching.store import people, received
from shared.events.directory import PersonErased, SkillNeed, SkillOffer
from shared.events.sessions import LikenessRated
from tests.fixtures.issuer import Issuer
from tests.matching.conftest import Caller, World
from tests.matching.test_upkeep import changed, run
from tests.matching.world import learner, person, programme, teacher, today

SKILLS, TAGS = [f"skill/{number}" for number in range(5)], ["merger", "new country", "skill/1"]


def fields(draw: random.Random, ids: list[UUID]) -> dict[str, Any]:
    """Somebody of any kind."""
    offered, wanted = draw.sample(SKILLS, draw.randint(0, 3)), draw.sample(SKILLS, draw.randint(0, 3))
    starts, unit = draw.choice([0, 480, 540, 615, 700]), f"U{draw.randint(1, 4)}"
    return {
        "offers": tuple(SkillOffer(skill_id=skill, level=draw.randint(1, 5)) for skill in offered),
        "needs": tuple(SkillNeed(skill_id=skill, level=draw.randint(0, 3), target_level=4) for skill in wanted),
        "unit_code": unit,
        "unit_path": ("ROOT", unit),
        "manager_id": draw.choice([*ids[:6], None]),
        "job_level": draw.randint(1, 6),
        "time_zone": draw.choice(["Europe/Berlin", "Asia/Kolkata", "America/Los_Angeles", "Pacific/Auckland"]),
        "work_starts": starts,
        "work_ends": starts + 480,
        "work_days": tuple(sorted(draw.sample(range(1, 8), draw.randint(2, 6)))),
        "time_of_day": draw.choice([None, "morning", "afternoon"]),
        "languages": tuple(draw.sample(["en", "de", "fr"], draw.randint(1, 2))),
        "experience": tuple(draw.sample(TAGS, draw.randint(0, 2))),
        "capacity": draw.choice([0, 1, 1, 3]),
        "time_budget_minutes": draw.choice([0, 60, 240]),
        "paused_until": draw.choice([None, None, None, today(), today() + timedelta(days=1)]),
        "status": draw.choice(["active"] * 6 + ["leave"]),
        "opted_in": draw.random() < 0.9,
        "not_with": tuple(draw.sample(ids, draw.choice([0, 0, 2]))),
        "hired_on": today() - timedelta(days=draw.choice([10, 1000])),
    }


async def by_the_engine(world: World, one: UUID) -> list[tuple[str, str, int, dict[str, int]]]:
    """What the engine would suggest, knowing all."""
    rules = Rules()
    async with world.db.transaction() as conn:
        crowd = await people.everybody(conn, None, today())
        recent = await people.recent_pairs(conn, rules.cool_off_days)
        heard = await received.of_pairs(conn)
    problem = Problem(tuple(known.person for known in crowd), frozenset({one}), rules, 1, recent, heard=heard)
    found = sorted(suggest(problem, one, 300), key=lambda match: (-match.score, match.members[1][0]))
    return [
        (str(match.members[1][0]), match.skill or "", match.score, {term.code: term.points for term in match.terms})
        for match in found
    ]


async def by_http(call: Caller, one: UUID, narrowed: str = "") -> list[tuple[str, str, int, dict[str, int]]]:
    """All pages."""
    seen, cursor = list[dict[str, Any]](), ""
    while True:
        answer = await call("GET", f"/v1/people/{one}/suggestions?limit=7{narrowed}{cursor}", person=one)
        seen += answer.json()["items"]
        if answer.json()["next"] is None:
            break
        cursor = f"&cursor={answer.json()['next']}"
    return [
        (item["person_id"], item["skill_id"], item["score"], {why["code"]: why["points"] for why in item["reasons"]})
        for item in seen
    ]


async def all_agree(world: World, call: Caller, ids: list[UUID]) -> set[str]:
    """Compare everybody's suggestions; the reasons that occurred."""
    told = set[str]()
    for one in ids:
        expected, found = await by_the_engine(world, one), await by_http(call, one)
        assert [(who, score) for who, _, score, _ in found] == [(who, score) for who, _, score, _ in expected]
        for ours, theirs in zip(found, expected, strict=True):
            assert ours == theirs or ours[1] != theirs[1]  # two skills worth the same
            told |= ours[3].keys()
    return told


@pytest.mark.parametrize("seed", [1, 2])
async def test_packed_profiles_say_what_the_engine_says(world: World, call: Caller, seed: int) -> None:
    """P5, P9. Also with what was heard, with open matches, and after everything about everybody has changed."""
    draw = random.Random(seed)
    ids = [UUID(int=draw.getrandbits(128)) for _ in range(60)]
    crowd = [person(one, **fields(draw, ids)) for one in ids]
    mentoring = programme(session_minutes=30)
    await world.hear(mentoring)
    await world.hear(*crowd)
    said = {"another_unit.same_site.1": 480, "another_unit.another_site.1": 380, "same_unit.same_site.0": 150}
    await world.hear(
        *(LikenessRated(format="mentoring", likeness=one, answers=100, usefulness=all_) for one, all_ in said.items()),
        LikenessRated(format="job_shadowing", likeness="another_unit.same_site.2", answers=100, usefulness=100),
    )
    told = await all_agree(world, call, ids)
    assert "well_received" in told
    assert told >= {"reciprocity", "shared_challenge", "shared_experience", "preferred_time", "newcomer", "cross_unit"}
    await run(world, mentoring.programme_id)
    assert await world.fetch("SELECT FROM matches")
    await all_agree(world, call, ids)
    await world.hear(*(changed(one, 2, **fields(draw, ids)) for one in crowd))
    await all_agree(world, call, ids)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("job_level", 9),
        ("unit_code", "U9"),
        ("time_zone", "Pacific/Auckland"),
        ("work_days", (6, 7)),
        ("work_starts", 900),
        ("work_ends", 700),
        ("capacity", 0),
        ("time_budget_minutes", 0),
        ("paused_until", today() + timedelta(days=1)),
        ("time_of_day", "afternoon"),
        ("experience", ("merger",)),
        ("needs", (SkillNeed(skill_id=SKILLS[0], level=0, target_level=2),)),
    ],
)
async def test_each_field_of_a_profile_counts_at_once(world: World, call: Caller, field: str, value: object) -> None:
    one = learner(experience=("merger",), time_of_day="morning", offers=(SkillOffer(skill_id=SKILLS[0], level=3),))
    guide = teacher(time_of_day="morning")
    await world.hear(one, guide)
    before = await by_http(call, one.person_id)
    await world.hear(changed(guide, 2, **{field: value}))
    assert await by_http(call, one.person_id) == await by_the_engine(world, one.person_id) != before


async def test_a_manager_and_whoever_is_kept_apart_are_never_suggested(world: World, call: Caller) -> None:
    one, guides = learner(), [teacher() for _ in range(5)]
    await world.hear(one, *guides)
    me, ids = one.person_id, [guide.person_id for guide in guides]
    await world.hear(changed(one, 2, manager_id=ids[0], not_with=(ids[1],)))
    await world.hear(changed(guides[2], 2, manager_id=me), changed(guides[3], 2, not_with=(me,)))
    assert [who for who, *_ in await by_http(call, me)] == [str(ids[4])]


async def test_who_is_erased_is_gone_from_every_process_at_once(
    world: World, call: Caller, settings: MatchingSettings, issuer: Issuer
) -> None:
    one, guide, other = learner(), teacher(), teacher()
    await world.hear(one, guide, other)
    app = create_app(settings.model_copy(update={"issuer": issuer.url}))
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://other") as client,
    ):
        processes = (call, Caller(client, issuer))
        for process in processes:
            assert len(await by_http(process, one.person_id)) == 2
        await world.hear(PersonErased(person_id=guide.person_id))
        for process in processes:
            assert [who for who, *_ in await by_http(process, one.person_id)] == [str(other.person_id)]


async def test_offers_of_before_are_found_unpacked_and_packed_by_and_by(world: World, call: Caller) -> None:
    one, guides = learner(), [teacher(experience=("merger",)) for _ in range(3)]
    await world.hear(one, *guides, teacher(site_code="OSL"), teacher(unit_path=("ROOT", "D2")))
    before, near = await by_http(call, one.person_id), "&site=BER&unit=D1&language=en"
    assert len(before) == 5
    assert len(await by_http(call, one.person_id, near)) == 3
    await world.execute("UPDATE skill_offers SET profile = NULL, marks = NULL, places = NULL")
    assert await by_http(call, one.person_id) == before
    assert len(await by_http(call, one.person_id, near)) == 3
    async with world.db.transaction() as conn:
        assert await pack_offers(conn) == 5
        assert await pack_offers(conn) == 0
    assert not await world.fetch("SELECT FROM skill_offers WHERE num_nulls(profile, marks, places) > 0")
    assert await by_http(call, one.person_id) == before
    assert len(await by_http(call, one.person_id, near)) == 3


async def test_who_moves_is_found_where_they_are_now(world: World, call: Caller) -> None:
    one, guide = learner(languages=("en", "de")), teacher()
    await world.hear(one, guide)
    moves: tuple[dict[str, Any], ...] = (
        {"site_code": "OSL"},
        {"unit_path": ("ROOT", "D7", "U1")},
        {"languages": ("en", "fr")},
    )
    for version, (narrowed, move) in enumerate(zip(("site=OSL", "unit=D7", "language=fr"), moves, strict=True), 2):
        assert await by_http(call, one.person_id, f"&{narrowed}") == []
        await world.hear(changed(guide, version, **move))
        assert len(await by_http(call, one.person_id, f"&{narrowed}")) == 1


async def test_many_challenges_are_no_hindrance(world: World, call: Caller) -> None:
    """An index takes no more than so many."""
    needs = tuple(SkillNeed(skill_id=f"{'s' * 190}/{number}", level=1, target_level=2) for number in range(200))
    one, guide = learner(), teacher(skill="x" * 200, needs=needs, languages=("l" * 200,))
    await world.hear(changed(one, 1, languages=("l" * 200,)), guide)
    answer = await call("GET", f"/v1/people/{one.person_id}/suggestions?skill_id={'x' * 200}", person=one.person_id)
    assert [item["person_id"] for item in answer.json()["items"]] == [str(guide.person_id)]
