"""Circles that stand take whom a round leaves over and who waits, and end where they stay too small."""

from typing import Any
from uuid import UUID

import pytest

from services.matching.engine import groups, joining
from services.matching.engine.people import Problem
from services.matching.engine.rules import Rules
from shared.events.directory import PersonChanged
from shared.events.matching import CircleChanged, MatchEnded, PersonLeftUnmatched, RoundCompleted
from shared.events.sessions import ProgrammeChanged
from tests.matching.conftest import Caller, World
from tests.matching.test_previews import OWNER, run
from tests.matching.test_upkeep import changed
from tests.matching.world import engine_person, learner, person, programme


async def a_circle(world: World, call: Caller, most: int = 8) -> tuple[ProgrammeChanged, list[PersonChanged]]:
    """A programme of circles of four to so many, and the first four, who have one."""
    about = programme("mentoring_circle", group_size_max=most, audience_units=("D1",))
    four = [learner() for _ in range(4)]
    await world.hear(about)
    await world.hear(*four, person(facilitator_ready=True, unit_code="U2", unit_path=("ROOT", "D2", "U2")))
    assert (await run(call, about.programme_id))["matched"] == 4
    return about, four


async def inside(call: Caller) -> list[tuple[str, set[str]]]:
    """Every circle's state and participants."""
    found = (await call("GET", "/v1/matches", OWNER)).json()["items"]
    people = [{one["person_id"] for one in each["members"] if one["role"] == "participant"} for each in found]
    return [(each["state"], who) for each, who in zip(found, people, strict=True)]


def ids(*people: PersonChanged) -> set[str]:
    return {str(one.person_id) for one in people}


async def test_whom_a_round_leaves_over_joins_a_circle_that_stands(world: World, call: Caller) -> None:
    about, four = await a_circle(world, call)
    late, apart = learner(), learner(languages=("xx",))
    await world.hear(late, apart)
    published = await run(call, about.programme_id)
    assert (published["asked"], published["matched"], published["unmatched_by_reason"]) == (
        2,
        1,
        {"no_common_language": 1},
    )
    assert await inside(call) == [("formed", ids(*four, late))]
    (joined,) = await world.said(CircleChanged)
    assert joined["reason"] == "member_joined"
    (left,) = await world.said(PersonLeftUnmatched)
    assert left["person_id"] == str(apart.person_id)
    completed = (await world.said(RoundCompleted))[-1]
    assert (completed["asked"], completed["matched"], completed["unmatched"]) == (2, 1, 1)
    figures = published["figures"]
    assert isinstance(figures, dict)
    assert figures["coverage"] == 0.5
    assert (await call("GET", f"/v1/people/{late.person_id}/unmatched", person=late.person_id)).json()["items"] == []


async def test_a_preview_says_who_many_would_join_and_touches_nothing(world: World, call: Caller) -> None:
    about, four = await a_circle(world, call)
    await world.hear(late := learner())
    preview: dict[str, Any] = await run(call, about.programme_id, dry_run=True)
    assert (preview["unmatched"], preview["report"]["joining"]) == (1, 1)
    assert await inside(call) == [("formed", ids(*four))]
    await call("POST", f"/v1/rounds/{preview['round_id']}/discard", OWNER)
    assert await inside(call) == [("formed", ids(*four))]
    assert not await world.said(CircleChanged)
    preview = await run(call, about.programme_id, dry_run=True)
    await world.hear(changed(four[0], job_level=3))
    published = (await call("POST", f"/v1/rounds/{preview['round_id']}/publish", OWNER)).json()
    assert (published["matched"], published["unmatched"]) == (1, 0)
    assert await inside(call) == [("formed", ids(*four, late))]


@pytest.mark.parametrize("waiting", [0, 1, 2])
async def test_a_departure_offers_the_place_to_who_waits(world: World, call: Caller, waiting: int) -> None:
    """A circle of four loses two: two who wait complete it, one does not, and it ends."""
    about, four = await a_circle(world, call, most=4)
    late = [learner() for _ in range(waiting)]
    if late:
        await world.hear(*late)
        assert (await run(call, about.programme_id))["unmatched"] == waiting
    await world.hear(changed(four[0], status="left"), changed(four[1], status="left"))
    if waiting == 2:
        assert await inside(call) == [("formed", ids(*four[2:], *late))]
        assert not await world.said(MatchEnded)
        return
    (ended,) = await world.said(MatchEnded)
    assert ended["reason"] == "too_few_members"
    assert await inside(call) == [("ended", ids(*four[2:]))]
    assert (await run(call, about.programme_id))["asked"] == 2 + waiting


def test_nobody_joins_a_circle_that_stays_too_small() -> None:
    who = [UUID(int=number) for number in range(8)]
    everybody = tuple(engine_person(one) for one in who)
    problem = Problem(everybody, frozenset(), Rules(), 1, size_min=4, size_max=6)
    small, whole = who[:2], who[2:6]
    assert joining.join(problem, who[6:7], [small, whole], [None, None]) == [1]
    assert joining.join(problem, who[6:], [small, whole], [None, None]) == [0, 0]


def test_who_leads_a_circle_of_the_round_is_not_left_out_of_it() -> None:
    who = [UUID(int=number) for number in range(1, 7)]
    everybody = tuple(
        engine_person(
            one, needs=(("rust", 1, 2),), facilitator_ready=place == 4, languages=("fr" if place == 5 else "en",)
        )
        for place, one in enumerate(who)
    )
    outcome = groups.solve(Problem(everybody, frozenset(who), Rules(), 1, size_min=4, size_max=8))
    (circle,) = outcome.matches
    assert (who[4], "facilitator") in circle.members
    assert [one.person for one in outcome.unmatched] == [who[5]]


async def test_who_leads_a_circle_is_neither_asked_for_another_nor_told_to_be_left_out(
    world: World, call: Caller
) -> None:
    about = programme("mentoring_circle")
    leader = person(facilitator_ready=True)
    await world.hear(about)
    await world.hear(*(learner() for _ in range(4)), leader)
    first = await run(call, about.programme_id)
    assert (first["asked"], first["matched"], first["unmatched"]) == (5, 5, 0)
    (match,) = (await call("GET", "/v1/matches", OWNER)).json()["items"]
    assert not await world.said(PersonLeftUnmatched)
    again: dict[str, Any] = await run(call, about.programme_id)
    reasons = {told["code"]: told["people"] for told in again["report"]["not_asked"]}
    assert (again["asked"], reasons) == (0, {"has_match": 4, "leads_a_circle": 1})
    leads = next(one["person_id"] for one in match["members"] if one["role"] == "facilitator")
    (row,) = await world.fetch("SELECT count(*) AS rows FROM unmatched WHERE person_id = $1", UUID(leads))
    assert row["rows"] == 0


async def test_who_leads_in_anothers_place_is_not_left_out_and_the_other_is(world: World, call: Caller) -> None:
    about = programme("mentoring_circle", group_size_max=4)
    ready = [person(facilitator_ready=True), person(facilitator_ready=True)]
    await world.hear(about)
    await world.hear(*(learner(facilitator_ready=False) for _ in range(4)), *ready)
    preview = await run(call, about.programme_id, dry_run=True)
    (match,) = (await call("GET", f"/v1/matches?round_id={preview['round_id']}", OWNER)).json()["items"]
    leads = UUID(next(one["person_id"] for one in match["members"] if one["role"] == "facilitator"))
    chosen, other = sorted(ready, key=lambda one: one.person_id != leads)
    await world.hear(changed(chosen, facilitator_ready=False))
    published = (await call("POST", f"/v1/rounds/{preview['round_id']}/publish", OWNER)).json()
    assert (published["asked"], published["matched"]) == (6, 5)
    assert published["unmatched_by_reason"] == {"changed_since_preview": 1}
    (left,) = await world.said(PersonLeftUnmatched)
    assert left["person_id"] == str(chosen.person_id)
    (match,) = (await call("GET", "/v1/matches", OWNER)).json()["items"]
    assert str(other.person_id) in {one["person_id"] for one in match["members"] if one["role"] == "facilitator"}
