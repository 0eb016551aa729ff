"""Who has been together lately meets others in circles, where others would do."""

from itertools import combinations
from typing import Any
from uuid import UUID

import pytest

from services.matching.engine import round as engine
from services.matching.engine.people import Person, Problem
from services.matching.engine.rules import WEIGHTS, Rules
from shared.events.matching import CircleFormed
from tests.matching.conftest import Caller, World
from tests.matching.test_lifecycle import later, of
from tests.matching.test_previews import OWNER, run
from tests.matching.world import engine_person, person, programme


def company(people: list[Person], size: int) -> frozenset[tuple[UUID, UUID]]:
    """So many at a time have been in one circle."""
    ids = [one.id for one in people]
    return frozenset(pair for at in range(0, len(ids), size) for pair in combinations(ids[at : at + size], 2))


@pytest.mark.parametrize("count", [8, 48, 96])
def test_circles_are_of_people_who_are_new_to_each_other_where_that_can_be(count: int) -> None:
    people = [engine_person(UUID(int=row + 1)) for row in range(count)]
    leaders = [engine_person(UUID(int=500 + row), facilitator_ready=True) for row in range(count // 8)]
    problem = Problem(
        (*people, *leaders), frozenset(one.id for one in people), Rules(), 1, company(people, 4), size_min=4, size_max=4
    )
    found = engine.solve("circle", problem)
    again = [
        sum(
            pair in problem.recent
            for pair in combinations(sorted(one for one, role in match.members if role == "participant"), 2)
        )
        for match in found.matches
    ]
    assert sum(again) == (4 if count == 8 else 0)
    assert [-WEIGHTS["met_lately"] * pairs for pairs in again] == [
        sum(term.points for term in match.terms if term.code == "met_lately") for match in found.matches
    ]
    assert found.value <= found.bound


def test_who_has_nobody_else_meets_them_again() -> None:
    people = [engine_person(UUID(int=row + 1)) for row in range(4)]
    everybody = (*people, engine_person(UUID(int=9), facilitator_ready=True))
    asked, rules = frozenset(one.id for one in people), Rules(weights={**WEIGHTS, "met_lately": 1000})
    problem = Problem(everybody, asked, rules, 1, company(people, 4), size_min=4, size_max=4)
    found = engine.solve("circle", problem)
    assert not found.unmatched
    (match,) = found.matches
    assert ("met_lately", -6000, None) in match.terms
    assert found.value < 0 <= found.bound
    assert found.gap <= 1


def test_a_cut_round_knows_whom_people_have_met() -> None:
    people = [engine_person(UUID(int=row + 1), languages=("de" if row % 2 else "fr",)) for row in range(16)]
    by_language = sorted(people, key=lambda one: one.languages)
    leaders = [engine_person(UUID(int=50 + row), languages=("de", "fr"), facilitator_ready=True) for row in range(4)]
    asked = frozenset(one.id for one in people)
    met = company(by_language, 4)
    whole, parted = (
        engine.solve(
            "circle", Problem((*people, *leaders), asked, Rules(part_people=most), 1, met, size_min=4, size_max=4)
        )
        for most in (1000, 10)
    )
    assert parted.notes["parts"] == 2
    assert whole.matches == parted.matches
    assert sum(term.points for match in whole.matches for term in match.terms if term.code == "met_lately") == -8 * 15


async def test_who_sat_in_one_circle_meets_others_in_the_next_until_the_cool_off_is_over(
    world: World, call: Caller
) -> None:
    about = programme("mentoring_circle", group_size_max=4, audience_units=("D1",))
    eight = [person() for _ in range(8)]
    away: dict[str, Any] = {"unit_code": "U2", "unit_path": ("ROOT", "D2", "U2"), "facilitator_ready": True}
    await world.hear(about)
    await world.hear(*eight, *(person(**away) for _ in range(2)))
    await run(call, about.programme_id)
    first = [frozenset(of(event, "participant")) for event in await world.said(CircleFormed)]
    await world.hear(later(about, status="closed"))
    another = programme("mentoring_circle", group_size_max=4, audience_units=("D1",))
    await world.hear(another)
    preview = await run(call, another.programme_id, dry_run=True, seed=1)
    matches = (await call("GET", f"/v1/matches?round_id={preview['round_id']}", OWNER)).json()["items"]
    assert len(matches) == 2
    for match in matches:
        who = {one["person_id"] for one in match["members"] if one["role"] == "participant"}
        assert [len(who & before) for before in first] == [2, 2]
        (told,) = [one for one in match["reasons"] if one["code"] == "met_lately"]
        assert told["points"] == -2 * WEIGHTS["met_lately"]
        assert "not long ago" in told["text"]
    replayed = (await call("POST", f"/v1/rounds/{preview['round_id']}/replay", OWNER)).json()
    assert (replayed["same_input"], replayed["same_output"]) == (True, True)
    async with world.db.transaction() as conn:
        await conn.execute("UPDATE matches SET changed_at = now() - interval '181 days'")
    preview = await run(call, another.programme_id, dry_run=True, seed=1)
    matches = (await call("GET", f"/v1/matches?round_id={preview['round_id']}", OWNER)).json()["items"]
    assert not [one for match in matches for one in match["reasons"] if one["code"] == "met_lately"]
