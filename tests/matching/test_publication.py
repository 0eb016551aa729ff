"""What of a preview holds by the time it is published: free, within reach, led by somebody with room, told as it is."""

from typing import Any

import pytest

from services.matching.store import matches
from shared.events.directory import PersonChanged
from shared.events.matching import CircleFormed, MatchProposed, PersonLeftUnmatched
from tests.matching.conftest import Caller, World
from tests.matching.test_exchanges import three
from tests.matching.test_lifecycle import of
from tests.matching.test_previews import OWNER, run
from tests.matching.test_upkeep import changed
from tests.matching.world import learner, newcomer, person, programme, teacher


async def publish(call: Caller, preview: dict[str, Any]) -> dict[str, Any]:
    answer = await call("POST", f"/v1/rounds/{preview['round_id']}/publish", OWNER)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_a_round_of_buddies_keeps_who_has_not_begun_yet(world: World, call: Caller) -> None:
    one, buddies = newcomer(), programme("onboarding_buddy")
    await world.hear(buddies)
    await world.hear(one)
    await world.hear(person())
    published = await publish(call, await run(call, buddies.programme_id, dry_run=True))
    assert (published["asked"], published["matched"], published["report"]["withdrawn"]) == (1, 1, 0)
    (proposed,) = await world.said(MatchProposed)
    assert of(proposed, "newcomer") == [str(one.person_id)]


@pytest.mark.parametrize(("time_zone", "matched"), [("Europe/London", 1), ("Pacific/Auckland", 0)])
async def test_who_has_moved_out_of_reach_is_not_proposed(
    world: World, call: Caller, time_zone: str, matched: int
) -> None:
    mentoring, one = programme(), learner()
    await world.hear(mentoring)
    await world.hear(one, teacher())
    preview = await run(call, mentoring.programme_id, dry_run=True)
    assert preview["matched"] == 1
    await world.hear(changed(one, time_zone=time_zone))
    assert (await publish(call, preview))["matched"] == matched
    assert len(await world.said(MatchProposed)) == matched


async def an_overtaken_preview(world: World, call: Caller) -> tuple[dict[str, Any], PersonChanged]:
    """A circle with the only facilitator there was, whom other rounds have given all they may lead since."""
    several = [programme("mentoring_circle", group_size_max=4, audience_units=("D1",)) for _ in range(3)]
    leader = person(unit_code="U2", unit_path=("ROOT", "D2", "U2"), facilitator_ready=True, time_budget_minutes=900)
    await world.hear(*several)
    await world.hear(leader, *(person(time_budget_minutes=900) for _ in range(4)))
    preview = await run(call, several[0].programme_id, dry_run=True)
    for other in several[1:]:
        assert (await run(call, other.programme_id))["matched"] == 4
    return preview, leader


async def test_a_circle_whose_facilitator_leads_enough_by_now_gets_another(world: World, call: Caller) -> None:
    preview, leader = await an_overtaken_preview(world, call)
    other = changed(leader, 1, person_id=learner().person_id)
    await world.hear(other)
    published = await publish(call, preview)
    assert (published["matched"], published["report"]["withdrawn"]) == (4, 0)
    *earlier, formed = await world.said(CircleFormed)
    assert [of(event, "facilitator") for event in earlier] == [[str(leader.person_id)]] * 2
    assert (of(formed, "facilitator"), formed["version"]) == ([str(other.person_id)], 1)
    shown = (await call("GET", f"/v1/matches/{formed['match_id']}", OWNER)).json()
    assert (shown["state"], shown["facilitator_id"]) == ("formed", str(other.person_id))


async def test_and_where_nobody_else_may_lead_it_is_withdrawn(world: World, call: Caller) -> None:
    preview, _ = await an_overtaken_preview(world, call)
    published = await publish(call, preview)
    assert (published["matched"], published["unmatched_by_reason"]) == (0, {"changed_since_preview": 4})
    assert len(await world.said(CircleFormed)) == 2
    assert len(await world.said(PersonLeftUnmatched)) == 4


@pytest.fixture(params=[matches.PAGE, 1])
def page(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    """How many matches of a round are read at a time."""
    size: int = request.param
    monkeypatch.setattr(matches, "PAGE", size)
    return size


@pytest.mark.parametrize(("room", "stand"), [(3, 3), (2, 2), (0, 0)])
async def test_a_teacher_gets_no_more_learners_than_there_is_room_for_by_now(
    world: World, call: Caller, page: int, room: int, stand: int
) -> None:
    mentoring, guide = programme(), teacher(capacity=3, time_budget_minutes=900)
    await world.hear(mentoring)
    await world.hear(guide, *(learner() for _ in range(3)))
    preview = await run(call, mentoring.programme_id, dry_run=True)
    assert preview["matched"] == 3
    await world.hear(changed(guide, capacity=room))
    published = await publish(call, preview)
    assert (published["matched"], published["report"]["withdrawn"]) == (stand, 3 - stand), page
    assert published["figures"]["most_loaded"] == stand
    assert len(await world.said(MatchProposed)) == stand
    assert {event["reason"] for event in await world.said(PersonLeftUnmatched)} == (
        {"changed_since_preview"} if stand < 3 else set()
    )


@pytest.mark.parametrize("leaves", [False, True])
async def test_an_exchange_is_published_whole_or_not_at_all(
    world: World, call: Caller, page: int, *, leaves: bool
) -> None:
    people, programme_id = await three(world)
    preview = await run(call, programme_id, dry_run=True)
    assert preview["matched"] == 3
    if leaves:
        await world.hear(changed(people[1], status="left"))
    published = await publish(call, preview)
    assert (published["matched"], published["report"]["withdrawn"]) == ((0, 3) if leaves else (3, 0)), page
    rings = [event["ring_id"] for event in await world.said(MatchProposed)]
    assert (len(rings), len(set(rings))) == ((0, 0) if leaves else (3, 1))
