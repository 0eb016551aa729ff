from datetime import timedelta
from typing import Any
from uuid import UUID

from services.matching.commands.rounds import run_round
from shared.events.directory import PersonChanged, PersonErased
from shared.events.matching import CircleFormed, FacilitatorReplaced, MatchEnded, MatchProposed
from tests.matching.conftest import World
from tests.matching.world import learner, person, programme, teacher, today


def changed(one: PersonChanged, version: int = 2, **changes: object) -> PersonChanged:
    return PersonChanged.model_validate(one.model_dump() | {"version": version} | changes)


async def run(world: World, programme_id: UUID) -> None:
    async with world.db.transaction() as conn:
        await run_round(conn, programme_id, seed=1)


async def a_circle(world: World) -> tuple[list[PersonChanged], PersonChanged, PersonChanged]:
    """Four members, the facilitator they got, and another who could be."""
    circles = programme("mentoring_circle", group_size_min=4, group_size_max=4, audience_units=("D1",))
    members = [person() for _ in range(4)]
    away: dict[str, Any] = {"unit_code": "U2", "unit_path": ("ROOT", "D2", "U2"), "facilitator_ready": True}
    leaders = [person(**away) for _ in range(2)]
    await world.hear(circles)
    await world.hear(*members, *leaders)
    await run(world, circles.programme_id)
    (formed,) = await world.said(CircleFormed)
    chosen = next(member["person_id"] for member in formed["members"] if member["role"] == "facilitator")
    leaders.sort(key=lambda one: str(one.person_id) != chosen)
    return members, leaders[0], leaders[1]


def facilitator(event: dict[str, list[dict[str, str]]]) -> str | None:
    return next((member["person_id"] for member in event["members"] if member["role"] == "facilitator"), None)


async def test_the_open_match_of_somebody_who_leaves_or_pauses_ends(world: World) -> None:
    """C25."""
    mentoring = programme()
    crowd = [learner(), learner(), learner(), teacher(capacity=5, time_budget_minutes=300)]
    await world.hear(mentoring)
    await world.hear(*crowd)
    await run(world, mentoring.programme_id)
    assert len(await world.said(MatchProposed)) == 3
    await world.hear(
        changed(crowd[0], status="left"),
        changed(crowd[1], paused_until=today() + timedelta(days=9)),
        changed(crowd[2], job_level=3),
    )
    ended = await world.said(MatchEnded)
    assert [event["reason"] for event in ended] == ["no_longer_available"] * 2
    assert {event["version"] for event in ended} == {2}
    states = await world.fetch("SELECT state FROM matches ORDER BY state")
    assert [row["state"] for row in states] == ["ended", "ended", "proposed"]


async def test_hearing_of_a_departure_twice_ends_a_match_once(world: World) -> None:
    mentoring, one, other = programme(), learner(), teacher()
    await world.hear(mentoring)
    await world.hear(one, other)
    await run(world, mentoring.programme_id)
    gone = changed(one, status="left")
    await world.hear(gone)
    await world.hear(gone)
    assert len(await world.said(MatchEnded)) == 1


async def test_a_circle_goes_on_without_one_member_and_ends_below_its_least_size(world: World) -> None:
    members, _, _ = await a_circle(world)
    await world.execute("UPDATE programmes SET group_size_min = 3")
    for place, member in enumerate(members[:2], 1):
        await world.hear(changed(member, status="left"))
        assert len(await world.said(MatchEnded)) == (1 if place == 2 else 0)
    (ended,) = await world.said(MatchEnded)
    assert ended["reason"] == "too_few_members"
    assert {str(one.person_id) for one in members[2:]} < {member["person_id"] for member in ended["members"]}


async def test_a_facilitator_who_becomes_a_superior_at_any_distance_is_replaced(world: World) -> None:
    """R2."""
    members, leader, other = await a_circle(world)
    between = person(manager_id=leader.person_id)
    await world.hear(between)
    await world.hear(changed(members[0], manager_id=between.person_id, reasons=("manager_changed",)))
    (replaced,) = await world.said(FacilitatorReplaced)
    assert replaced["reason"] == "no_longer_neutral"
    assert facilitator(replaced) == str(other.person_id)
    await world.hear(changed(between, manager_id=other.person_id, reasons=("manager_changed",)))
    _, removed = await world.said(FacilitatorReplaced)
    assert facilitator(removed) == str(leader.person_id)


async def test_where_nobody_neutral_is_left_the_circle_has_no_facilitator(world: World) -> None:
    members, leader, other = await a_circle(world)
    between = person(manager_id=leader.person_id)
    await world.hear(changed(other, status="leave"), between)
    await world.hear(changed(members[0], manager_id=between.person_id))
    (replaced,) = await world.said(FacilitatorReplaced)
    assert facilitator(replaced) is None
    (row,) = await world.fetch("SELECT state FROM matches")
    assert row["state"] == "formed"


async def test_a_facilitator_who_leaves_is_replaced(world: World) -> None:
    _, leader, other = await a_circle(world)
    await world.hear(changed(leader, status="left"))
    (replaced,) = await world.said(FacilitatorReplaced)
    assert (replaced["reason"], facilitator(replaced)) == ("no_longer_available", str(other.person_id))


async def test_a_facilitator_who_is_erased_does_not_lead_again(world: World) -> None:
    _, leader, other = await a_circle(world)
    await world.hear(changed(other, status="leave"))
    await world.hear(PersonErased(person_id=leader.person_id))
    (replaced,) = await world.said(FacilitatorReplaced)
    assert facilitator(replaced) is None


async def test_a_change_that_touches_no_circle_replaces_nobody(world: World) -> None:
    _, leader, _ = await a_circle(world)
    await world.hear(person(manager_id=leader.person_id), changed(leader, job_level=5))
    assert not await world.said(FacilitatorReplaced)
