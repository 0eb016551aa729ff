"""What of a preview holds by the time it is published: free, within reach, led by somebody with room, told as it is."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias
from uuid import UUID

import pytest

from services.matching.commands import publication
from services.matching.couriers import couriers
from services.matching.settings import MatchingSettings
from services.matching.store import matches
from shared.courier import Courier, run_once
from shared.db import Database
from shared.events.directory import PersonChanged, SkillOffer
from shared.events.matching import CircleFormed, MatchProposed, PersonLeftUnmatched, RoundCompleted
from tests.matching.conftest import Caller, World
from tests.matching.test_exchanges import three
from tests.matching.test_lifecycle import of
from tests.matching.test_previews import OWNER, run
from tests.matching.test_upkeep import changed
from tests.matching.world import PIANO, RUST, learner, newcomer, person, programme, teacher

Publish: TypeAlias = Callable[[dict[str, Any]], Awaitable[dict[str, Any]]]


@pytest.fixture
def courier(settings: MatchingSettings) -> Courier:
    """What workers do of large rounds' publication."""
    return couriers(settings)[-1]


@pytest.fixture
def worked_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every round is one that workers publish, a match or a person at a time."""
    monkeypatch.setattr(matches, "PAGE", 1)
    monkeypatch.setattr(publication, "AT_ONCE", 1)


async def begin(call: Caller, preview: dict[str, Any]) -> dict[str, Any]:
    answer = await call("POST", f"/v1/rounds/{preview['round_id']}/publish", OWNER)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


@pytest.fixture(params=["at once", "one by one", "by a worker"])
def publish(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, call: Caller, db: Database, courier: Courier
) -> Publish:
    """Has a preview published, to its end."""

    async def work(preview: dict[str, Any]) -> dict[str, Any]:
        if request.param != "at once":
            monkeypatch.setattr(matches, "PAGE", 1)
        if request.param == "by a worker":
            monkeypatch.setattr(publication, "AT_ONCE", 1)
        begun = await begin(call, preview)
        waits = request.param == "by a worker" and preview["asked"] > 1
        assert begun["state"] == ("publishing" if waits else "published")
        return await to_the_end(call, db, courier, begun)

    return work


async def to_the_end(call: Caller, db: Database, courier: Courier, begun: dict[str, Any]) -> dict[str, Any]:
    while await run_once(db, courier):
        pass
    found: dict[str, Any] = (await call("GET", f"/v1/rounds/{begun['round_id']}", OWNER)).json()
    assert found["state"] == "published"
    return found


async def test_a_round_of_buddies_keeps_who_has_not_begun_yet(world: World, call: Caller, publish: Publish) -> None:
    one, buddies = newcomer(), programme("onboarding_buddy")
    await world.hear(buddies)
    await world.hear(one)
    await world.hear(person())
    published = await publish(await run(call, buddies.programme_id, dry_run=True))
    assert (published["asked"], published["matched"], published["report"]["withdrawn"]) == (1, 1, 0)
    (proposed,) = await world.said(MatchProposed)
    assert of(proposed, "newcomer") == [str(one.person_id)]


@pytest.mark.parametrize(("time_zone", "matched"), [("Europe/London", 1), ("Pacific/Auckland", 0)])
async def test_who_has_moved_out_of_reach_is_not_proposed(
    world: World, call: Caller, publish: Publish, time_zone: str, matched: int
) -> None:
    mentoring, one = programme(), learner()
    await world.hear(mentoring)
    await world.hear(one, teacher())
    preview = await run(call, mentoring.programme_id, dry_run=True)
    assert preview["matched"] == 1
    await world.hear(changed(one, time_zone=time_zone))
    assert (await publish(preview))["matched"] == matched
    assert len(await world.said(MatchProposed)) == matched


@pytest.mark.parametrize("whose", ["learner", "teacher"])
async def test_who_works_for_somebody_else_by_now_is_not_proposed(
    world: World, call: Caller, publish: Publish, whose: str
) -> None:
    mentoring, bosses = programme(), [person(time_budget_minutes=0) for _ in range(3)]
    pair = {"learner": learner(manager_id=bosses[0].person_id), "teacher": teacher(manager_id=bosses[1].person_id)}
    await world.hear(mentoring)
    await world.hear(*bosses, *pair.values())
    stands, falls = [await run(call, mentoring.programme_id, dry_run=True) for _ in range(2)]
    await world.hear(changed(pair[whose], manager_id=bosses[2].person_id))
    assert (await publish(falls))["report"]["withdrawn"] == 1
    await world.hear(changed(pair[whose], version=3))
    assert (await publish(stands))["matched"] == 1


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


async def test_a_circle_whose_facilitator_leads_enough_by_now_gets_another(
    world: World, call: Caller, publish: Publish
) -> None:
    preview, leader = await an_overtaken_preview(world, call)
    other = changed(leader, 1, person_id=learner().person_id)
    await world.hear(other)
    published = await publish(preview)
    assert (published["matched"], published["report"]["withdrawn"]) == (4, 0)
    *earlier, formed = await world.said(CircleFormed)
    assert [of(event, "facilitator") for event in earlier] == [[str(leader.person_id)]] * 2
    assert (of(formed, "facilitator"), formed["version"]) == ([str(other.person_id)], 1)
    shown = (await call("GET", f"/v1/matches/{formed['match_id']}", OWNER)).json()
    assert (shown["state"], shown["facilitator_id"]) == ("formed", str(other.person_id))


async def test_and_where_nobody_else_may_lead_it_is_withdrawn(world: World, call: Caller, publish: Publish) -> None:
    preview, _ = await an_overtaken_preview(world, call)
    published = await publish(preview)
    assert (published["matched"], published["unmatched_by_reason"]) == (0, {"changed_since_preview": 4})
    assert len(await world.said(CircleFormed)) == 2
    assert len(await world.said(PersonLeftUnmatched)) == 4


@pytest.mark.parametrize(("room", "stand"), [(3, 3), (2, 2), (0, 0)])
async def test_a_teacher_gets_no_more_learners_than_there_is_room_for_by_now(
    world: World, call: Caller, publish: Publish, room: int, stand: int
) -> None:
    mentoring, guide = programme(), teacher(capacity=3, time_budget_minutes=900)
    await world.hear(mentoring)
    await world.hear(guide, *(learner() for _ in range(3)))
    preview = await run(call, mentoring.programme_id, dry_run=True)
    assert preview["matched"] == 3
    await world.hear(changed(guide, capacity=room))
    published = await publish(preview)
    assert (published["matched"], published["report"]["withdrawn"]) == (stand, 3 - stand)
    assert published["figures"]["most_loaded"] == stand
    assert len(await world.said(MatchProposed)) == stand
    assert {event["reason"] for event in await world.said(PersonLeftUnmatched)} == (
        {"changed_since_preview"} if stand < 3 else set()
    )


@pytest.mark.parametrize("leaves", [False, True])
async def test_an_exchange_is_published_whole_or_not_at_all(
    world: World, call: Caller, publish: Publish, *, leaves: bool
) -> None:
    people, programme_id = await three(world)
    preview = await run(call, programme_id, dry_run=True)
    assert preview["matched"] == 3
    if leaves:
        await world.hear(changed(people[1], status="left"))
    published = await publish(preview)
    assert (published["matched"], published["report"]["withdrawn"]) == ((0, 3) if leaves else (3, 0))
    rings = [event["ring_id"] for event in await world.said(MatchProposed)]
    assert (len(rings), len(set(rings))) == ((0, 0) if leaves else (3, 1))


async def test_who_learns_in_one_match_of_a_round_teaches_in_another(
    world: World, call: Caller, publish: Publish
) -> None:
    """Each of two teaches the other, as two pairs of their own."""
    mentoring = programme()
    await world.hear(mentoring)
    hours: dict[str, Any] = {"time_budget_minutes": 900}
    await world.hear(
        learner(offers=(SkillOffer(skill_id=PIANO, level=4),), **hours),
        learner(skill=PIANO, offers=(SkillOffer(skill_id=RUST, level=4),), **hours),
    )
    preview = await run(call, mentoring.programme_id, dry_run=True)
    assert preview["matched"] == 2
    published = await publish(preview)
    assert (published["matched"], published["report"]["withdrawn"]) == (2, 0)


async def test_who_still_teaches_but_learns_no_more_is_told(world: World, call: Caller, publish: Publish) -> None:
    mentoring, expert = programme(), teacher(skill=PIANO)
    both = learner(skill=PIANO, offers=(SkillOffer(skill_id=RUST, level=4),), time_budget_minutes=900)
    await world.hear(mentoring)
    await world.hear(learner(), both, expert)
    preview = await run(call, mentoring.programme_id, dry_run=True)
    assert preview["matched"] == 2
    await world.hear(changed(expert, time_zone="Pacific/Auckland"))
    published = await publish(preview)
    assert (published["matched"], published["unmatched_by_reason"]) == (1, {"changed_since_preview": 1})
    (left,) = await world.said(PersonLeftUnmatched)
    assert left["person_id"] == str(both.person_id)


async def half_told(world: World, call: Caller, db: Database, courier: Courier) -> tuple[dict[str, Any], PersonChanged]:
    """A round of three pairs of which one has been told, and who of the others learns last."""
    mentoring, learners = programme(), [learner() for _ in range(3)]
    await world.hear(mentoring)
    await world.hear(teacher(capacity=3, time_budget_minutes=900), *learners)
    preview = await run(call, mentoring.programme_id, dry_run=True)
    begun = await begin(call, preview)
    assert (begun["state"], begun["published"]) == ("publishing", False)
    assert await run_once(db, courier) == 1
    (told,) = await world.said(MatchProposed)
    return begun, next(one for one in learners if of(told, "learner") != [str(one.person_id)])


@pytest.mark.usefixtures("worked_off")
async def test_nobody_waits_until_a_large_round_is_published(
    world: World, call: Caller, db: Database, courier: Courier
) -> None:
    begun, other = await half_told(world, call, db, courier)
    await world.hear(changed(other, status="left"))
    done = await to_the_end(call, db, courier, begun)
    assert (done["asked"], done["matched"], done["unmatched_by_reason"]) == (3, 2, {"changed_since_preview": 1})
    proposed = [of(event, "learner") for event in await world.said(MatchProposed)]
    assert len(proposed) == 2
    assert [str(other.person_id)] not in proposed
    (left,) = await world.said(PersonLeftUnmatched)
    assert left["person_id"] == str(other.person_id)
    (told,) = await world.said(RoundCompleted)
    assert (told["matched"], told["unmatched"]) == (2, 1)


@pytest.mark.usefixtures("worked_off")
async def test_what_is_answered_before_all_are_told_holds_nobody_up(
    world: World, call: Caller, db: Database, courier: Courier
) -> None:
    begun, _ = await half_told(world, call, db, courier)
    (told,) = await world.said(MatchProposed)
    (who,), (guide,) = of(told, "learner"), of(told, "teacher")
    declined = await call(
        "POST", f"/v1/matches/{told['match_id']}/decline", person=UUID(guide), json={"reason_code": "busy"}
    )
    assert declined.status_code == 200, declined.text
    done = await to_the_end(call, db, courier, begun)
    assert (done["matched"], done["report"]["withdrawn"]) == (3, 0)
    assert len(await world.said(MatchProposed)) == 3
    (why,) = (await call("GET", f"/v1/people/{who}/unmatched", person=UUID(who))).json()["items"]
    assert why["reason"] == "proposal_declined", "the round that had somebody for them does not take it back"


@pytest.mark.usefixtures("worked_off")
async def test_nothing_more_of_a_programme_is_told_that_is_closed_meanwhile(
    world: World, call: Caller, db: Database, courier: Courier
) -> None:
    begun, _ = await half_told(world, call, db, courier)
    await world.execute("UPDATE programmes SET status = 'closed', version = version + 1")
    done = await to_the_end(call, db, courier, begun)
    assert (done["matched"], done["unmatched_by_reason"]) == (1, {"changed_since_preview": 2})
    assert len(await world.said(MatchProposed)) == 1


@pytest.mark.usefixtures("worked_off")
async def test_a_round_that_is_being_published_can_be_neither_published_nor_undone(
    world: World, call: Caller, db: Database, courier: Courier
) -> None:
    begun, _ = await half_told(world, call, db, courier)
    for action in ("publish", "discard"):
        refused = await call("POST", f"/v1/rounds/{begun['round_id']}/{action}", OWNER)
        assert (refused.status_code, refused.json()["state"]) == (409, "publishing")


@pytest.mark.usefixtures("worked_off")
async def test_what_a_worker_left_lying_another_goes_on_with(
    world: World, call: Caller, db: Database, courier: Courier
) -> None:
    begun, _ = await half_told(world, call, db, courier)
    async with db.transaction() as conn:
        assert await publication.claim(conn)
    assert await run_once(db, courier) == 0, "somebody is at it"
    await world.execute("UPDATE rounds SET leased_until = now() - interval '1 s'")
    assert (await to_the_end(call, db, courier, begun))["matched"] == 3
    assert len(await world.said(MatchProposed)) == 3
