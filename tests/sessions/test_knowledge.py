"""What people leave for others: confidential where it comes from, found by skill and word, rated without a name."""

from datetime import timedelta
from random import Random
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.sessions.commands import knowledge
from services.sessions.commands.erasures import erase_people
from services.sessions.domain.knowledge import LONGEST, StaysInTheGroup, lasting, placed
from shared.events.directory import Proficiency, SkillChanged
from shared.events.knowledge import KnowledgeChanged, KnowledgeUsed
from shared.refusal import InvalidRequest
from tests.sessions.conftest import PAST, TODAY, World
from tests.sessions.events import circle, person

SKILL, OTHER = "skill:migration", "skill:speaking"
RESOURCE = {"kind": "resource", "title": "How to migrate", "text": "Step by step", "link": "https://wiki.example/m"}
CHALLENGE = {
    "kind": "challenge", "title": "Slow bills", "text": "They take a week", "context": "Two systems",
    "desired_result": "A day",
}  # fmt: skip


@pytest.fixture
async def base(world: World) -> World:
    await world.hear(
        SkillChanged(skill_id=SKILL, version=1, label="Database migration"),
        SkillChanged(skill_id=OTHER, version=1, label="Speaking in public"),
    )
    return world


async def leave(world: World, who: UUID, body: Any, **changes: Any) -> dict[str, Any]:
    reply = await world.call("POST", "/v1/knowledge", {**body, **changes}, who=who)
    assert reply.status_code == 201, reply.text
    found: dict[str, Any] = reply.json()
    return found


async def search(world: World, who: UUID, query: str = "") -> list[str]:
    reply = await world.call("GET", f"/v1/knowledge?{query}", who=who)
    assert reply.status_code == 200, reply.text
    return [item["title"] for item in reply.json()["items"]]


async def run(world: World, timer: Any) -> int:
    async with world.db.transaction() as conn:
        return int(await timer(conn))


async def attended(world: World, level: str) -> tuple[UUID, list[UUID], UUID]:
    """A session of a programme that is so confidential, its people and its group."""
    people = await world.people(4)
    programme = await world.programme(**PAST, confidentiality=level, group_size_min=4, group_size_max=8)
    await world.hear(circle(programme, people, None))
    ((session, group),) = await world.fetch(
        "SELECT session_id, group_id FROM sessions WHERE programme_id = $1 LIMIT 1", programme
    )
    return session, people, group


async def test_it_is_found_by_skill_by_words_and_by_the_label_of_a_skill(base: World) -> None:
    (author, reader) = await base.people(2)
    await leave(base, author, RESOURCE, skills=[SKILL], level=2, stage="first-month", job_code="ENG-1")
    await leave(base, author, CHALLENGE, skills=[OTHER])
    for query, titles in {
        f"skill_id={SKILL}": ["How to migrate"],
        "q=bills": ["Slow bills"],
        "q=two%20systems": ["Slow bills"],
        "q=database%20migration": ["How to migrate"],
        "q=step%20-step": [],
        "kind=challenge": ["Slow bills"],
        "stage=first-month": ["How to migrate"],
        "level=2": ["How to migrate"],
        "level=3": [],
        "job_code=ENG-1": ["How to migrate"],
        "q=%22%00": None,
        "verified=true": [],
        "state=expired": [],
    }.items():
        reply = await base.call("GET", f"/v1/knowledge?{query}", who=reader)
        if titles is None:
            assert reply.status_code in {200, 422}
        else:
            assert [item["title"] for item in reply.json()["items"]] == titles, query


async def test_pages_hold_everything_once_best_first(base: World) -> None:
    (author,) = await base.people(1)
    made = {(await leave(base, author, RESOURCE, title=f"Number {number}"))["item_id"] for number in range(7)}
    await base.execute("UPDATE knowledge SET rated = 5, rating_total = 25 WHERE title IN ('Number 2', 'Number 5')")
    seen: list[str] = []
    path = "/v1/knowledge?limit=3"
    while path:
        reply = (await base.call("GET", path, who=author)).json()
        seen += [item["item_id"] for item in reply["items"]]
        path = f"/v1/knowledge?limit=3&cursor={reply['next']}" if reply["next"] else ""
    assert len(seen) == 7
    assert set(seen) == made
    first = (await base.call("GET", "/v1/knowledge?limit=2", who=author)).json()["items"]
    assert {item["title"] for item in first} == {"Number 2", "Number 5"}
    assert [item["quality"] for item in first] == [3.66, 3.66]


async def test_a_lesson_of_an_open_session_is_what_it_has_written(base: World) -> None:
    session, people, _ = await attended(base, "open")
    lacking = await base.call(
        "POST", "/v1/knowledge", {"kind": "lesson", "title": "L", "session_id": str(session)}, who=people[0]
    )
    assert (lacking.status_code, lacking.json()["errors"][0]["field"]) == (422, "text")
    written = {"content": "Rehearse it twice."}
    await base.call("PUT", f"/v1/sessions/{session}/artefacts/lesson", written, who=people[1])
    item = await leave(base, people[0], {"kind": "lesson", "title": "Rehearse", "session_id": str(session)})
    assert (item["text"], item["author_id"], item["session_id"]) == (
        "Rehearse it twice.", str(people[0]), str(session),
    )  # fmt: skip
    (stranger,) = await base.people(1)
    assert await search(base, stranger, "q=rehearse") == ["Rehearse"]
    outside = {"kind": "lesson", "title": "L", "text": "t", "session_id": str(session)}
    assert (await base.call("POST", "/v1/knowledge", outside, who=stranger)).status_code == 404


async def test_under_the_chatham_house_rule_it_names_nobody_and_no_session(base: World) -> None:
    session, people, _ = await attended(base, "chatham")
    item = await leave(base, people[0], {"kind": "lesson", "title": "L", "text": "Ask", "session_id": str(session)})
    assert (item["author_id"], item["session_id"]) == (None, None)
    (row,) = await base.fetch("SELECT author_id, session_id FROM knowledge")
    assert tuple(row) == (None, None)
    path = f"/v1/knowledge/{item['item_id']}"
    refused = await base.call("PATCH", path, {"title": "Mine"}, who=people[0], if_match='"v1"')
    assert (refused.status_code, refused.json()["type"]) == (403, "/problems/not-the-author")
    assert (await base.own("PATCH", path, {"title": "Ours"}, if_match='"v1"')).json()["title"] == "Ours"


async def test_nothing_leaves_a_closed_session(base: World) -> None:
    session, people, group = await attended(base, "closed")
    body = {"kind": "lesson", "title": "Secret", "text": "We lost it", "session_id": str(session)}
    refused = await base.call("POST", "/v1/knowledge", {**body, "scope": "everybody"}, who=people[0])
    assert (refused.status_code, refused.json()["type"], refused.json()["state"]) == (
        409, "/problems/stays-in-the-group", "closed",
    )  # fmt: skip
    item = await leave(base, people[0], body)
    assert item["scope"] == "group"
    seen = await base.call("GET", f"/v1/knowledge/{item['item_id']}", who=people[1])
    assert (seen.status_code, seen.json()["author_id"]) == (200, None)
    assert await search(base, people[1], f"group_id={group}") == ["Secret"]
    (stranger,) = await base.people(1)
    for reply in (
        await base.call("GET", f"/v1/knowledge/{item['item_id']}", who=stranger),
        await base.own("GET", f"/v1/knowledge/{item['item_id']}"),
        await base.call("PUT", f"/v1/knowledge/{item['item_id']}/use", who=stranger),
        await base.own("POST", f"/v1/knowledge/{item['item_id']}/withdrawal"),
    ):
        assert reply.status_code == 404
    assert await search(base, stranger, "q=secret") == []
    assert (await base.own("GET", "/v1/knowledge?q=secret")).json()["items"] == []
    await base.execute(
        "INSERT INTO knowledge_uses SELECT $1, gen_random_uuid() FROM generate_series(1, 9)", UUID(item["item_id"])
    )
    assert await run(base, knowledge.count_uses) == 1
    assert await base.told("knowledge") == []


@given(st.sampled_from(["open", "chatham", "closed"]), st.sampled_from([None, "everybody", "group"]))
def test_a_name_is_there_where_all_is_open_and_closed_stays_inside(level: Any, wanted: Any) -> None:
    author, session = uuid4(), uuid4()
    if level == "closed" and wanted == "everybody":
        with pytest.raises(StaysInTheGroup):
            placed(level, wanted, author, session)
        return
    scope, named, whence = placed(level, wanted, author, session)
    assert (scope == "group") == (level == "closed" or wanted == "group")
    if level == "chatham":
        assert (named, whence) == (None, None)


@given(st.dates())
def test_nothing_is_good_for_ever_or_over_already(day: Any) -> None:
    if TODAY < day <= TODAY + LONGEST:
        assert lasting(day, TODAY) == day
        return
    with pytest.raises(InvalidRequest):
        lasting(day, TODAY)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({**RESOURCE, "link": None}, "link"),
        ({**RESOURCE, "link": "javascript:alert(1)"}, "link"),
        ({**CHALLENGE, "context": None}, "context"),
        ({**CHALLENGE, "desired_result": None}, "desired_result"),
        ({**RESOURCE, "skills": ["skill:none"]}, "skills"),
        ({**RESOURCE, "level": 6}, "level"),
        ({**RESOURCE, "expires_on": str(TODAY - timedelta(days=1))}, "expires_on"),
        ({**RESOURCE, "scope": "group"}, "scope"),
        ({**RESOURCE, "text": "x" * 10_001}, "text"),
    ],
)
async def test_bad_input_names_the_field(body: Any, field: str, base: World) -> None:
    reply = await base.call("POST", "/v1/knowledge", body, who=uuid4())
    assert (reply.status_code, reply.json()["errors"][0]["field"]) == (422, field)


async def test_ratings_are_told_in_fives_and_lead_to_nobody(base: World) -> None:
    author, *readers = await base.people(8)
    item = await leave(base, author, RESOURCE)
    path = f"/v1/knowledge/{item['item_id']}"
    early = await base.call("POST", f"{path}/ratings", {"score": 5}, who=readers[0])
    assert (early.status_code, early.json()["type"]) == (409, "/problems/not-used-yet")
    own = await base.call("POST", f"{path}/ratings", {"score": 5}, who=author)
    assert (own.status_code, own.json()["type"]) == (409, "/problems/rates-own-work")
    for number, reader in enumerate(readers, 1):
        used = await base.call("PUT", f"{path}/use", who=reader)
        assert used.json()["link"] == RESOURCE["link"]
        rated = await base.call("POST", f"{path}/ratings", {"score": 6 - min(number, 5)}, who=reader)
        assert rated.status_code == 202
        again = await base.call("POST", f"{path}/ratings", {"score": 1}, who=reader)
        assert (again.status_code, again.json()["type"]) == (409, "/problems/already-rated")
        seen = (await base.call("GET", path, who=author)).json()
        assert (seen["ratings"], seen["quality"]) == ((5, 3.0) if number >= 5 else (0, None)), number
    (row,) = await base.fetch("SELECT waiting FROM knowledge")
    assert row["waiting"] == [1, 1]
    keys = await base.fetch("SELECT DISTINCT fingerprint FROM idempotency_keys WHERE route LIKE '%ratings'")
    assert len(keys) <= 1


async def test_use_is_counted_once_a_day_and_told_in_fives_without_names(base: World) -> None:
    author, *readers = await base.people(7)
    item = await leave(base, author, RESOURCE)
    path = f"/v1/knowledge/{item['item_id']}"
    for reader in readers[:4]:
        for _ in range(2):
            assert (await base.call("PUT", f"{path}/use", who=reader)).status_code == 200
    assert [row[0] for row in await base.fetch("SELECT count(*) FROM knowledge_uses")] == [4]
    assert await run(base, knowledge.count_uses) == 0
    for reader in readers[4:]:
        await base.call("PUT", f"{path}/use", who=reader)
    assert (await base.call("GET", path, who=author)).json()["uses"] == 0
    assert [await run(base, knowledge.count_uses) for _ in range(2)] == [1, 0]
    (event,) = await base.told("knowledge.used")
    assert (event["people"], event["uses"], event["version"]) == (5, 6, 1)
    assert not {"person_id", "author_id"} & event.keys()
    assert (await base.call("GET", path, who=author)).json()["uses"] == 6


async def test_what_is_not_renewed_expires_and_its_author_is_told_once(base: World) -> None:
    (author, reader) = await base.people(2)
    item = await leave(base, author, RESOURCE)
    path = f"/v1/knowledge/{item['item_id']}"
    await base.execute("UPDATE knowledge SET expires_on = current_date - 400")
    assert [await run(base, knowledge.expire) for _ in range(2)] == [1, 0]
    assert (await base.call("GET", path, who=reader)).status_code == 404
    assert (await base.call("GET", path, who=author)).json()["state"] == "expired"
    told = await base.fetch("SELECT person_id, about FROM messages")
    assert [tuple(row) for row in told] == [(author, "knowledge-expired")]
    refused = await base.call("PUT", f"{path}/use", who=author)
    assert (refused.status_code, refused.json()["state"]) == (409, "expired")
    assert (await base.call("POST", f"{path}/renewal", {}, who=reader)).status_code == 404
    renewed = (await base.call("POST", f"{path}/renewal", {}, who=author)).json()
    assert (renewed["state"], renewed["expires_on"]) == ("current", str(TODAY + timedelta(days=365)))
    assert [event["state"] for event in await base.told("knowledge.changed")] == ["current", "expired", "current"]


async def test_somebody_else_who_knows_the_skill_vouches_until_words_change(base: World) -> None:
    author, expert, learned, stranger = (uuid4() for _ in range(4))
    knows = (Proficiency(skill_id=SKILL, level=4),)
    await base.hear(
        person(author, proficiencies=knows), person(expert, proficiencies=knows),
        person(learned, proficiencies=(Proficiency(skill_id=SKILL, level=2),)), person(stranger),
    )  # fmt: skip
    item = await leave(base, author, RESOURCE, skills=[SKILL])
    path = f"/v1/knowledge/{item['item_id']}"
    for who in (author, learned, stranger):
        refused = await base.call("PUT", f"{path}/verification", {"verified": True}, who=who)
        assert (refused.status_code, refused.json()["type"]) == (403, "/problems/not-an-expert")
    vouched = await base.call("PUT", f"{path}/verification", {"verified": True}, who=expert)
    assert vouched.json()["verified_on"] == str(TODAY)
    assert await search(base, stranger, "verified=true") == ["How to migrate"]
    assert (await base.call("PATCH", path, {"level": 3}, who=author)).status_code == 428
    assert (await base.call("PATCH", path, {"level": 3}, who=author, if_match='"v1"')).status_code == 412
    assert (await base.call("PATCH", path, {"level": 3}, who=author, if_match='"v2"')).json()["verified_on"]
    changed = await base.call("PATCH", path, {"text": "Otherwise"}, who=author, if_match='"v3"')
    assert changed.json()["verified_on"] is None
    assert [event["verified"] for event in await base.told("knowledge.changed")] == [False, True, True, False]


async def test_a_challenge_shows_what_answers_it(base: World) -> None:
    (one, two) = await base.people(2)
    challenge = await leave(base, one, CHALLENGE)
    answer = await leave(base, two, RESOURCE, challenge_id=challenge["item_id"])
    assert (await base.call("GET", f"/v1/knowledge/{challenge['item_id']}", who=two)).json()["answers"] == 1
    assert await search(base, one, f"challenge_id={challenge['item_id']}") == ["How to migrate"]
    body = {**RESOURCE, "challenge_id": answer["item_id"]}
    wrong = await base.call("POST", "/v1/knowledge", body, who=one)
    assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (422, "challenge_id")
    assert (
        await base.call("POST", "/v1/knowledge", {**body, "challenge_id": str(uuid4())}, who=one)
    ).status_code == 404


async def test_any_sequence_of_moves_ends_where_the_rules_say(base: World) -> None:
    (author, reader) = await base.people(2)
    dice = Random(20)
    for _ in range(8):
        item = await leave(base, author, RESOURCE)
        path, state = f"/v1/knowledge/{item['item_id']}", "current"
        for _ in range(6):
            move = dice.choice(("expire", "renewal", "withdrawal", "use", "change"))
            if move == "expire":
                await base.execute("UPDATE knowledge SET expires_on = current_date - 1 WHERE item_id = $1",
                                   UUID(item["item_id"]))  # fmt: skip
                await run(base, knowledge.expire)
                state = "expired" if state == "current" else state
                continue
            reply = await _try(base, path, move, author)
            allowed = state == "current" if move == "use" else state != "withdrawn"
            if not allowed:
                assert (reply.status_code, reply.json()["state"]) == (409, state), move
                continue
            assert reply.status_code == 200, reply.text
            state = {"renewal": "current", "withdrawal": "withdrawn"}.get(move, state)
        assert (await base.call("GET", path, who=author)).json()["state"] == state
        assert ((await base.call("GET", path, who=reader)).status_code == 200) == (state == "current")


async def _try(world: World, path: str, move: str, author: UUID) -> httpx.Response:
    version = (await world.call("GET", path, who=author)).headers["etag"]
    if move == "change":
        return await world.call("PATCH", path, {"level": 1}, who=author, if_match=version)
    if move == "use":
        return await world.call("PUT", f"{path}/use", who=author)
    return await world.call("POST", f"{path}/{move}", {} if move == "renewal" else None, who=author)


async def test_whoever_is_erased_leaves_no_name_and_the_words_stay(base: World) -> None:
    (author, reader) = await base.people(2)
    item = await leave(base, author, RESOURCE)
    await base.call("PUT", f"/v1/knowledge/{item['item_id']}/use", who=author)
    async with base.db.transaction() as conn:
        held = await erase_people(conn, [author])
    assert held[author] >= 3
    (row,) = await base.fetch("SELECT author_id, (SELECT count(*) FROM knowledge_uses) AS uses FROM knowledge")
    assert tuple(row) == (None, 0)
    assert await search(base, reader) == ["How to migrate"]


async def test_webhooks_hear_of_it_without_names(base: World) -> None:
    hook = {"url": "https://lms.example.org/hooks", "types": [KnowledgeChanged.event_type, KnowledgeUsed.event_type]}
    assert (await base.call("POST", "/v1/webhooks", hook, roles=("operator",))).status_code == 201
    (author,) = await base.people(1)
    await leave(base, author, RESOURCE)
    (event,) = await base.told("knowledge.changed")
    await base.hear(KnowledgeChanged(**event))
    (row,) = await base.fetch("SELECT body FROM webhook_deliveries")
    assert event["item_id"].encode() in row["body"]
    assert str(author).encode() not in row["body"]


async def test_owners_of_a_closed_programme_know_who_takes_part_and_not_what_is_said(base: World) -> None:
    session, people, group = await attended(base, "closed")
    (manager,) = await base.people(1)
    path = f"/v1/sessions/{session}"
    await base.call("POST", f"{path}/notes", {"text": "A secret"}, who=people[0])
    await base.call("PUT", f"{path}/artefacts/lesson", {"content": "A secret"}, who=people[0])
    await base.call("POST", f"{path}/questions", {"text": "A secret?"}, who=people[0])
    await leave(base, people[0], {"kind": "lesson", "title": "A secret", "text": "It", "session_id": str(session)})
    for one in (await base.own("GET", path), await base.own("GET", f"/v1/groups/{group}")):
        assert {str(person) for person in people} <= {
            part["person_id"] for part in one.json().get("participants") or one.json()["members"]
        }
    said = [await base.own("GET", f"{path}/{kind}") for kind in ("notes", "artefacts", "questions")]
    said.append(await base.own("GET", "/v1/knowledge?q=secret"))
    assert not [reply.text for reply in said if "ecret" in reply.text]
    for place in (path, f"/v1/groups/{group}", f"{path}/notes", f"{path}/artefacts"):
        assert (await base.call("GET", place, who=manager, roles=("manager",))).status_code == 404
