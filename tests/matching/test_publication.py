"""What of a preview holds by the time it is published: free, within reach, led by somebody with room, told as it is."""

from typing import Any

import pytest

from shared.events.directory import PersonChanged
from shared.events.matching import CircleFormed, MatchProposed, PersonLeftUnmatched
from tests.matching.conftest import Caller, World
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
