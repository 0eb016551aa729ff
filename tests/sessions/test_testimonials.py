"""K7: what people say of a programme, by consent, with their name or without, for as long as they want."""

from typing import Any
from uuid import UUID, uuid4

import pytest

from services.sessions.commands.erasures import erase_people
from services.sessions.commands.feedback import release_feedback
from tests.sessions.conftest import PAST, World
from tests.sessions.events import circle

TOKEN = "kT9vWq2m-8cJx4RzLpYh0A"
WORDS = "I ask now before I guess."


async def attended(world: World, size: int = 4, **changes: Any) -> tuple[UUID, list[UUID]]:
    """A programme and people who have attended a session of it."""
    people = await world.people(size)
    fields = {**PAST, "confidentiality": "open", "format": "peer_workshop", "group_size_max": 30, **changes}
    programme = await world.programme(**fields)
    await world.hear(circle(programme, people, None))
    await world.execute("UPDATE groups SET state = 'active'")
    await world.execute(
        "INSERT INTO sessions (session_id, version, state, group_id, programme_id, number, due_on, starts_at, ends_at,"
        " capacity, why) SELECT gen_random_uuid(), 1, 'held', group_id, programme_id, 900, current_date,"
        " now() - interval '2 days', now() - interval '47 hours', 30, '' FROM groups WHERE programme_id = $1",
        programme,
    )
    await world.execute(
        "INSERT INTO participants (session_id, person_id, role, state) SELECT s.session_id, m.person_id, 'participant',"
        " 'attended' FROM sessions AS s JOIN group_members AS m USING (group_id)"
        " WHERE s.programme_id = $1 AND s.number = 900",
        programme,
    )
    return programme, people


async def give(world: World, who: UUID, programme: UUID, **body: Any) -> Any:
    said = {"programme_id": str(programme), "text": WORDS, "tags": ["asking"], "consents": True, **body}
    return await world.call("POST", "/v1/testimonials", said, who=who)


async def read(world: World, who: UUID, query: str = "") -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = (await world.call("GET", f"/v1/testimonials?{query}", who=who)).json()["items"]
    return items


async def test_words_under_a_name_are_read_by_everybody_until_they_are_taken_back(world: World) -> None:
    """K7."""
    programme, (author, *_) = await attended(world)
    (reader,) = await world.people(1)
    assert (await give(world, author, programme)).status_code == 202
    (seen,) = await read(world, reader, f"programme_id={programme}&tag=asking&kind=testimonial")
    assert (seen["person_id"], seen["text"], seen["state"]) == (str(author), WORDS, "consented")
    assert await read(world, reader, "tag=other") == []
    path = f"/v1/testimonials/{seen['testimonial_id']}/withdrawal"
    assert (await world.call("POST", path, who=reader)).status_code == 404
    assert (await world.call("POST", path, who=author)).status_code == 204
    assert await read(world, reader) == []
    again = await world.call("POST", path, who=author)
    assert (again.status_code, again.json()["state"]) == (409, "withdrawn")
    ((text, tags),) = await world.fetch("SELECT text, tags FROM testimonials")
    assert (text, tags) == ("", [])


async def test_words_without_a_name_stand_beside_nobody_need_a_crowd_and_go_by_their_token(world: World) -> None:
    """K7."""
    programme, people = await attended(world, 10)
    small, (few, *_) = await attended(world, 9)
    (reader,) = await world.people(1)
    unnamed = {"attribution": "anonymous", "token": TOKEN}
    missing = await give(world, people[0], programme, attribution="anonymous")
    assert (missing.status_code, missing.json()["errors"][0]["field"]) == (422, "token")
    assert (await give(world, people[0], programme, **unnamed)).status_code == 202
    taken = await give(world, people[1], programme, **unnamed)
    assert (taken.status_code, taken.json()["type"]) == (409, "/problems/token-taken")
    assert (await give(world, few, small, **{**unnamed, "token": TOKEN + "2"})).status_code == 202
    (seen,) = await read(world, reader)
    assert (seen["programme_id"], seen["person_id"]) == (str(programme), None)
    rows = await world.fetch("SELECT to_jsonb(t)::text FROM testimonials AS t")
    assert not any(str(one) in row[0] for row in rows for one in (people[0], few))
    assert not any(TOKEN in row[0] for row in rows)
    path = "/v1/testimonial-withdrawals"
    assert (await world.call("POST", path, {"token": TOKEN + "3"}, who=reader)).status_code == 404
    assert (await world.call("POST", path, {"token": TOKEN}, who=people[0])).status_code == 204
    assert await read(world, reader) == []
    assert (await world.call("POST", path, {"token": TOKEN}, who=people[0])).status_code == 404


@pytest.mark.parametrize("attribution", ["named", "anonymous"])
async def test_an_interview_is_read_by_nobody_before_whoever_spoke_consents(attribution: str, world: World) -> None:
    programme, (speaker, *_) = await attended(world, 10)
    (reader,) = await world.people(1)
    record = {"programme_id": str(programme), "person_id": str(speaker), "kind": "interview", "text": WORDS}
    assert (await world.call("POST", "/v1/interviews", record, who=reader)).status_code == 403
    made = await world.call("POST", "/v1/interviews", record, who=reader, roles=("programme-owner",))
    assert (made.status_code, made.json()["state"], made.json()["text"]) == (201, "asked", ""), made.text
    assert [
        row["person_id"] for row in await world.fetch("SELECT person_id FROM messages WHERE about = 'consent'")
    ] == [speaker]
    assert await read(world, reader) == []
    assert [one["text"] for one in await read(world, speaker)] == [WORDS]
    path = f"/v1/testimonials/{made.json()['testimonial_id']}/consent"
    body = {"consents": True, "attribution": attribution, **({"token": TOKEN} if attribution == "anonymous" else {})}
    assert (await world.call("POST", path, body, who=reader)).status_code == 404
    assert (await world.call("POST", path, body, who=speaker)).status_code == 204
    (seen,) = await read(world, reader)
    assert (seen["person_id"], seen["kind"]) == (str(speaker) if attribution == "named" else None, "interview")
    rows = await world.fetch("SELECT to_jsonb(t)::text FROM testimonials AS t")
    assert any(str(speaker) in row[0] or str(reader) in row[0] for row in rows) == (attribution == "named")
    asked = {str(row["subject_id"]) for row in await world.fetch("SELECT subject_id FROM messages")}
    assert (seen["testimonial_id"] in asked) == (attribution == "named")


async def report(world: World, programme: UUID, *roles: str) -> Any:
    return await world.call("GET", f"/v1/programmes/{programme}/report", roles=roles or ("analyst",))


async def test_numbers_stand_beside_words_of_those_who_consent_once_ten_have_taken_part(world: World) -> None:
    """K8."""
    programme, people = await attended(world, 12)
    small, (few, *_) = await attended(world, 9)
    await give(world, people[0], programme)
    await give(world, people[1], programme, text="Without a name.", attribution="anonymous", token=TOKEN)
    await give(world, few, small)
    record = {"programme_id": str(programme), "person_id": str(people[2]), "kind": "interview", "text": "Not yet."}
    await world.own("POST", "/v1/interviews", record)
    (session,) = await world.fetch(
        "SELECT session_id FROM sessions WHERE programme_id = $1 AND number = 900", programme
    )
    for one in people[:6]:
        body = {"usefulness": 5, "relevance": 4, "engagement": 3}
        reply = await world.call("POST", f"/v1/sessions/{session['session_id']}/feedback", body, who=one)
        assert reply.status_code == 202, reply.text
    assert (await report(world, programme)).json()["usefulness"] is None
    async with world.db.transaction() as conn:
        await release_feedback(conn)
    found = (await report(world, programme)).json()
    assert (found["sessions"], found["people"], found["answers"]) == (1, 10, 5)
    assert (found["usefulness"], found["relevance"], found["engagement"], found["quality"]) == (5, 4, 3, 3.33)
    said = {(one["text"], one["person_id"]) for one in found["words"]}
    assert said == {(WORDS, str(people[0])), ("Without a name.", None)}
    assert ((await report(world, small)).json()["people"], (await report(world, small)).json()["words"]) == (5, [])
    await world.call("POST", "/v1/testimonial-withdrawals", {"token": TOKEN}, who=people[1])
    async with world.db.transaction() as conn:
        await erase_people(conn, people[:1])
    assert (await report(world, programme)).json()["words"] == []
    assert (await report(world, programme, "employee")).status_code == 403
    assert (await report(world, uuid4())).status_code == 404
    read_by = await world.fetch("SELECT count(*) AS lines FROM audit WHERE action = 'read_report' AND outcome = 200")
    assert read_by[0]["lines"] >= 5


async def test_refused_words_are_deleted(world: World) -> None:
    programme, (speaker, *_) = await attended(world)
    record = {"programme_id": str(programme), "person_id": str(speaker), "kind": "case_study", "text": WORDS}
    made = (await world.own("POST", "/v1/interviews", record)).json()
    path = f"/v1/testimonials/{made['testimonial_id']}/consent"
    assert (await world.call("POST", path, {"consents": False}, who=speaker)).status_code == 204
    again = await world.call("POST", path, {"consents": True}, who=speaker)
    assert (again.status_code, again.json()["state"]) == (409, "refused")
    assert [one["text"] for one in await read(world, speaker)] == [""]


async def test_only_those_who_were_there_speak_and_nothing_is_told_of_a_closed_programme(world: World) -> None:
    programme, (author, *_) = await attended(world)
    (stranger,) = await world.people(1)
    absent = await give(world, stranger, programme)
    assert (absent.status_code, absent.json()["type"]) == (409, "/problems/took-no-part")
    assert (await give(world, author, uuid4())).status_code == 404
    closed, (inside, *_) = await attended(world, confidentiality="closed")
    refused = await give(world, inside, closed)
    assert (refused.status_code, refused.json()["state"]) == (409, "closed")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"consents": False}, "consents"),
        ({"tags": ["Not A Tag"]}, "tags.0"),
        ({"token": TOKEN}, "token"),
        ({"attribution": "anonymous", "token": "short"}, "token"),
        ({"text": ""}, "text"),
    ],
)
async def test_a_wrong_field_of_a_testimonial_is_named(body: dict[str, Any], field: str, world: World) -> None:
    reply = await give(world, uuid4(), uuid4(), **body)
    assert (reply.status_code, reply.json()["errors"][0]["field"]) == (422, field)


async def test_whoever_is_erased_takes_along_what_they_said_under_their_name(world: World) -> None:
    programme, people = await attended(world, 10)
    await give(world, people[0], programme)
    await give(world, people[1], programme, attribution="anonymous", token=TOKEN)
    async with world.db.transaction() as conn:
        await erase_people(conn, people[:2])
    (left,) = await world.fetch("SELECT person_id, text FROM testimonials")
    assert tuple(left) == (None, WORDS)
