"""A round before anybody is told of it, what is learned from answers, and a round computed again."""

from typing import Any
from uuid import UUID, uuid4

import pytest

from services.matching.commands import solver
from services.matching.commands.projections import forget
from services.matching.engine import round as engine
from services.matching.engine.people import Problem
from shared.events.matching import CircleFormed, MatchProposed, PersonLeftUnmatched, RoundCompleted
from tests.matching.conftest import Caller, World
from tests.matching.solving import kept
from tests.matching.test_upkeep import changed
from tests.matching.world import PIANO, RUST, learner, newcomer, person, programme, teacher

OWNER = "programme-owner"


async def run(call: Caller, programme_id: UUID, **options: object) -> dict[str, object]:
    answer = await call("POST", "/v1/rounds", OWNER, json={"programme_id": str(programme_id), **options})
    assert answer.status_code == 201, answer.text
    found: dict[str, object] = answer.json()
    return found


async def test_a_preview_is_seen_by_owners_alone_and_then_published(world: World, call: Caller) -> None:
    """P11."""
    mentoring, one, other, lonely = programme(), learner(), teacher(unit_code="U2"), learner(skill=PIANO)
    await world.hear(mentoring)
    await world.hear(one, other, lonely)
    preview = await run(call, mentoring.programme_id, dry_run=True, seed=1)
    assert (preview["state"], preview["matched"]) == ("preview", 1)
    figures = preview["figures"]
    assert isinstance(figures, dict)
    assert (figures["coverage"], figures["cross_unit_share"], figures["load_gini"]) == (0.5, 1.0, 0.0)
    path = f"/v1/rounds/{preview['round_id']}"
    (match,) = (await call("GET", f"/v1/matches?round_id={preview['round_id']}", OWNER)).json()["items"]
    assert match["state"] == "preview"
    assert (await call("GET", "/v1/matches", person=one.person_id)).json()["items"] == []
    assert (await call("GET", f"/v1/matches/{match['match_id']}", person=one.person_id)).status_code == 404
    assert (await call("POST", f"/v1/matches/{match['match_id']}/accept", person=one.person_id)).status_code == 404
    published = (await call("POST", f"{path}/publish", OWNER)).json()
    assert (published["state"], published["matched"], published["report"]["withdrawn"]) == ("published", 1, 0)
    (proposed,) = await world.said(MatchProposed)
    assert proposed["match_id"] == match["match_id"]
    (left,) = await world.said(PersonLeftUnmatched)
    assert (left["person_id"], left["reason"]) == (str(lonely.person_id), "nobody_offers_it")
    assert (await world.said(RoundCompleted))[0]["matched"] == 1
    assert (await call("POST", f"/v1/matches/{match['match_id']}/accept", person=one.person_id)).status_code == 200
    for action in ("publish", "discard"):
        again = await call("POST", f"{path}/{action}", OWNER)
        assert (again.status_code, again.json()["state"]) == (409, "published")


async def test_a_discarded_preview_never_was(world: World, call: Caller) -> None:
    mentoring = programme()
    await world.hear(mentoring)
    await world.hear(learner(), teacher())
    preview = await run(call, mentoring.programme_id, dry_run=True)
    path = f"/v1/rounds/{preview['round_id']}"
    assert (await call("POST", f"{path}/discard", OWNER)).json()["state"] == "discarded"
    assert not await world.fetch("SELECT FROM matches")
    assert not await world.fetch("SELECT FROM outbox")
    again = await call("POST", f"{path}/publish", OWNER)
    assert (again.status_code, again.json()["state"]) == (409, "discarded")
    assert (await call("POST", f"/v1/rounds/{uuid4()}/discard", OWNER)).status_code == 404
    assert (await run(call, mentoring.programme_id))["matched"] == 1


async def test_what_changed_since_the_preview_is_withdrawn_and_told(world: World, call: Caller) -> None:
    mentoring, crowd = programme(), [learner() for _ in range(4)]
    guides = [teacher(capacity=1) for _ in range(4)]
    await world.hear(mentoring)
    await world.hear(*crowd, *guides)
    preview = await run(call, mentoring.programme_id, dry_run=True, seed=1)
    partner = {
        row["people"][0]: row["people"][1]
        for row in await world.fetch(
            "SELECT array_agg(person_id ORDER BY role) AS people FROM match_members GROUP BY match_id"
        )
    }
    gone, moved, taken, fine = crowd
    by_id = {one.person_id: one for one in guides}
    busy = by_id[partner[taken.person_id]]
    await world.hear(changed(gone, status="left"), changed(moved, site_code="OSL"), changed(busy, capacity=0))
    published = (await call("POST", f"/v1/rounds/{preview['round_id']}/publish", OWNER)).json()
    assert published["matched"] + published["unmatched"] == published["asked"] == 4
    assert published["unmatched_by_reason"] == {"changed_since_preview": 3}
    assert published["report"]["withdrawn"] == 3
    figures = published["figures"]
    assert (figures["coverage"], figures["mean_score"], figures["declines"]) == (0.25, published["value"], {})
    (proposed,) = await world.said(MatchProposed)
    assert str(fine.person_id) in {member["person_id"] for member in proposed["members"]}
    assert len(await world.said(PersonLeftUnmatched)) == 3
    assert published["value"] == sum(
        row["score"] for row in await world.fetch("SELECT score FROM matches WHERE state = 'proposed'")
    )


async def test_who_learns_and_teaches_loses_neither_at_publication(world: World, call: Caller) -> None:
    between = learner(skill=PIANO, offers=teacher().offers, capacity=1)
    mentoring = programme()
    await world.hear(mentoring)
    await world.hear(learner(), between, teacher(skill=PIANO, capacity=1))
    preview = await run(call, mentoring.programme_id, dry_run=True)
    assert preview["matched"] == 2
    published = (await call("POST", f"/v1/rounds/{preview['round_id']}/publish", OWNER)).json()
    assert (published["matched"], published["report"]["withdrawn"]) == (2, 0)


async def test_a_round_holds_up_nobody_and_heeds_what_happens_meanwhile(
    world: World, call: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask, gone, new = solver.Session.ask, learner(), newcomer()

    async def meanwhile(session: solver.Session, task: solver.Task, head: Problem) -> Any:
        found = await ask(session, task, head)
        await world.hear(changed(gone, status="left"), new)
        assert {"buddy"} == {event["kind"] for event in await world.said(MatchProposed)}
        return found

    monkeypatch.setattr(solver.Session, "ask", meanwhile)
    mentoring = programme()
    await world.hear(mentoring, programme("onboarding_buddy"))
    await world.hear(gone, learner(), teacher(), teacher(), person())
    found = await run(call, mentoring.programme_id)
    assert (found["matched"], found["unmatched_by_reason"]) == (1, {"changed_since_preview": 1})
    pairs = [event for event in await world.said(MatchProposed) if event["kind"] == "pair"]
    assert str(gone.person_id) not in {member["person_id"] for event in pairs for member in event["members"]}


async def test_a_circle_whose_facilitator_has_come_to_stand_above_it_is_not_published(
    world: World, call: Caller
) -> None:
    circles = programme("mentoring_circle", group_size_min=4, group_size_max=4, audience_units=("D1",))
    between, crowd = person(opted_in=False), [person() for _ in range(3)]
    low = person(manager_id=between.person_id)
    boss = person(unit_code="U2", unit_path=("ROOT", "D2", "U2"), facilitator_ready=True)
    await world.hear(circles)
    await world.hear(boss, between, low, *crowd)
    preview = await run(call, circles.programme_id, dry_run=True, seed=1)
    assert preview["matched"] == 4
    await world.hear(changed(between, manager_id=boss.person_id))
    published = (await call("POST", f"/v1/rounds/{preview['round_id']}/publish", OWNER)).json()
    assert (published["matched"], published["unmatched_by_reason"]) == (0, {"changed_since_preview": 4})
    assert not await world.said(CircleFormed)


async def test_some_or_those_left_out_are_asked_again(world: World, call: Caller) -> None:
    mentoring, one, other, third = programme(), learner(), learner(skill=PIANO), learner(skill=PIANO)
    await world.hear(mentoring)
    await world.hear(one, other, third, teacher())
    first = await run(call, mentoring.programme_id)
    assert (first["asked"], first["matched"]) == (3, 1)
    await world.hear(teacher(skill=PIANO), learner())
    again = await run(call, mentoring.programme_id, left_out_of=first["round_id"], people=[str(other.person_id)])
    assert (again["asked"], again["matched"]) == (1, 1)
    rest = await run(call, mentoring.programme_id, left_out_of=first["round_id"])
    assert (rest["asked"], rest["matched"]) == (1, 1)
    another = programme()
    await world.hear(another)
    for programme_id, left_out_of in (
        (mentoring.programme_id, str(uuid4())),
        (another.programme_id, first["round_id"]),
    ):
        unknown = {"programme_id": str(programme_id), "left_out_of": left_out_of}
        assert (await call("POST", "/v1/rounds", OWNER, json=unknown)).status_code == 404


async def test_why_proposals_were_declined_is_told_of_five_people_or_not_at_all(world: World, call: Caller) -> None:
    mentoring, learners = programme(), [learner() for _ in range(6)]
    await world.hear(mentoring)
    await world.hear(*learners, *(teacher(capacity=1) for _ in learners))
    await run(call, mentoring.programme_id)
    matches = await world.said(MatchProposed)
    told = []
    for number, match in enumerate(matches):
        (asked,) = await world.fetch(
            "SELECT person_id FROM match_members WHERE match_id = $1 AND role = 'learner'", UUID(match["match_id"])
        )
        path = f"/v1/matches/{match['match_id']}/decline"
        reason = {"reason_code": "no_time" if number else "other"}
        assert (await call("POST", path, person=asked["person_id"], json=reason)).status_code == 200
        told.append((await run(call, mentoring.programme_id))["figures"]["declines"])  # type: ignore[index]
    assert told == [{}, {}, {}, {}, {}, {"no_time": 5}]


async def test_the_next_round_learns_why_somebody_said_no(world: World, call: Caller) -> None:
    mentoring, one, other = programme(), learner(), teacher()
    both = teacher(level=3)
    await world.hear(mentoring)
    await world.hear(one, other)
    await run(call, mentoring.programme_id)
    (match,) = await world.said(MatchProposed)
    path = f"/v1/matches/{match['match_id']}/decline"
    assert (await call("POST", path, person=one.person_id, json={"reason_code": "no_time"})).status_code == 200
    await world.hear(both)
    second = await run(call, mentoring.programme_id)
    assert second["unmatched_by_reason"] == {"no_time": 1}
    assert isinstance(second["figures"], dict)
    assert second["figures"]["declines"] == {}
    await world.execute("UPDATE matches SET created_at = created_at - interval '31 days'")
    assert (await run(call, mentoring.programme_id))["unmatched_by_reason"] == {"no_time": 1}
    await world.execute("UPDATE matches SET changed_at = changed_at - interval '31 days'")
    assert (await run(call, mentoring.programme_id))["matched"] == 1


async def test_whoever_will_not_teach_a_skill_is_not_asked_for_it_again(world: World, call: Caller) -> None:
    mentoring, one, other, guide = programme(), learner(), learner(), teacher(capacity=2)
    await world.hear(mentoring)
    await world.hear(one, guide)
    await run(call, mentoring.programme_id)
    (match,) = await world.said(MatchProposed)
    body = {"reason_code": "wrong_skill"}
    path = f"/v1/matches/{match['match_id']}/decline"
    assert (await call("POST", path, person=guide.person_id, json=body)).status_code == 200
    await world.hear(other)
    second = await run(call, mentoring.programme_id)
    assert second["unmatched_by_reason"] == {"nobody_offers_it": 2}


@pytest.mark.parametrize("format_", ["mentoring", "mentoring_circle"])
async def test_a_round_computed_again_comes_to_the_same_bytes(world: World, call: Caller, format_: str) -> None:
    boss = person(facilitator_ready=True, unit_code="U2", unit_path=("ROOT", "D2", "U2"))
    crowd = [learner(manager_id=boss.person_id, level=place % 3) for place in range(8)]
    guides = [teacher(not_with=(crowd[0].person_id, uuid4()), manager_id=uuid4()) for _ in range(4)]
    mentoring = programme(format_, skills=(RUST,))
    await world.hear(mentoring)
    await world.hear(boss, *crowd, *guides)
    if format_ == "mentoring":
        await run(call, mentoring.programme_id)
        await world.execute("UPDATE matches SET state = 'expired'")
    found = await run(call, mentoring.programme_id, seed=9)
    async with world.db.acquire() as conn:
        problem = (await kept(conn, UUID(str(found["round_id"])))).problem
    assert engine.digest(problem) == found["input_digest"]
    assert format_ != "mentoring" or problem.recent
    replay = (await call("POST", f"/v1/rounds/{found['round_id']}/replay", OWNER)).json()
    assert (replay["same_input"], replay["same_output"]) == (True, True)
    assert replay["output_digest"] == found["output_digest"]
    await world.execute("UPDATE rounds SET output_digest = 'another'")
    replay = (await call("POST", f"/v1/rounds/{found['round_id']}/replay", OWNER)).json()
    assert (replay["same_input"], replay["same_output"]) == (True, False)


async def test_a_round_of_an_earlier_engine_is_not_computed_again_by_this_one(world: World, call: Caller) -> None:
    mentoring = programme()
    await world.hear(mentoring)
    await world.hear(learner(), teacher())
    found = await run(call, mentoring.programme_id)
    assert found["engine"] == engine.VERSION
    await world.execute("UPDATE rounds SET engine = engine - 1")
    simulations = f"/v1/programmes/{mentoring.programme_id}/rules/simulations"
    for path, body in ((f"/v1/rounds/{found['round_id']}/replay", None), (simulations, {"rules": {"margin": 2}})):
        refused = await call("POST", path, OWNER, json=body)
        told = refused.json()
        assert (refused.status_code, told["type"]) == (409, "/problems/round-of-another-engine"), told
        assert (told["engine"], told["current"]) == (engine.VERSION - 1, engine.VERSION)


async def test_who_is_erased_is_nowhere_in_what_a_round_kept(world: World, call: Caller) -> None:
    mentoring, one, guide = programme(), learner(), teacher()
    await world.hear(mentoring)
    await world.hear(one, guide, teacher(not_with=(one.person_id,)), person(manager_id=one.person_id))
    found = await run(call, mentoring.programme_id, dry_run=True)
    async with world.db.transaction() as conn:
        await forget(conn, [one.person_id])
    rows = await world.fetch("SELECT round_people::text AS whole FROM round_people")
    assert len(rows) == 3
    assert not any(str(one.person_id) in row["whole"] for row in rows)
    replay = await call("POST", f"/v1/rounds/{found['round_id']}/replay", OWNER)
    assert (replay.status_code, replay.json()["type"]) == (409, "/problems/round-not-kept")
    published = (await call("POST", f"/v1/rounds/{found['round_id']}/publish", OWNER)).json()
    assert (published["matches"], published["report"]["withdrawn"]) == (0, 1)
    assert (published["asked"], published["matched"], published["unmatched"]) == (0, 0, 0)
    assert published["figures"]["coverage"] is None
    (told,) = await world.said(RoundCompleted)
    assert (told["asked"], told["matched"], told["unmatched"]) == (0, 0, 0)
