import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from services.matching.policy import POLICY
from services.matching.timers import TIMERS
from shared.auth import Allow
from shared.events.directory import SkillChanged
from shared.events.matching import (
    CircleFormed,
    MatchAccepted,
    MatchDeclined,
    MatchExpired,
    MatchProposed,
    PersonLeftUnmatched,
    RoundCompleted,
)
from tests.matching.conftest import Caller, World
from tests.matching.world import PIANO, RUST, learner, newcomer, person, programme, teacher

OWNER = "programme-owner"


async def a_pair(world: World, call: Caller) -> tuple[UUID, UUID, str]:
    """A learner, a teacher and the match proposed to them."""
    one, other, mentoring = learner(), teacher(), programme()
    await world.hear(mentoring)
    await world.hear(one, other)
    await world.hear(SkillChanged(skill_id=RUST, version=1, label="Rust"))
    answer = await call("POST", "/v1/rounds", OWNER, json={"programme_id": str(mentoring.programme_id)})
    assert answer.status_code == 201, answer.text
    (match,) = await world.fetch("SELECT match_id FROM matches")
    return one.person_id, other.person_id, f"/v1/matches/{match['match_id']}"


async def test_a_round_proposes_pairs_and_tells_the_others_why_not(world: World, call: Caller) -> None:
    mentoring, one, other, lonely = programme(), learner(), teacher(), learner(skill=PIANO)
    await world.hear(mentoring)
    await world.hear(one, other, lonely, person())
    body = {"programme_id": str(mentoring.programme_id), "seed": 7}
    found = (await call("POST", "/v1/rounds", OWNER, json=body)).json()
    assert (found["kind"], found["asked"], found["matched"], found["unmatched"]) == ("pair", 2, 1, 1)
    assert found["unmatched_by_reason"] == {"nobody_offers_it": 1}
    assert found["published"] is True
    assert found["bound"] >= found["value"] > 0
    (proposed,) = await world.said(MatchProposed)
    assert {member["person_id"]: member["role"] for member in proposed["members"]} == {
        str(one.person_id): "learner",
        str(other.person_id): "teacher",
    }
    (left,) = await world.said(PersonLeftUnmatched)
    assert (left["person_id"], left["reason"]) == (str(lonely.person_id), "nobody_offers_it")
    (completed,) = await world.said(RoundCompleted)
    assert completed["matched"] + completed["unmatched"] == completed["asked"] == 2
    page = (await call("GET", f"/v1/rounds/{found['round_id']}/unmatched", OWNER)).json()
    assert page["items"][0]["text"] == "Nobody offers what is to be learned."
    assert (await call("GET", f"/v1/people/{uuid4()}/unmatched", "admin")).status_code == 404
    path = f"/v1/people/{lonely.person_id}/unmatched"
    (own,) = (await call("GET", path, person=lonely.person_id)).json()["items"]
    assert (own["round_id"], own["reason"]) == (found["round_id"], "nobody_offers_it")
    assert own["change"]["text"] == "Nobody offers it yet: somebody who teaches it has to be won."
    assert (await call("GET", path, person=one.person_id)).status_code == 404
    assert (await call("GET", path, OWNER)).json()["items"] == [own]
    preview = (await call("POST", "/v1/rounds", OWNER, json=body | {"dry_run": True})).json()
    assert preview["unmatched"] == 1
    assert (await call("GET", path, person=lonely.person_id)).json()["items"] == [own], "a preview is told to nobody"


async def test_the_same_people_rules_and_seed_make_the_same_round(world: World, call: Caller) -> None:
    mentoring = programme()
    await world.hear(mentoring)
    await world.hear(*(learner() for _ in range(6)), *(teacher() for _ in range(4)))
    body = {"programme_id": str(mentoring.programme_id), "seed": 7, "dry_run": True}
    one, other = [(await call("POST", "/v1/rounds", OWNER, json=body)).json() for _ in range(2)]
    varying = {"round_id", "created_at", "timings"}
    assert {key: one[key] for key in one.keys() - varying} == {key: other[key] for key in other.keys() - varying}


async def test_a_dry_run_proposes_nothing(world: World, call: Caller) -> None:
    mentoring = programme()
    await world.hear(mentoring)
    await world.hear(learner(), teacher())
    body = {"programme_id": str(mentoring.programme_id), "dry_run": True}
    found = (await call("POST", "/v1/rounds", OWNER, json=body)).json()
    assert (found["matched"], found["published"]) == (1, False)
    assert not await world.fetch("SELECT FROM matches WHERE state <> 'preview'")
    assert not await world.fetch("SELECT FROM outbox")


async def test_a_second_round_asks_nobody_who_has_an_open_match(world: World, call: Caller) -> None:
    await a_pair(world, call)
    (row,) = await world.fetch("SELECT programme_id FROM programmes")
    body = {"programme_id": str(row["programme_id"])}
    assert (await call("POST", "/v1/rounds", OWNER, json=body)).json()["asked"] == 0


async def test_two_rounds_at_once_ask_nobody_twice(world: World, call: Caller) -> None:
    mentoring = programme()
    await world.hear(mentoring)
    await world.hear(*(learner() for _ in range(5)), *(teacher(capacity=1) for _ in range(5)))
    body = {"programme_id": str(mentoring.programme_id)}
    rounds = await asyncio.gather(*(call("POST", "/v1/rounds", OWNER, json=body) for _ in range(3)))
    assert sorted(answer.json()["asked"] for answer in rounds) == [0, 0, 5]
    assert len(await world.fetch("SELECT DISTINCT person_id FROM match_members WHERE role = 'teacher'")) == 5


async def test_time_spent_elsewhere_counts_against_the_budget(world: World, call: Caller) -> None:
    """C14."""
    weekly, other = programme(cadence_days=7, session_minutes=60), programme()
    await world.hear(weekly, other)
    await world.hear(learner(time_budget_minutes=240), teacher(), teacher())
    first = await call("POST", "/v1/rounds", OWNER, json={"programme_id": str(weekly.programme_id)})
    assert first.json()["matched"] == 1
    second = await call("POST", "/v1/rounds", OWNER, json={"programme_id": str(other.programme_id)})
    assert second.json()["unmatched_by_reason"] == {"no_time": 1}


async def test_one_idempotency_key_is_one_round(world: World, call: Caller) -> None:
    mentoring = programme()
    await world.hear(mentoring)
    body, key = {"programme_id": str(mentoring.programme_id)}, {"Idempotency-Key": "once"}
    one = await call("POST", "/v1/rounds", OWNER, json=body, headers=key)
    other = await call("POST", "/v1/rounds", OWNER, json=body, headers=key)
    assert other.json() == one.json()
    assert other.headers["Idempotency-Replayed"] == "true"
    assert len(await world.fetch("SELECT FROM rounds")) == 1


async def test_impossible_rounds_are_refused(world: World, call: Caller) -> None:
    draft, lecture = programme(status="draft"), programme("lunch_and_learn")
    await world.hear(draft, lecture)
    for body, status, kind in (
        ({"programme_id": str(uuid4())}, 404, "/problems/unknown-programme"),
        ({"programme_id": str(draft.programme_id)}, 409, "/problems/programme-not-published"),
        ({"programme_id": str(lecture.programme_id)}, 409, "/problems/format-not-matched"),
    ):
        answer = await call("POST", "/v1/rounds", OWNER, json=body)
        assert (answer.status_code, answer.json()["type"]) == (status, kind)


async def test_an_unknown_field_is_named(call: Caller) -> None:
    body = {"programme_id": str(uuid4()), "colour": "red"}
    answer = await call("POST", "/v1/rounds", OWNER, json=body)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "colour"


async def test_a_circle_is_formed_with_a_neutral_facilitator(world: World, call: Caller) -> None:
    """P8."""
    circles, boss = programme("mentoring_circle"), person(facilitator_ready=True)
    crowd = [person(manager_id=boss.person_id) for _ in range(5)]
    neutral = person(facilitator_ready=True, unit_code="U2", unit_path=("ROOT", "D2", "U2"))
    await world.hear(circles)
    await world.hear(boss, neutral, *crowd)
    await world.execute("UPDATE people SET time_budget_minutes = 0 WHERE person_id = $1", boss.person_id)
    found = (await call("POST", "/v1/rounds", OWNER, json={"programme_id": str(circles.programme_id)})).json()
    assert found["kind"] == "circle"
    assert found["unmatched_by_reason"]["no_time"] == 1
    for formed in await world.said(CircleFormed):
        roles = {member["person_id"]: member["role"] for member in formed["members"]}
        assert list(roles.values()).count("facilitator") == 1
        assert roles.get(str(boss.person_id)) != "facilitator"


async def test_both_of_a_pair_must_accept(world: World, call: Caller) -> None:
    """P5."""
    one, other, path = await a_pair(world, call)
    first = await call("POST", f"{path}/accept", person=one)
    assert (first.status_code, first.json()["state"], first.headers["ETag"]) == (200, "proposed", '"v2"')
    assert not await world.said(MatchAccepted)
    assert (await call("POST", f"{path}/accept", person=one)).json()["version"] == 2
    second = await call("POST", f"{path}/accept", person=other)
    assert second.json()["state"] == "accepted"
    (accepted,) = await world.said(MatchAccepted)
    assert accepted["version"] == 3
    late = await call("POST", f"{path}/decline", person=other, json={"reason_code": "no_time"})
    assert (late.status_code, late.json()["state"]) == (409, "accepted")


async def test_one_no_is_enough_and_who_said_it_does_not_travel(world: World, call: Caller) -> None:
    one, other, path = await a_pair(world, call)
    answer = await call("POST", f"{path}/decline", person=other, json={"reason_code": "no_time"})
    assert answer.json()["state"] == "declined"
    (declined,) = await world.said(MatchDeclined)
    assert "no_time" not in str(declined)
    assert (await call("POST", f"{path}/accept", person=one)).status_code == 409


async def test_of_a_newcomer_and_a_buddy_only_the_buddy_answers(world: World, call: Caller) -> None:
    here, new = person(), newcomer()
    await world.hear(programme("onboarding_buddy"))
    await world.hear(here, new)
    (match,) = await world.fetch("SELECT match_id FROM matches")
    path = f"/v1/matches/{match['match_id']}"
    refused = await call("POST", f"{path}/accept", person=new.person_id)
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/nothing-to-answer")
    assert (await call("POST", f"{path}/accept", person=here.person_id)).json()["state"] == "accepted"


async def test_a_proposal_expires_and_then_takes_no_answer(world: World, call: Caller) -> None:
    one, _, path = await a_pair(world, call)
    await world.execute("UPDATE matches SET expires_at = $1", datetime.now(UTC) - timedelta(seconds=1))
    assert (await call("POST", f"{path}/accept", person=one)).json()["state"] == "expired"
    timer = next(timer for timer in TIMERS if timer.name == "expire-proposals")
    async with world.db.transaction() as conn:
        assert await timer.run(conn) == 1
        assert await timer.run(conn) == 0
    assert len(await world.said(MatchExpired)) == 1


async def test_a_match_explains_itself_to_its_members_and_to_nobody_else(world: World, call: Caller) -> None:
    one, other, path = await a_pair(world, call)
    found = (await call("GET", path, person=one)).json()
    assert found["score"] == sum(reason["points"] for reason in found["reasons"])
    assert found["reasons"][0]["text"] == "One offers Rust, which the other wants to learn."
    assert {member["answer"] for member in found["members"]} == {"pending"}
    assert (await call("GET", path, person=uuid4())).status_code == 404
    assert (await call("POST", f"{path}/accept", person=uuid4())).status_code == 404
    assert (await call("POST", f"{path}/accept", "admin")).status_code == 404
    assert (await call("GET", path, OWNER)).status_code == 200
    own = await call("GET", f"/v1/matches?person_id={other}", person=one)
    assert len(own.json()["items"]) == 1
    assert (await call("GET", f"/v1/matches?person_id={one}", person=uuid4())).json()["items"] == []
    assert (await call("GET", path, person=one, headers={"If-None-Match": '"v1"'})).status_code == 304


async def test_lists_come_in_pages_without_gaps_or_repeats(world: World, call: Caller) -> None:
    mentoring = programme()
    await world.hear(mentoring)
    await world.hear(*(learner() for _ in range(7)), *(teacher() for _ in range(4)))
    for _ in range(3):
        await call("POST", "/v1/rounds", OWNER, json={"programme_id": str(mentoring.programme_id), "dry_run": True})
    await call("POST", "/v1/rounds", OWNER, json={"programme_id": str(mentoring.programme_id)})
    for path, key, expected in (
        (f"/v1/matches?programme_id={mentoring.programme_id}&kind=pair&state=proposed", "match_id", 7),
        (f"/v1/rounds?programme_id={mentoring.programme_id}", "round_id", 4),
    ):
        seen, cursor = [], ""
        while True:
            page = (await call("GET", f"{path}&limit=3{cursor}", OWNER)).json()
            seen += [item[key] for item in page["items"]]
            if page["next"] is None:
                break
            cursor = f"&cursor={page['next']}"
        assert len(seen) == len(set(seen)) == expected
        assert seen == sorted(seen, reverse=True)


async def test_suggestions_are_for_oneself_and_leave_out_who_is_out_of_reach(world: World, call: Caller) -> None:
    one = learner()
    good, paused, apart = teacher(), teacher(opted_in=False), teacher(not_with=(one.person_id,))
    await world.hear(one, good, paused, apart)
    path = f"/v1/people/{one.person_id}/suggestions"
    found = (await call("GET", path, person=one.person_id)).json()["items"]
    assert [item["person_id"] for item in found] == [str(good.person_id)]
    assert found[0]["score"] == sum(reason["points"] for reason in found[0]["reasons"])
    assert (await call("GET", path, person=good.person_id)).status_code == 404
    assert (await call("GET", path, "admin")).status_code == 200
    assert (await call("GET", f"/v1/people/{uuid4()}/suggestions", "admin")).status_code == 404


ROLES = ("employee", "facilitator", "manager", OWNER, "analyst", "hr-system", "operator", "admin")


@pytest.mark.parametrize("role", ROLES)
async def test_a_role_gets_no_further_than_its_policy_rows(role: str, call: Caller) -> None:
    for row, rule in POLICY.items():
        method, path = row.split()
        for name in ("round_id", "match_id", "person_id", "programme_id", "request_id", "colleague_id"):
            path = path.replace(f"{{{name}}}", str(uuid4()))
        answer = await call(method, path, role, person=uuid4(), json={} if method in {"POST", "PATCH"} else None)
        assert isinstance(rule, Allow)
        assert (answer.status_code == 403) == (role not in rule.roles), row


async def test_who_likes_to_learn_otherwise_is_neither_asked_nor_offered(world: World, call: Caller) -> None:
    """F25, P12."""
    mentoring = programme(modality="remote", cadence_days=7)
    eager, patient = learner(pace="weekly"), learner(pace="monthly", formats=("mentoring",), modalities=("remote",))
    elsewhere = [
        learner(formats=("study_group",)),
        learner(modalities=("in_person",)),
        teacher(formats=("critique_group",)),
    ]
    await world.hear(mentoring)
    await world.hear(eager, patient, *elsewhere, teacher(capacity=1))
    done = (await call("POST", "/v1/rounds", OWNER, json={"programme_id": str(mentoring.programme_id)})).json()
    assert (done["asked"], done["matched"]) == (2, 1)
    (match,) = (await call("GET", f"/v1/matches?round_id={done['round_id']}", OWNER)).json()["items"]
    assert str(eager.person_id) in {member["person_id"] for member in match["members"]}
    assert "preferred_pace" in {reason["code"] for reason in match["reasons"]}
