"""Who has nobody though no round left them out reads why, until they have somebody."""

from typing import Any
from uuid import uuid4

from services.matching.commands.buddies import propose_buddies
from services.matching.timers import TIMERS
from shared.events.directory import PersonChanged, SkillChanged
from shared.events.matching import MatchProposed, PersonLeftUnmatched
from shared.events.privacy import ErasureRequested
from shared.events.sessions import ProgrammeChanged
from tests.matching.conftest import Caller, World
from tests.matching.test_exchanges import a_ring
from tests.matching.test_lifecycle import later
from tests.matching.test_previews import run
from tests.matching.test_upkeep import a_circle, changed
from tests.matching.world import PIANO, RUST, learner, newcomer, person, programme, teacher, today


async def told(call: Caller, one: PersonChanged) -> list[dict[str, Any]]:
    """What somebody reads of not being matched."""
    answer = await call("GET", f"/v1/people/{one.person_id}/unmatched", person=one.person_id)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


async def test_a_hire_for_whom_there_is_no_buddy_reads_why_until_there_is_one(world: World, call: Caller) -> None:
    first, second = (programme("onboarding_buddy", audience_units=units) for units in (("U1",), ("ROOT",)))
    await world.hear(first, second)
    await world.hear(person(), person())
    await world.hear(new := newcomer(languages=("fr",)))
    why = await told(call, new)
    assert [(one["round_id"], one["reason"]) for one in why] == [(None, "no_common_language")] * 2
    assert {one["programme_id"] for one in why} == {str(each.programme_id) for each in (first, second)}
    assert why[0]["change"]["code"] == "another_language"
    assert (await call("GET", f"/v1/people/{new.person_id}/unmatched", person=uuid4())).status_code == 404
    async with world.db.transaction() as conn:
        await propose_buddies(conn)
    assert await told(call, new) == why, "the same again is no news"
    await world.hear(person(languages=("fr",)))
    async with world.db.transaction() as conn:
        assert await propose_buddies(conn) == 1
    assert await told(call, new) == []


async def test_a_learner_whose_teacher_leaves_and_nobody_replaces_reads_why(world: World, call: Caller) -> None:
    mentoring, one, guide = programme(), learner(), teacher()
    await world.hear(mentoring)
    await world.hear(one, guide)
    await run(call, mentoring.programme_id)
    await world.hear(changed(guide, status="left"))
    (why,) = await told(call, one)
    assert (why["round_id"], why["programme_id"]) == (None, str(mentoring.programme_id))
    assert (why["reason"], why["change"]["code"]) == ("nobody_offers_it", "find_teacher")
    assert not await world.said(PersonLeftUnmatched), "of no round nobody is told"
    round_ = await run(call, mentoring.programme_id)
    assert [each["round_id"] for each in await told(call, one)] == [round_["round_id"]], "the round has the word"


async def test_a_learner_is_matched_again_and_nothing_is_kept(world: World, call: Caller) -> None:
    mentoring, one, guides = programme(), learner(), [teacher(), teacher()]
    await world.hear(mentoring)
    await world.hear(one, guides[0])
    await run(call, mentoring.programme_id)
    await world.hear(guides[1])
    await world.hear(changed(guides[0], status="left"))
    assert len(await world.said(MatchProposed)) == 2
    assert await told(call, one) == []


async def test_pages_of_what_left_somebody_out_go_on_past_what_no_round_did(world: World, call: Caller) -> None:
    mentoring, piano = programme(skills=(RUST,)), programme(skills=(PIANO,))
    one, guide = person(needs=(*learner().needs, *learner(skill=PIANO).needs)), teacher()
    await world.hear(mentoring, piano)
    await world.hear(one, guide)
    await run(call, mentoring.programme_id)
    before = await run(call, piano.programme_id)
    await world.hear(changed(guide, status="left"))
    after = await run(call, piano.programme_id)
    path, found = f"/v1/people/{one.person_id}/unmatched?limit=1", []
    while path:
        answer = await call("GET", path, person=one.person_id)
        found += [each["round_id"] for each in answer.json()["items"]]
        cursor = answer.json()["next"]
        path = cursor and f"/v1/people/{one.person_id}/unmatched?limit=1&cursor={cursor}"
    assert found == [after["round_id"], None, before["round_id"]]


async def test_who_loses_a_circle_and_finds_no_place_reads_so(world: World, call: Caller) -> None:
    members, leader, _ = await a_circle(world)
    await world.hear(changed(members[0], status="left"))
    for one in members[1:]:
        (why,) = await told(call, one)
        assert (why["reason"], why["change"]["code"], why["round_id"]) == ("no_circle_free", "next_round", None)
    assert await told(call, leader) == []


async def proposed(world: World, call: Caller) -> tuple[ProgrammeChanged, PersonChanged, PersonChanged, str]:
    """A programme, a learner and a teacher who were proposed to each other, and the match."""
    mentoring, one, guide = programme(), learner(), teacher()
    await world.hear(mentoring)
    await world.hear(SkillChanged(skill_id=RUST, version=1, label="Rust"))
    await world.hear(one, guide)
    await run(call, mentoring.programme_id)
    (match,) = await world.said(MatchProposed)
    return mentoring, one, guide, match["match_id"]


async def decline(call: Caller, match_id: str, who: PersonChanged, code: str = "no") -> None:
    answer = await call("POST", f"/v1/matches/{match_id}/decline", person=who.person_id, json={"reason_code": code})
    assert answer.status_code == 200, answer.text


async def let_expire(world: World) -> None:
    await world.execute("UPDATE matches SET expires_at = now() - interval '1 minute' WHERE state = 'proposed'")
    timer = next(timer for timer in TIMERS if timer.name == "expire-proposals")
    async with world.db.transaction() as conn:
        assert await timer.run(conn) > 0


async def test_a_learner_whose_proposal_is_declined_reads_so_and_what_comes_next(world: World, call: Caller) -> None:
    mentoring, one, guide, match_id = await proposed(world, call)
    await decline(call, match_id, guide, "no_time")
    (why,) = await told(call, one)
    assert (why["round_id"], why["programme_id"]) == (None, str(mentoring.programme_id))
    assert (why["reason"], why["text"]) == ("proposal_declined", "What was proposed was declined.")
    assert (why["change"]["code"], why["change"]["skill"]) == ("asked_again", "Rust")
    assert "the next round asks them again, for Rust" in why["change"]["text"]
    assert await told(call, guide) == []
    await world.hear(teacher())
    await run(call, mentoring.programme_id)
    assert await told(call, one) == [], "they have a match again"


async def test_who_declines_is_told_nothing_they_do_not_know(world: World, call: Caller) -> None:
    _, one, guide, match_id = await proposed(world, call)
    await decline(call, match_id, one)
    assert await told(call, one) == await told(call, guide) == []


async def test_a_learner_whose_proposal_expires_reads_so_until_a_round_says_why(world: World, call: Caller) -> None:
    mentoring, one, guide, _ = await proposed(world, call)
    await let_expire(world)
    (why,) = await told(call, one)
    assert (why["reason"], why["change"]["code"]) == ("proposal_expired", "asked_again")
    assert await told(call, guide) == []
    round_ = await run(call, mentoring.programme_id)
    assert [each["round_id"] for each in await told(call, one)] == [round_["round_id"]]


async def test_nothing_comes_next_in_a_programme_that_is_closed(world: World, call: Caller) -> None:
    _, one, *_ = await proposed(world, call)
    await world.execute("UPDATE programmes SET status = 'closed'")
    await let_expire(world)
    assert await told(call, one) == []


async def test_what_came_to_nothing_is_over_with_its_programme(world: World, call: Caller) -> None:
    mentoring, one, guide, match_id = await proposed(world, call)
    await decline(call, match_id, guide)
    assert len(await told(call, one)) == 1
    await world.hear(later(mentoring, status="closed"))
    assert await told(call, one) == []


async def test_those_whose_exchange_is_off_read_so_but_not_who_called_it_off(world: World, call: Caller) -> None:
    people, _, legs = await a_ring(world, call)
    one, two, third = people
    await decline(call, legs[str(one.person_id)]["match_id"], one)
    assert await told(call, one) == []
    for other in (two, third):
        (why,) = await told(call, other)
        assert (why["reason"], why["change"]["code"]) == ("exchange_off", "next_round")
        assert str(one.person_id) not in str(why)


async def test_an_erased_hire_is_in_no_row(world: World) -> None:
    await world.hear(programme("onboarding_buddy"))
    await world.hear(new := newcomer())
    assert await world.fetch("SELECT FROM left_alone")
    await world.hear(ErasureRequested(request_id=uuid4(), person_id=new.person_id, requested_on=today()))
    assert not await world.fetch("SELECT FROM left_alone")
    (row,) = await world.fetch("SELECT rows FROM erased_people")
    assert row["rows"] == 2
