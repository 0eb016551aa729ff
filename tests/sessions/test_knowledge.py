"""What people leave for others: confidential where it comes from, found by skill and word."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.sessions.commands import knowledge
from services.sessions.domain.knowledge import LONGEST, StaysInTheGroup, lasting, placed
from shared.refusal import InvalidRequest
from tests.sessions.conftest import TODAY, World
from tests.sessions.shelf import CHALLENGE, OTHER, RESOURCE, SKILL, SKILLS, attended, leave, run, search


@pytest.fixture
async def base(world: World) -> World:
    await world.hear(*SKILLS)
    return world


async def test_it_is_found_by_skill_by_words_and_by_the_label_of_a_skill(base: World) -> None:
    """F24."""
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
