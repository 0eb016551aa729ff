"""Where people meet in person only, those who are brought together work at one site."""

from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from services.matching.commands.rounds import run_round
from services.matching.engine import facilitators, joining
from services.matching.engine import round as engine
from services.matching.engine.explain import change, left_out
from services.matching.engine.people import Change, Problem
from services.matching.engine.rules import Rules
from services.matching.engine.suggestions import suggest
from shared.events.matching import CircleFormed, MatchEnded, MatchProposed
from tests.matching.conftest import Caller, World
from tests.matching.test_lifecycle import later, of
from tests.matching.test_previews import OWNER, run
from tests.matching.test_upkeep import changed
from tests.matching.test_upkeep import run as run_directly
from tests.matching.world import engine_person, learner, person, programme, teacher

ELSEWHERE = "OSL"


@pytest.mark.parametrize(
    ("modality", "one_site", "matched"),
    [("in_person", True, 0), ("in_person", False, 1), ("hybrid", True, 1), ("remote", True, 1)],
)
async def test_only_who_meets_in_person_alone_is_kept_to_one_site(
    world: World, call: Caller, modality: str, one_site: bool, matched: int
) -> None:
    mentoring, one, far = programme(modality=modality), learner(), teacher(site_code=ELSEWHERE)
    await world.hear(mentoring)
    await world.hear(one, far)
    path = f"/v1/programmes/{mentoring.programme_id}/rules"
    first = await call("GET", path, OWNER)
    assert first.json()["rules"]["one_site"] is True
    if not one_site:
        patch = await call("PATCH", path, OWNER, json={"one_site": False}, headers={"If-Match": first.headers["ETag"]})
        assert (patch.json()["version"], patch.json()["rules"]["one_site"]) == (2, False)
    round_ = await run(call, mentoring.programme_id)
    assert round_["matched"] == matched
    replayed = (await call("POST", f"/v1/rounds/{round_['round_id']}/replay", OWNER)).json()
    assert (replayed["same_input"], replayed["same_output"]) == (True, True)
    if not matched:
        (left,) = (await call("GET", f"/v1/rounds/{round_['round_id']}/unmatched", OWNER)).json()["items"]
        assert left["reason"] == "another_site"
        assert left["change"]["code"] == "meet_remotely"
        body = {"rules": {"one_site": False}}
        simulated = (await call("POST", f"{path}/simulations", OWNER, json=body)).json()
        assert (simulated["newly_matched"], simulated["after"]["matched"]) == (1, 1)


async def test_rules_from_before_bind_nobody_to_a_site(world: World, call: Caller) -> None:
    mentoring = programme(modality="in_person")
    await world.hear(mentoring)
    await world.hear(learner(), teacher(site_code=ELSEWHERE))
    async with world.db.transaction() as conn:
        await conn.execute("UPDATE rules SET one_site = DEFAULT")
    assert (await run(call, mentoring.programme_id))["matched"] == 1


async def test_who_moves_to_another_site_is_matched_with_somebody_there(world: World) -> None:
    mentoring, one, near, far = programme(modality="in_person"), learner(), teacher(), teacher(site_code=ELSEWHERE)
    await world.hear(mentoring)
    await world.hear(one, near, far)
    await run_directly(world, mentoring.programme_id)
    await world.hear(changed(one, site_code=ELSEWHERE, reasons=("moved",)))
    (ended,) = await world.said(MatchEnded)
    assert ended["reason"] == "another_site"
    before, after = await world.said(MatchProposed)
    assert (of(before, "teacher"), of(after, "teacher")) == ([str(near.person_id)], [str(far.person_id)])


async def test_a_circle_is_led_from_its_own_site(world: World, call: Caller) -> None:
    circles = programme("mentoring_circle", modality="in_person", group_size_max=4, audience_units=("D1",))
    away: dict[str, Any] = {"unit_code": "U2", "unit_path": ("ROOT", "D2", "U2"), "facilitator_ready": True}
    near, far = person(**away), person(**away, site_code=ELSEWHERE)
    await world.hear(circles)
    await world.hear(*(person() for _ in range(4)), *(person(site_code=ELSEWHERE) for _ in range(4)), near, far)
    assert (await run(call, circles.programme_id))["matched"] == 8
    assert {of(event, "facilitator")[0] for event in await world.said(CircleFormed)} == {
        str(near.person_id),
        str(far.person_id),
    }


@pytest.mark.parametrize(("kind", "mine"), [("pair", "BER"), ("buddy", "BER"), ("pair", ""), ("buddy", "")])
def test_who_is_kept_apart_by_sites_is_told_what_would_open_somebody(kind: str, mine: str) -> None:
    """Whose site is not known may meet whose is not known either, so that who keeps no sites loses nobody."""
    one = engine_person(UUID(int=1), site=mine, needs=(("a", 0, 1),), tenure_days=3)
    other = engine_person(UUID(int=2), site=ELSEWHERE, offers=(("a", 4),))
    problem = Problem((one, other), frozenset({one.id}), Rules(), 1, in_person=True, only_in_person=True)
    (left,) = engine.solve(kind, problem).unmatched
    assert (left.reason, left.change, left.opens) == (
        "another_site",
        Change("meet_remotely", 1),
        (("another_site", 1),),
    )
    assert "another site" in left_out(left.reason)
    assert "remote" in change("meet_remotely")
    together = replace(problem, people=(one, other._replace(site=mine)))
    assert len(engine.solve(kind, together).matches) == 1
    for open_ in (replace(problem, only_in_person=False), replace(problem, rules=Rules(one_site=False))):
        assert len(engine.solve(kind, open_).matches) == 1
        assert "another_site" not in {
            count.constraint for each in engine.solve(kind, open_).unmatched for count in each.left
        }
    assert (len(suggest(problem, one.id, 3)), len(suggest(together, one.id, 3))) == (0, 1)


@pytest.mark.parametrize("count", [8, 40, 120])
def test_no_circle_lies_across_sites_however_many_they_are(count: int) -> None:
    people = [engine_person(UUID(int=1 + row), site=f"S{row % 2}", needs=(("a", 0, 1),)) for row in range(count)]
    leaders = [
        engine_person(UUID(int=900 + row), site=f"S{row % 2}", facilitator_ready=True) for row in range(count // 2)
    ]
    asked = frozenset(one.id for one in people)
    site = {one.id: one.site for one in (*people, *leaders)}
    problem = Problem(
        (*people, *leaders), asked, Rules(), 1, in_person=True, only_in_person=True, size_min=4, size_max=6
    )
    for rules in (problem.rules, replace(problem.rules, part_people=count // 3)):
        found = engine.solve("circle", replace(problem, rules=rules))
        assert not found.unmatched
        assert all(len({site[one] for one, _ in match.members}) == 1 for match in found.matches)
        assert found.value <= found.bound


def test_a_place_and_a_facilitator_are_looked_for_at_the_site() -> None:
    near, far, leader = (
        engine_person(UUID(int=row), site=site, facilitator_ready=row == 3)
        for row, site in ((1, "BER"), (2, ELSEWHERE), (3, ELSEWHERE))
    )
    four = [engine_person(UUID(int=10 + row)) for row in range(4)]
    people, ids = (near, far, leader, *four), [one.id for one in four]
    problem = Problem(people, frozenset(), Rules(), 1, in_person=True, only_in_person=True, size_min=4, size_max=6)
    assert joining.join(problem, [near.id, far.id], [ids], [None]) == [0, None]
    assert facilitators.find(problem, [ids]) == [None]
    hybrid = replace(problem, only_in_person=False)
    assert joining.join(hybrid, [near.id, far.id], [ids], [None]) == [0, 0]
    (led,) = facilitators.find(hybrid, [ids])
    assert led
    assert led.person == leader.id


async def test_a_programme_that_comes_to_meet_in_person_alone_is_kept_to_one_site(world: World, call: Caller) -> None:
    mentoring = programme(modality="hybrid")
    await world.hear(mentoring)
    await world.hear(learner(), teacher(site_code=ELSEWHERE))
    assert (await run(call, mentoring.programme_id, dry_run=True))["matched"] == 1
    await world.hear(later(mentoring, modality="in_person"))
    assert (await run(call, mentoring.programme_id, dry_run=True))["matched"] == 0


async def test_another_teacher_is_looked_for_at_the_site_however_many_there_are_elsewhere(world: World) -> None:
    one, guide, near, far = learner(), teacher(), teacher(), teacher(site_code=ELSEWHERE)
    await world.hear(mentoring := programme(modality="in_person"))
    await world.hear(one, guide, far)
    await world.execute(
        "INSERT INTO people SELECT (json_populate_record(person, json_build_object('person_id', gen_random_uuid()))).*"
        " FROM people AS person, generate_series(1, 4000) WHERE person_id = $1",
        far.person_id,
    )
    async with world.db.transaction() as conn:
        await run_round(conn, mentoring.programme_id, seed=1)
    await world.hear(near)
    await world.hear(changed(guide, status="leave"))
    *_, proposed = await world.said(MatchProposed)
    assert of(proposed, "teacher") == [str(near.person_id)]
