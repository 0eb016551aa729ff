"""Leave, move, another manager, departure: exactly what they touch is handed over, replaced or formed anew."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from services.matching.commands import buddies, leading
from services.matching.commands.rounds import run_round
from shared.events.directory import PersonChanged, PersonErased
from shared.events.matching import (
    CircleChanged,
    FacilitatorReplaced,
    IntroductionsSuggested,
    MatchEnded,
    MatchProposed,
)
from tests.matching.conftest import Caller, World
from tests.matching.test_upkeep import a_circle, changed
from tests.matching.world import RUST, learner, newcomer, person, programme, teacher, today

Event = dict[str, Any]


def of(event: Event, role: str) -> list[str]:
    return [member["person_id"] for member in event["members"] if member["role"] == role]


async def a_pair(world: World, one: PersonChanged, guide: PersonChanged, *others: PersonChanged) -> None:
    mentoring = programme()
    await world.hear(mentoring)
    await world.hear(one, guide)
    async with world.db.transaction() as conn:
        await run_round(conn, mentoring.programme_id, seed=1)
    assert len(await world.said(MatchProposed)) == 1
    if others:
        await world.hear(*others)


async def replaced(world: World, one: PersonChanged, other: PersonChanged, reason: str) -> None:
    """The learner's match has ended for this reason and another teacher is proposed, and nothing else happened."""
    (ended,) = await world.said(MatchEnded)
    assert ended["reason"] == reason
    _, proposed = await world.said(MatchProposed)
    assert (of(proposed, "learner"), of(proposed, "teacher")) == ([str(one.person_id)], [str(other.person_id)])


async def test_a_learner_whose_teacher_leaves_gets_another_at_once(world: World) -> None:
    one, guide, other = learner(), teacher(), teacher()
    await a_pair(world, one, guide, other, learner())
    await world.hear(changed(guide, status="leave"))
    await replaced(world, one, other, "no_longer_available")


async def test_a_teacher_who_becomes_the_learners_manager_is_replaced(world: World) -> None:
    one, guide, other = learner(), teacher(), teacher()
    await a_pair(world, one, guide, other)
    await world.hear(changed(one, manager_id=guide.person_id, reasons=("manager_changed",)))
    await replaced(world, one, other, "reporting_line")


async def test_a_move_to_other_hours_ends_what_cannot_be_met_any_more(world: World) -> None:
    one, guide, other = learner(), teacher(), teacher(time_zone="Pacific/Auckland")
    await a_pair(world, one, guide, other)
    await world.hear(changed(one, job_level=3))
    assert not await world.said(MatchEnded)
    await world.hear(changed(one, 3, time_zone="Pacific/Auckland", site_code="AKL", reasons=("moved",)))
    await replaced(world, one, other, "too_few_common_hours")


async def test_another_language_ends_what_cannot_be_said_any_more(world: World) -> None:
    one, guide, other = learner(), teacher(), teacher(languages=("fr",))
    await a_pair(world, one, guide, other)
    await world.hear(changed(one, languages=("fr",)))
    await replaced(world, one, other, "no_common_language")


async def test_a_new_wish_to_stay_apart_looks_like_any_absence(world: World) -> None:
    one, guide, other = learner(), teacher(), teacher()
    await a_pair(world, one, guide, other)
    await world.hear(changed(guide, not_with=(one.person_id,)))
    await replaced(world, one, other, "no_longer_available")


async def test_a_skill_taken_back_ends_the_proposal_about_it(world: World) -> None:
    one, guide, other = learner(), teacher(), teacher()
    await a_pair(world, one, guide, other)
    await world.hear(changed(guide, offers=()))
    await replaced(world, one, other, "no_longer_offered")


async def test_a_teacher_without_room_by_now_is_replaced(world: World) -> None:
    one, guide, other = learner(), teacher(), teacher()
    await a_pair(world, one, guide, other)
    await world.hear(changed(guide, capacity=0))
    await replaced(world, one, other, "no_longer_available")


async def test_a_need_taken_back_ends_the_proposal_about_it(world: World) -> None:
    one, guide = learner(), teacher()
    await a_pair(world, one, guide)
    await world.hear(changed(one, needs=()))
    (ended,) = await world.said(MatchEnded)
    assert ended["reason"] == "no_longer_needed"
    assert len(await world.said(MatchProposed)) == 1


async def test_who_moves_out_of_a_programmes_audience_is_proposed_nothing_more(world: World) -> None:
    mentoring, one, guide = programme(audience_units=("D1",)), learner(), teacher()
    await world.hear(mentoring)
    await world.hear(one, guide)
    async with world.db.transaction() as conn:
        await run_round(conn, mentoring.programme_id, seed=1)
    await world.hear(changed(one, unit_code="U9", unit_path=("ROOT", "D9", "U9"), reasons=("moved",)))
    (ended,) = await world.said(MatchEnded)
    assert ended["reason"] == "no_longer_for_them"
    assert len(await world.said(MatchProposed)) == 1


@pytest.mark.parametrize("how", ["person", "programme"])
async def test_an_accepted_match_ends_for_who_leaves_the_audience_and_for_nobody_else(
    world: World, call: Caller, how: str
) -> None:
    moved: dict[str, Any] = {"unit_code": "U9", "unit_path": ("ROOT", "D9", "U9")}
    mentoring = programme(audience_units=("D1", "D9"), audience_skills=(RUST,), tenure_min_months=1)
    one = learner(**moved) if how == "programme" else learner()
    guide, stays, other = teacher(capacity=1), learner(), teacher(capacity=1, **moved)
    await world.hear(mentoring)
    await world.hear(one, guide, stays, other)
    async with world.db.transaction() as conn:
        await run_round(conn, mentoring.programme_id, seed=1)
    for event in await world.said(MatchProposed):
        for member in event["members"]:
            path = f"/v1/matches/{event['match_id']}/accept"
            assert (await call("POST", path, person=UUID(member["person_id"]))).status_code == 200
    await world.hear(changed(stays, needs=(), hired_on=today()))
    assert not await world.said(MatchEnded), "time and learning end nothing that has begun"
    narrower = mentoring.model_copy(update={"version": 2, "audience_units": ("D1",)})
    if how == "person":
        moved = {"unit_code": "U8", "unit_path": ("ROOT", "D8", "U8")}
    await world.hear(narrower if how == "programme" else changed(one, **moved))
    (ended,) = await world.said(MatchEnded)
    assert (ended["reason"], of(ended, "learner")) == ("no_longer_for_them", [str(one.person_id)])
    assert len(await world.said(MatchProposed)) == 2


async def test_who_leaves_the_audience_leaves_the_circle_and_joins_no_other_of_it(world: World) -> None:
    first, _ = await circles(world)
    await world.hear(person(first[0], version=2, unit_code="U9", unit_path=("ROOT", "D9", "U9")))
    (left,) = await world.said(CircleChanged)
    assert left["reason"] == "member_left"
    assert set(of(left, "participant")) == {str(one) for one in first[1:]}


async def test_where_none_of_those_read_may_lead_everybody_who_is_ready_is_read(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leading, "POOL", (0, 1000))
    members, leader, other = await a_circle(world)
    boss = person(facilitator_ready=True)
    superiors = [boss, *(person(facilitator_ready=True, manager_id=boss.person_id) for _ in range(4))]
    await world.hear(*superiors)
    for member, superior in zip(members, superiors[1:], strict=True):
        await world.hear(changed(member, manager_id=superior.person_id))
    assert not await world.said(FacilitatorReplaced)
    await world.hear(changed(leader, status="left"))
    (replaced,) = await world.said(FacilitatorReplaced)
    assert of(replaced, "facilitator") == [str(other.person_id)]


async def test_where_those_near_a_newcomer_are_taken_more_are_read(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(buddies, "READ_WHOLE", 0)
    monkeypatch.setattr(buddies, "NEAR", (2, 100))
    free = person(unit_code="U2", unit_path=("ROOT", "D1", "U2"), job_function="design")
    await world.hear(programme("onboarding_buddy"))
    await world.hear(free, *(person(capacity=0) for _ in range(30)))
    await world.hear(*(newcomer(work_starts=540 + minutes) for minutes in (0, 30)))
    assert {one for event in await world.said(MatchProposed) for one in of(event, "buddy")} == {str(free.person_id)}
    assert len(await world.said(IntroductionsSuggested)) == 2


async def test_a_newcomer_whose_buddy_leaves_is_handed_over(world: World) -> None:
    here, other, new = person(), person(), newcomer()
    await world.hear(programme("onboarding_buddy"))
    await world.hear(here, other)
    await world.hear(new)
    (first,) = await world.said(MatchProposed)
    buddy, left = (here, other) if of(first, "buddy") == [str(here.person_id)] else (other, here)
    await world.hear(changed(buddy, status="left"))
    _, second = await world.said(MatchProposed)
    assert (of(second, "newcomer"), of(second, "buddy")) == ([str(new.person_id)], [str(left.person_id)])


async def test_an_erased_teacher_is_replaced_and_never_proposed_again(world: World) -> None:
    one, guide, other = learner(), teacher(), teacher()
    await a_pair(world, one, guide, other)
    await world.hear(PersonErased(person_id=guide.person_id))
    _, proposed = await world.said(MatchProposed)
    assert of(proposed, "teacher") == [str(other.person_id)]


async def circles(world: World, size: int = 4, count: int = 2) -> list[list[UUID]]:
    """Circles of four people each with a facilitator from elsewhere; who is in them."""
    format_ = programme("mentoring_circle", group_size_min=4, group_size_max=size, audience_units=("D1",))
    away: dict[str, Any] = {"unit_code": "U2", "unit_path": ("ROOT", "D2", "U2"), "facilitator_ready": True}
    await world.hear(format_)
    await world.hear(*(person() for _ in range(4 * count)), *(person(**away) for _ in range(3)))
    async with world.db.transaction() as conn:
        await run_round(conn, format_.programme_id, seed=1)
    rows = await world.fetch(
        "SELECT array_agg(person_id ORDER BY person_id) AS people FROM match_members"
        " WHERE role = 'participant' GROUP BY match_id ORDER BY match_id"
    )
    await world.execute("UPDATE programmes SET group_size_min = 3, group_size_max = 8")
    return [row["people"] for row in rows]


async def test_who_comes_to_report_to_a_member_leaves_the_circle_for_another(world: World) -> None:
    first, second = await circles(world)
    boss, report, between = first[0], first[1], person(manager_id=first[0])
    await world.hear(between)
    await world.hear(person(report, version=2, manager_id=between.person_id))
    left, joined = await world.said(CircleChanged)
    assert (left["reason"], joined["reason"]) == ("member_left", "member_joined")
    assert str(report) not in of(left, "participant")
    assert str(boss) in of(left, "participant")
    assert set(of(joined, "participant")) == {str(one) for one in (*second, report)}
    assert not await world.said(MatchEnded)
    assert not await world.said(FacilitatorReplaced)


async def test_the_last_of_a_circle_finds_a_place_in_another(world: World) -> None:
    first, second = await circles(world)
    await world.hear(*(person(one, version=2, status="left") for one in first[:3]))
    (ended,) = await world.said(MatchEnded)
    assert ended["reason"] == "too_few_members"
    joined = (await world.said(CircleChanged))[-1]
    assert set(of(joined, "participant")) == {str(one) for one in (*second, first[3])}


async def test_the_reasons_of_a_circle_are_of_who_is_in_it_now(world: World, call: Caller) -> None:
    """P10, P7."""
    members, leader, _ = await a_circle(world)
    await world.execute("UPDATE programmes SET group_size_min = 2")
    match_id = (await world.fetch("SELECT match_id FROM matches"))[0]["match_id"]

    async def reasons() -> dict[str, int]:
        found = (await call("GET", f"/v1/matches/{match_id}", "programme-owner")).json()
        points = {term["code"]: term["points"] for term in found["reasons"]}
        assert (found["score"], found["rules_version"]) == (sum(points.values()), 1)
        return points

    assert "mixed_units" not in await reasons()
    await world.hear(changed(members[0], unit_code="U3", unit_path=("ROOT", "D1", "U3"), hired_on=today()))
    await world.hear(changed(members[1], status="left"))
    told = await reasons()
    assert (told["mixed_units"], told["mixed_tenure"], told["neutral_facilitator"]) == (12, 6, 50)
    await world.hear(changed(members[0], 3, status="left"))
    assert {"mixed_units", "mixed_tenure"}.isdisjoint(await reasons())
    alike = person(facilitator_ready=True)
    await world.hear(alike)
    await world.execute("UPDATE people SET facilitator_ready = person_id = $1", alike.person_id)
    assert "facilitator_from_outside" in await reasons()
    await world.hear(changed(leader, status="left"))
    told = await reasons()
    assert "neutral_facilitator" in told
    assert "facilitator_from_outside" not in told
    await world.hear(changed(alike, status="left"))
    assert "neutral_facilitator" not in await reasons()


async def test_where_no_circle_has_room_the_next_round_asks_again(world: World) -> None:
    first, _ = await circles(world)
    await world.execute("UPDATE programmes SET group_size_max = 4")
    await world.hear(*(person(one, version=2, status="left") for one in first[:3]))
    (row,) = await world.fetch("SELECT programme_id FROM programmes")
    async with world.db.transaction() as conn:
        again = await run_round(conn, row["programme_id"], seed=1)
    assert (again["asked"], again["unmatched"]) == (1, 1)


async def test_a_newcomer_has_a_handful_of_introductions_beside_the_buddy(world: World, call: Caller) -> None:
    """F10."""
    boss = person()
    near = [person(unit_code=f"U{place % 3}") for place in range(8)]
    away = person(status="leave")
    new = newcomer(manager_id=boss.person_id)
    apart = person(not_with=(new.person_id,))
    await world.hear(programme("onboarding_buddy"))
    await world.hear(boss, away, apart, *near)
    await world.hear(new)
    (proposed,) = await world.said(MatchProposed)
    (suggested,) = await world.said(IntroductionsSuggested)
    assert suggested["person_id"] == str(new.person_id)
    barred = {str(one.person_id) for one in (boss, away, apart, new)}
    assert len(set(suggested["colleague_ids"])) == 5
    assert not {*barred, *of(proposed, "buddy")} & set(suggested["colleague_ids"])
    path = f"/v1/people/{new.person_id}/introductions"
    found = (await call("GET", path, person=new.person_id)).json()["items"]
    assert {one["person_id"] for one in found} == set(suggested["colleague_ids"])
    assert all(one["score"] == sum(term["points"] for term in one["reasons"]) for one in found)
    assert {one["rules_version"] for one in found} == {1}
    buddy = UUID(of(proposed, "buddy")[0])
    assert (await call("GET", path, person=buddy)).status_code == 200
    assert (await call("GET", path, person=boss.person_id)).status_code == 404
    met, gone = found[0]["person_id"], UUID(found[1]["person_id"])
    assert (await call("POST", f"{path}/{met}/met", person=buddy)).status_code == 204
    assert (await call("POST", f"{path}/{uuid4()}/met", person=buddy)).status_code == 404
    assert (await call("POST", f"{path}/{met}/met", person=boss.person_id)).status_code == 404
    await world.hear(*(changed(one, status="left") for one in near if one.person_id == gone))
    again = (await call("GET", path, person=new.person_id)).json()["items"]
    assert len(again) == 5
    assert str(gone) not in {one["person_id"] for one in again}
    assert [one["state"] for one in again if one["person_id"] == met] == ["met"]


async def test_in_a_large_organization_a_newcomer_is_matched_with_those_near(world: World, call: Caller) -> None:
    far = [person(site_code="OSL", unit_code="U9", unit_path=("ROOT", "D9", "U9")) for _ in range(4)]
    near = [person() for _ in range(3)]
    await world.hear(programme("onboarding_buddy"))
    await world.hear(*far, *near)
    await world.execute(
        "INSERT INTO people SELECT (json_populate_record(person, json_build_object('person_id', gen_random_uuid()))).*"
        " FROM people AS person, generate_series(1, 3100) WHERE person_id = $1",
        far[0].person_id,
    )
    new = newcomer(hired_on=today() + timedelta(days=3))
    await world.hear(new)
    (proposed,) = await world.said(MatchProposed)
    (suggested,) = await world.said(IntroductionsSuggested)
    met = {*of(proposed, "buddy"), *suggested["colleague_ids"]}
    assert {str(one.person_id) for one in near} == met
    assert (await call("GET", f"/v1/people/{new.person_id}/introductions", "admin")).status_code == 200


async def test_who_wishes_to_stay_apart_is_not_introduced_any_more(world: World) -> None:
    await world.hear(programme("onboarding_buddy"))
    colleagues, new = [person() for _ in range(8)], newcomer()
    await world.hear(*colleagues, new)
    before = {row["person_id"] for row in await world.fetch("SELECT person_id FROM introductions")}
    gone = next(one for one in colleagues if one.person_id in before)
    await world.hear(changed(gone, not_with=(new.person_id,)))
    after = {row["person_id"] for row in await world.fetch("SELECT person_id FROM introductions")}
    assert before - after == {gone.person_id}
    assert len(after) == len(before)
