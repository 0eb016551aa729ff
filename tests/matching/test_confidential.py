"""Neither a dry run nor what one is told of oneself shows a wish to stay apart, or one person's absence."""

from typing import Any

import pytest

from services.matching.privacy import CATALOGUE
from shared.events.directory import PersonChanged
from shared.privacy.portability import gather
from tests.matching.conftest import Caller, World
from tests.matching.test_previews import OWNER, run
from tests.matching.test_upkeep import changed
from tests.matching.world import learner, newcomer, person, programme, teacher

NOBODY = ("everyone_taken", "Nobody suitable was left.")


async def told(call: Caller, round_: dict[str, Any], who: PersonChanged) -> dict[str, Any]:
    items = (await call("GET", f"/v1/rounds/{round_['round_id']}/unmatched", OWNER)).json()["items"]
    return next(one for one in items if one["person_id"] == str(who.person_id))


@pytest.mark.parametrize(
    ("format_", "change"), [("mentoring", "another_teacher"), ("onboarding_buddy", "another_buddy")]
)
async def test_a_dry_run_for_one_tells_a_wish_as_it_tells_being_outbid(
    world: World, call: Caller, format_: str, change: str
) -> None:
    """M4: the only one who could has room and nobody."""
    about = programme(format_)
    rivals = [learner() if format_ == "mentoring" else newcomer() for _ in range(2)]
    only = teacher(capacity=1)
    await world.hear(about)
    await world.hear(*rivals)
    await world.hear(only)
    outbid = await run(call, about.programme_id, dry_run=True)
    assert outbid["matched"] == 1
    (expected,) = (await call("GET", f"/v1/rounds/{outbid['round_id']}/unmatched", OWNER)).json()["items"]
    await call("POST", f"/v1/rounds/{outbid['round_id']}/discard", OWNER)
    who = rivals[0]
    await world.hear(changed(only, capacity=3, not_with=(who.person_id,)))
    alone: dict[str, Any] = await run(call, about.programme_id, dry_run=True, people=[str(who.person_id)])
    found = await told(call, alone, who)
    assert {**found, "person_id": ""} == {**expected, "person_id": ""}
    assert ((found["reason"], found["text"]), found["change"]["code"]) == (NOBODY, change)
    assert [one["code"] for one in alone["report"]["changes"]] == [change]


async def test_room_is_named_where_all_who_fit_are_full(world: World, call: Caller) -> None:
    about, who = programme(), learner()
    await world.hear(about)
    await world.hear(who, *(teacher(capacity=0) for _ in range(6)))
    found = await told(call, await run(call, about.programme_id), who)
    assert (found["reason"], found["change"]["code"], found["change"]["people"]) == (
        "capacity_full",
        "more_capacity",
        6,
    )


@pytest.mark.parametrize("crowd", [1, 4, 5])
async def test_fewer_than_five_candidates_are_not_counted(world: World, call: Caller, crowd: int) -> None:
    """M4: who knows the one would read of them."""
    about, who = programme(), learner()
    await world.hear(about)
    await world.hear(who, *(teacher(languages=("fi",)) for _ in range(crowd)))
    found = await told(call, await run(call, about.programme_id), who)
    own = (await call("GET", f"/v1/people/{who.person_id}/unmatched", person=who.person_id)).json()["items"][0]
    for one in (found, own):
        counts = {each["constraint"]: (each["people"], each["fewer_than"]) for each in one["left"]}
        some = (crowd, None) if crowd == 5 else (4, 5)
        assert (counts["nobody_offers_it"], counts["no_common_language"]) == (some, (0, None))
        assert [(each["people"], each["fewer_than"]) for each in one["opens"]] == [some]
        assert (one["change"]["people"], one["change"]["fewer_than"]) == some
    async with world.db.acquire() as conn:
        (kept,) = [table for table in await gather(conn, CATALOGUE, who.person_id) if table["table"] == "unmatched"]
    assert sorted(kept["rows"][0]) == ["person_id", "reason", "round_id"]  # type: ignore[index]


async def test_each_dry_run_for_a_few_is_in_the_trail_by_its_round_and_how_many_it_asked(
    world: World, call: Caller
) -> None:
    about, crowd = programme(), [learner(), learner(), person()]
    await world.hear(about)
    await world.hear(*crowd)
    rounds = [await run(call, about.programme_id, dry_run=True, people=[str(who.person_id)]) for who in crowd]
    await call("POST", f"/v1/rounds/{rounds[0]['round_id']}/publish", OWNER)
    await call("POST", f"/v1/rounds/{rounds[1]['round_id']}/discard", OWNER)
    rows = await world.fetch("SELECT actor, action, object, fields FROM audit ORDER BY id")
    assert len({row["actor"] for row in rows}) == 1
    objects = [f"/v1/rounds/{one['round_id']}?asked={one['asked']}" for one in rounds]
    assert [one["asked"] for one in rounds] == [1, 1, 0]
    given = ["dry_run", "people", "programme_id"]
    begun = [("create_round", one, given) for one in objects]
    ended = [("publish_round", objects[0], None), ("discard_round", objects[1], None)]
    assert [(row["action"], row["object"], row["fields"]) for row in rows] == begun + ended
