"""What becomes of what people left: rated and used without a name, expired, vouched for, erased."""

from datetime import timedelta
from random import Random
from uuid import UUID, uuid4

import httpx
import pytest

from services.sessions.commands import knowledge
from services.sessions.commands.erasures import erase_people
from shared.events.directory import Proficiency
from shared.events.knowledge import KnowledgeChanged, KnowledgeUsed
from tests.sessions.conftest import TODAY, World
from tests.sessions.events import person
from tests.sessions.shelf import CHALLENGE, RESOURCE, SKILL, SKILLS, attended, leave, run, search


@pytest.fixture
async def base(world: World) -> World:
    await world.hear(*SKILLS)
    return world


async def test_ratings_are_told_in_fives_and_lead_to_nobody(base: World) -> None:
    """K14."""
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


async def test_use_of_what_stays_in_a_group_is_told_to_nobody(base: World) -> None:
    session, people, _ = await attended(base, "closed")
    item = await leave(base, people[0], {"kind": "lesson", "title": "Here", "text": "It", "session_id": str(session)})
    five = "INSERT INTO knowledge_uses (item_id, person_id) SELECT $1, gen_random_uuid() FROM generate_series(1, 5)"
    await base.execute(five, UUID(item["item_id"]))
    assert await run(base, knowledge.count_uses) == 1
    assert await base.told("knowledge.used") == []


async def test_what_is_not_renewed_expires_and_its_author_is_told_once(base: World) -> None:
    """C18."""
    (author, reader) = await base.people(2)
    item = await leave(base, author, RESOURCE)
    path = f"/v1/knowledge/{item['item_id']}"
    await base.execute("UPDATE knowledge SET expires_on = current_date")
    assert await run(base, knowledge.expire) == 0
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
    """K14."""
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
    """C6."""
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
