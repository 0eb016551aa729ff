"""The legs of an exchange stand together or not at all, and whoever is left of one that stood is handed over."""

from typing import Any
from uuid import UUID

from services.matching.timers import TIMERS
from shared.events.directory import PersonChanged, SkillNeed, SkillOffer
from shared.events.matching import MatchAccepted, MatchDeclined, MatchEnded, MatchExpired, MatchProposed
from tests.matching.conftest import Caller, World
from tests.matching.test_lifecycle import accept, of
from tests.matching.test_previews import run
from tests.matching.test_upkeep import changed
from tests.matching.world import person, programme, teacher

OWNER = "programme-owner"
Event = dict[str, Any]


def swapper(wants: str, knows: str, **changes: Any) -> PersonChanged:
    """Somebody who wants to learn one skill and knows another."""
    need, offer = SkillNeed(skill_id=wants, level=0, target_level=2), SkillOffer(skill_id=knows, level=4)
    return person(needs=(need,), offers=(offer,), **changes)


async def three(world: World) -> tuple[list[PersonChanged], UUID]:
    """Three of whom no two suit each other, the first learns from the second, and a programme of exchanges."""
    format_ = programme()
    people = [swapper("a", "c"), swapper("b", "a"), swapper("c", "b")]
    await world.hear(format_)
    await world.hear(*people)
    await world.execute("""UPDATE rules SET rules = rules || '{"exchange": true}'""")
    return people, format_.programme_id


async def a_ring(world: World, call: Caller) -> tuple[list[PersonChanged], UUID, dict[str, Event]]:
    """The same after a round, with the proposals by learner."""
    people, programme_id = await three(world)
    await run(call, programme_id)
    legs = {of(event, "learner")[0]: event for event in await world.said(MatchProposed)}
    assert len(legs) == 3
    return people, programme_id, legs


def teachers(events: list[Event]) -> set[tuple[str, str]]:
    return {(of(event, "learner")[0], of(event, "teacher")[0]) for event in events}


async def states(world: World) -> list[str]:
    return [row["state"] for row in await world.fetch("SELECT state FROM matches ORDER BY state")]


async def test_a_ring_of_three_is_accepted_with_the_last_of_all_answers(world: World, call: Caller) -> None:
    """P17, P7."""
    _, _, legs = await a_ring(world, call)
    (ring,) = {event["ring_id"] for event in legs.values()}
    assert {event["rules_version"] for event in legs.values()} == {1}
    found = (await call("GET", f"/v1/matches?ring_id={ring}", OWNER)).json()["items"]
    assert {match["match_id"] for match in found} == {event["match_id"] for event in legs.values()}
    for match in found:
        assert "Three teach each other in a ring" in " ".join(term["text"] for term in match["reasons"])
        assert match["score"] == sum(term["points"] for term in match["reasons"])
    answers = [(event["match_id"], UUID(one["person_id"])) for event in legs.values() for one in event["members"]]
    for place, (match_id, who) in enumerate(answers, 1):
        assert await world.said(MatchAccepted) == []
        answer = await call("POST", f"/v1/matches/{match_id}/accept", person=who)
        assert answer.json()["state"] == ("accepted" if place == len(answers) else "proposed")
    assert {event["match_id"] for event in await world.said(MatchAccepted)} == {one["match_id"] for one in found}
    assert await states(world) == ["accepted"] * 3
    assert (await call("POST", f"/v1/matches/{answers[0][0]}/decline", person=answers[0][1], json={"reason_code": "no"})
            ).status_code == 409  # fmt: skip


async def test_a_no_to_one_leg_withdraws_the_others_and_nobody_rests_from_them(world: World, call: Caller) -> None:
    (one, two, third), programme_id, legs = await a_ring(world, call)
    ring = next(iter(legs.values()))["ring_id"]
    mine = legs[str(one.person_id)]
    await accept(call, legs[str(two.person_id)]["match_id"], two, third)
    body = {"reason_code": "no_time"}
    await call("POST", f"/v1/matches/{mine['match_id']}/decline", person=one.person_id, json=body)
    assert [event["match_id"] for event in await world.said(MatchDeclined)] == [mine["match_id"]]
    ended = await world.said(MatchEnded)
    assert {(event["reason"], event["ring_id"]) for event in ended} == {("exchange_over", ring)}
    assert {event["match_id"] for event in ended} == {leg["match_id"] for leg in legs.values()} - {mine["match_id"]}
    assert await states(world) == ["declined", "withdrawn", "withdrawn"]
    late = await call("POST", f"/v1/matches/{legs[str(third.person_id)]['match_id']}/accept", person=third.person_id)
    assert (late.status_code, late.json()["state"]) == (409, "withdrawn")
    other = swapper("a", "c")
    await world.hear(other)
    assert (await run(call, programme_id))["matched"] == 3
    assert teachers((await world.said(MatchProposed))[3:]) == {
        (str(other.person_id), str(two.person_id)),
        (str(two.person_id), str(third.person_id)),
        (str(third.person_id), str(other.person_id)),
    }


async def test_who_goes_before_all_have_agreed_is_replaced_in_the_ring_or_the_ring_is_over(
    world: World, call: Caller
) -> None:
    (one, two, third), _, legs = await a_ring(world, call)
    other = swapper("a", "c")
    await world.hear(other)
    await world.hear(changed(one, status="left"))
    assert sorted(event["reason"] for event in await world.said(MatchEnded)) == [
        "exchange_over", "no_longer_available", "no_longer_available",
    ]  # fmt: skip
    again = (await world.said(MatchProposed))[3:]
    assert teachers(again) == {
        (str(other.person_id), str(two.person_id)),
        (str(two.person_id), str(third.person_id)),
        (str(third.person_id), str(other.person_id)),
    }
    assert len({event["ring_id"] for event in again}) == 1
    assert {event["ring_id"] for event in again}.isdisjoint({event["ring_id"] for event in legs.values()})
    await world.hear(changed(other, status="left"))
    assert len(await world.said(MatchProposed)) == 6
    assert set(await states(world)) == {"ended", "withdrawn"}


async def test_who_goes_later_is_handed_over_and_the_leg_without_them_stands(world: World, call: Caller) -> None:
    """P17, P18."""
    (one, two, third), _, legs = await a_ring(world, call)
    for leg in legs.values():
        for member in leg["members"]:
            await call("POST", f"/v1/matches/{leg['match_id']}/accept", person=UUID(member["person_id"]))
    guide = teacher(skill="c")
    await world.hear(guide)
    await world.hear(changed(one, status="left"))
    assert {event["reason"] for event in await world.said(MatchEnded)} == {"no_longer_available"}
    assert await states(world) == ["accepted", "ended", "ended", "proposed"]
    (again,) = (await world.said(MatchProposed))[3:]
    assert teachers([again]) == {(str(third.person_id), str(guide.person_id))}, "who still teaches learns on"
    assert (again["ring_id"], again["rules_version"]) == (None, 1)
    assert str(two.person_id) not in str(again["members"])


async def test_a_ring_is_published_whole_or_not_at_all_and_expires_whole(world: World, call: Caller) -> None:
    (one, *_), programme_id = await three(world)
    preview = await run(call, programme_id, dry_run=True)
    await world.hear(changed(one, languages=("en", "fr")))
    published = (await call("POST", f"/v1/rounds/{preview['round_id']}/publish", OWNER)).json()
    assert (published["matches"], published["unmatched_by_reason"]) == (0, {"changed_since_preview": 3})
    assert (await run(call, programme_id))["matched"] == 3
    await world.execute("UPDATE matches SET expires_at = now()")
    timer = next(timer for timer in TIMERS if timer.name == "expire-proposals")
    async with world.db.transaction() as conn:
        assert await timer.run(conn) == 3
    assert len({event["ring_id"] for event in await world.said(MatchExpired)}) == 1
