from datetime import timedelta
from uuid import uuid4

import pytest

from services.matching.timers import TIMERS
from shared.events.matching import IntroductionsSuggested, MatchProposed
from tests.matching.conftest import World
from tests.matching.world import newcomer, person, programme, today


def roles(event: dict[str, object]) -> dict[str, str]:
    members = event["members"]
    assert isinstance(members, list)
    return {member["person_id"]: member["role"] for member in members}


async def test_a_hire_has_a_buddy_at_once(world: World) -> None:
    """F9."""
    await world.hear(programme("onboarding_buddy"))
    here, new = person(), newcomer()
    await world.hear(here)
    await world.hear(new)
    (proposed,) = await world.said(MatchProposed)
    assert proposed["kind"] == "buddy"
    assert roles(proposed) == {str(new.person_id): "newcomer", str(here.person_id): "buddy"}
    assert "experienced" in {reason["code"] for reason in proposed["reasons"]}


@pytest.mark.parametrize("half", ["morning", "afternoon"])
async def test_a_buddy_who_likes_the_same_half_of_the_day_comes_first(world: World, half: str) -> None:
    """P12."""
    await world.hear(programme("onboarding_buddy"))
    likes = {one: person(time_of_day=one) for one in ("morning", "afternoon")}
    await world.hear(*likes.values())
    new = newcomer(time_of_day=half)
    await world.hear(new)
    (proposed,) = await world.said(MatchProposed)
    assert roles(proposed) == {str(new.person_id): "newcomer", str(likes[half].person_id): "buddy"}
    assert "preferred_time" in {reason["code"] for reason in proposed["reasons"]}


@pytest.mark.parametrize(("function", "same"), [("software", True), (None, False)])
async def test_two_whose_function_is_not_known_do_not_do_the_same_kind_of_work(
    world: World, function: str | None, same: bool
) -> None:
    await world.hear(programme("onboarding_buddy"))
    await world.hear(person(job_function=function))
    await world.hear(newcomer(job_function=function))
    (proposed,) = await world.said(MatchProposed)
    assert ("same_function" in {reason["code"] for reason in proposed["reasons"]}) is same


async def test_the_same_hire_again_gets_no_second_buddy(world: World) -> None:
    await world.hear(programme("onboarding_buddy"), programme("onboarding_buddy"))
    new = newcomer()
    await world.hear(person(), person(), new)
    await world.hear(new.model_copy(update={"version": 2}))
    await world.hear(new)
    assert len(await world.said(MatchProposed)) == 1


async def test_a_programme_published_later_catches_up_with_recent_hires_of_its_audience(world: World) -> None:
    inside = newcomer(status="active", hired_on=today() - timedelta(days=20))
    outside = newcomer(unit_code="U9", unit_path=("ROOT", "D9", "U9"))
    long_ago = newcomer(status="active", hired_on=today() - timedelta(days=40))
    await world.hear(person(), inside, outside, long_ago)
    draft = programme("onboarding_buddy", status="draft", audience_units=("D1",))
    await world.hear(draft)
    assert not await world.said(MatchProposed)
    await world.hear(draft.model_copy(update={"version": 2, "status": "published"}))
    (proposed,) = await world.said(MatchProposed)
    assert str(inside.person_id) in roles(proposed)


async def test_nobody_takes_more_newcomers_than_they_have_room_for(world: World) -> None:
    await world.hear(programme("onboarding_buddy"))
    await world.hear(person(capacity=1), person(capacity=2))
    await world.hear(*(newcomer() for _ in range(5)))
    rows = await world.fetch("SELECT count(*) AS n FROM match_members WHERE role = 'buddy' GROUP BY person_id")
    assert sorted(row["n"] for row in rows) == [1, 2]


async def test_a_manager_is_no_buddy_and_who_wishes_to_stay_apart_neither(world: World) -> None:
    await world.hear(programme("onboarding_buddy"))
    boss, other, new = person(), uuid4(), newcomer()
    await world.hear(boss, person(other, not_with=(new.person_id,)))
    await world.hear(new.model_copy(update={"manager_id": boss.person_id}))
    assert not await world.said(MatchProposed)


async def test_the_timer_finds_a_buddy_who_came_later(world: World) -> None:
    await world.hear(programme("onboarding_buddy"))
    await world.hear(newcomer())
    await world.hear(person())
    assert not await world.said(MatchProposed)
    timer = next(timer for timer in TIMERS if timer.name == "buddies-for-newcomers")
    async with world.db.transaction() as conn:
        assert await timer.run(conn) == 1
    async with world.db.transaction() as conn:
        assert await timer.run(conn) == 0


async def test_the_closest_programme_finds_the_buddy_and_the_next_one_where_it_finds_nobody(world: World) -> None:
    """F9, P18."""
    new = newcomer()
    wide, division, near = programme("onboarding_buddy"), programme("onboarding_buddy"), programme("onboarding_buddy")
    wide, near = sorted((wide, near), key=lambda one: str(one.programme_id))
    division = division.model_copy(update={"audience_units": ("D1",), "audience_sites": ("OSL",)})
    near = near.model_copy(update={"audience_units": ("U1", "U2")})
    await world.hear(wide, division, near)
    await world.execute(
        """UPDATE rules SET rules = rules || '{"buddy_tenure_days": 2000}' WHERE programme_id = $1""", near.programme_id
    )
    await world.hear(person())
    await world.hear(new)
    (proposed,) = await world.said(MatchProposed)
    assert proposed["programme_id"] == str(wide.programme_id), "nobody has been here long enough for the closest"
    assert len(await world.said(IntroductionsSuggested)) == 0, "the only colleague is the buddy"
    await world.hear(person(hired_on=today() - timedelta(days=3000)), newcomer())
    _, proposed = await world.said(MatchProposed)
    assert proposed["programme_id"] == str(near.programme_id)
    assert len(await world.said(IntroductionsSuggested)) == 1
