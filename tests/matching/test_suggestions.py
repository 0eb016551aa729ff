"""Suggestions: filters, pages without gaps, and people as they are now."""

import subprocess
import sys
from importlib import resources
from typing import Any
from unittest.mock import patch
from urllib.parse import urlencode
from uuid import UUID

import pytest

from services.matching.queries import suggestions
from shared.events.directory import SkillNeed, SkillOffer
from tests.matching.conftest import Caller, World
from tests.matching.test_upkeep import changed
from tests.matching.world import PIANO, RUST, learner, person, teacher

CODE = """
import sys
from uuid import UUID
from numba.core.registry import CPUDispatcher
from services.matching.engine.people import Problem
from services.matching.engine.rules import Rules
from services.matching.engine.suggestions import suggest, warm
from tests.matching.world import engine_person

def loaded():
    modules = [module for name, module in sys.modules.items() if name.startswith("services.matching.engine")]
    values = {id(value): value for module in modules for value in vars(module).values()}.values()
    functions = [value for value in values if isinstance(value, CPUDispatcher)]
    return {(function.__name__, str(kind)) for function in functions for kind in function.signatures}

people = [
    engine_person(
        UUID(int=row + 1), manager=UUID(int=1) if row else None, not_with=(UUID(int=9),) if row == 3 else (),
        offers=(("a", row % 6), ("b", 4)), needs=(("c", 0, 1), ("a", row % 4, 5)), experience=("moved",),
        likes="morning", languages=("en", "de"), waited=2, load=1,
    )
    for row in range(12)
]
recent = frozenset({(UUID(int=2), UUID(int=5))})
warm()
before = loaded()
found = suggest(Problem(tuple(people), frozenset({UUID(int=3)}), Rules(), 1, recent=recent), UUID(int=3), 20)
assert found and before
print(sorted(loaded() - before))
"""


def test_the_first_question_finds_all_machine_code_loaded() -> None:
    told = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "[]"


async def suggested(call: Caller, person_id: UUID, **query: Any) -> list[str]:
    path = f"/v1/people/{person_id}/suggestions?{urlencode(query)}"
    answer = await call("GET", path, person=person_id)
    assert answer.status_code == 200, answer.text
    return [item["person_id"] for item in answer.json()["items"]]


async def test_pages_hold_everybody_once_best_first(world: World, call: Caller) -> None:
    """P5."""
    one, guides = learner(), [teacher(level=2 + place % 3, job_level=place) for place in range(11)]
    await world.hear(one, *guides)
    path, seen, cursor = f"/v1/people/{one.person_id}/suggestions?limit=4", list[dict[str, Any]](), ""
    while True:
        answer = await call("GET", f"{path}{cursor}", person=one.person_id)
        seen += answer.json()["items"]
        if answer.json()["next"] is None:
            break
        assert "Link" in answer.headers
        cursor = f"&cursor={answer.json()['next']}"
    assert len({item["person_id"] for item in seen}) == len(seen) == 11
    assert [item["score"] for item in seen] == sorted((item["score"] for item in seen), reverse=True)
    wrong = await call("GET", f"{path}&cursor=nonsense", person=one.person_id)
    assert wrong.json()["errors"][0]["field"] == "cursor"


async def test_filters_narrow_and_a_skill_may_be_asked_about_unwanted(world: World, call: Caller) -> None:
    one = learner(languages=("en", "de"))
    far = teacher(site_code="OSL", unit_code="U9", unit_path=("ROOT", "D9", "U9"))
    german, expert, pianist = teacher(languages=("de",)), teacher(level=5), teacher(skill=PIANO)
    await world.hear(one, far, german, expert, pianist)
    me = one.person_id
    assert set(await suggested(call, me)) == {str(who.person_id) for who in (far, german, expert)}
    assert await suggested(call, me, site="OSL") == [str(far.person_id)]
    assert await suggested(call, me, unit="D9") == [str(far.person_id)]
    assert await suggested(call, me, language="de") == [str(german.person_id)]
    assert await suggested(call, me, level=5) == [str(expert.person_id)]
    assert await suggested(call, me, skill_id=PIANO) == [str(pianist.person_id)]
    assert await suggested(call, me, skill_id="skill/none") == []
    assert len(await suggested(call, me, skill_id=RUST)) == 3


@pytest.mark.parametrize("filter_", ["skill_id", "unit", "site", "language"])
async def test_a_filter_no_database_could_hold_is_refused_by_name(filter_: str, world: World, call: Caller) -> None:
    one = learner()
    await world.hear(one, teacher())
    path = f"/v1/people/{one.person_id}/suggestions"
    answer = await call("GET", f"{path}?{filter_}=O%00SL", person=one.person_id)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, filter_)


async def test_a_changed_profile_counts_from_the_next_question_on(world: World, call: Caller) -> None:
    one, guide = learner(), teacher()
    await world.hear(one, guide)
    assert await suggested(call, one.person_id) == [str(guide.person_id)]
    await world.hear(changed(guide, opted_in=False))
    assert await suggested(call, one.person_id) == []
    await world.hear(changed(guide, 3))
    assert await suggested(call, one.person_id) == [str(guide.person_id)]
    await world.hear(changed(one, needs=()))
    assert await suggested(call, one.person_id) == []


async def test_a_reason_names_what_both_have_been_through(world: World, call: Caller) -> None:
    """P9."""
    one, other = learner(experience=("merger", "new country")), teacher(experience=("new country",))
    await world.hear(one, other)
    answer = await call("GET", f"/v1/people/{one.person_id}/suggestions", person=one.person_id)
    (told,) = [why for why in answer.json()["items"][0]["reasons"] if why["code"] == "shared_experience"]
    assert told["text"] == "Both have been through this: new country."
    await world.hear(changed(other, experience=()))
    answer = await call("GET", f"/v1/people/{one.person_id}/suggestions", person=one.person_id)
    assert "shared_experience" not in {why["code"] for why in answer.json()["items"][0]["reasons"]}


async def test_a_rare_skill_is_read_whole_beside_a_common_one(world: World, call: Caller) -> None:
    """Of each skill so many are read, and only who is at the level: not a sample of all together."""
    needs = tuple(SkillNeed(skill_id=skill, level=1, target_level=3) for skill in (RUST, PIANO))
    one, rare = person(needs=needs), teacher(skill=PIANO)
    await world.hear(one, rare, *(teacher() for _ in range(30)), *(teacher(level=1) for _ in range(10)))
    with patch.multiple(suggestions, READ=4, READ_OF_EACH=2):
        found = await suggested(call, one.person_id)
    assert str(rare.person_id) in found
    assert len(found) == 3


async def test_whoever_can_be_talked_to_is_found_and_nobody_else(world: World, call: Caller) -> None:
    """What is read follows every change of a profile: languages, levels, offers, absence, and the way back."""
    one, guide = learner(languages=("en", "de")), teacher(languages=("fr",))
    me, found = one.person_id, [str(guide.person_id)]
    await world.hear(one, guide)
    states: list[tuple[dict[str, Any], list[str]]] = [
        ({"languages": ("fr", "de")}, found),
        ({"languages": ("fr",)}, []),
        ({"languages": ("en",)}, found),
        ({"offers": (SkillOffer(skill_id=RUST, level=1),)}, []),
        ({"offers": (SkillOffer(skill_id=PIANO, level=5),)}, []),
        ({"status": "leave"}, []),
        ({"languages": ("en",)}, found),
    ]
    for version, (changes, expected) in enumerate(states, start=2):
        await world.hear(changed(guide, version, **changes))
        assert await suggested(call, me) == expected, changes


async def test_people_who_were_known_before_are_found_after_the_migration(world: World, call: Caller) -> None:
    one, guide, other = learner(), teacher(), teacher()
    await world.hear(one, guide, other)
    migrations = resources.files("services.matching").joinpath("migrations")
    backfill = migrations.joinpath("0101_expand_known_skill_offers.sql").read_text()
    async with world.db.transaction() as conn:
        await conn.execute("DELETE FROM skill_offers WHERE person_id = $1", guide.person_id)
    assert await suggested(call, one.person_id) == [str(other.person_id)]
    async with world.db.transaction() as conn:
        await conn.execute(backfill)
    assert set(await suggested(call, one.person_id)) == {str(guide.person_id), str(other.person_id)}


async def test_of_very_many_each_asker_draws_others(world: World, call: Caller) -> None:
    askers, guides = [learner() for _ in range(8)], [teacher() for _ in range(12)]
    await world.hear(*askers, *guides)
    with patch.multiple(suggestions, READ=3, READ_OF_EACH=3):
        drawn = [frozenset(await suggested(call, one.person_id)) for one in askers]
    assert {len(each) for each in drawn} == {3}
    assert len(set(drawn)) > 1
