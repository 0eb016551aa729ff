"""What makes it safe to speak: rules everybody has accepted, notes within their level, somebody neutral, no names."""

from typing import Any
from uuid import UUID, uuid4

from services.sessions.commands.safety import assign_concerns
from services.sessions.commands.series import release_slots
from tests.sessions.conftest import World
from tests.sessions.events import circle, contact, person
from tests.sessions.gathering import found, workday

WORDS = {"text": "Somebody is talked over."}


async def group(world: World, **changes: Any) -> tuple[UUID, UUID, list[UUID]]:
    """A circle of four and its facilitator, last, with one session ahead: session, group, people."""
    people = await world.people(5)
    programme = await world.programme(cadence_days=56, group_size_min=4, **changes)
    await world.hear(circle(programme, people[:4], people[4]))
    ((session, found),) = await world.fetch("SELECT session_id, group_id FROM sessions")
    return session, found, people


async def report_to(world: World, manager: UUID | None, *people: UUID) -> None:
    await world.hear(*(person(one, version=9, manager_id=manager) for one in people))


async def appoint(world: World, *people: UUID) -> None:
    for one in people:
        reply = await world.call("PUT", f"/v1/concern-contacts/{one}", roles=("admin",))
        assert reply.status_code == 200, reply.text


async def test_changed_rules_are_accepted_again_before_anybody_joins(world: World) -> None:
    """C1."""
    session, found, people = await group(world)
    path = f"/v1/groups/{found}/acknowledgements"
    assert (await world.call("POST", path, {"rules_version": 1}, who=people[0])).status_code == 201
    assert (await world.call("POST", f"/v1/sessions/{session}/rsvp", {"answer": "accept"}, who=people[0])).is_success
    rules = f"/v1/groups/{found}/ground-rules"
    refused = await world.call("POST", rules, {"text": "We record."}, who=people[0])
    assert (refused.status_code, refused.json()["type"]) == (403, "/problems/not-theirs-to-change")
    changed = await world.call("POST", rules, {"text": "One speaks at a time."}, who=people[4])
    assert (changed.status_code, changed.json()["version"]) == (201, 2)
    again = await world.call("POST", rules, {"text": "One speaks at a time."}, who=people[4])
    assert again.json()["version"] == 2
    assert (await world.call("POST", path, {"rules_version": 1}, who=people[1])).status_code == 409
    late = await world.call("POST", f"/v1/sessions/{session}/rsvp", {"answer": "accept"}, who=people[1])
    assert (late.status_code, late.json()["type"]) == (409, "/problems/ground-rules-not-acknowledged")
    assert (await world.call("POST", path, {"rules_version": 2}, who=people[1])).status_code == 201
    shown = (await world.call("GET", rules, who=people[1])).json()["items"]
    assert [(one["version"], one["text"] == "One speaks at a time.") for one in shown] == [(2, True), (1, False)]
    told = await world.fetch("SELECT person_id FROM messages WHERE kind = 'notice' AND about = 'rules'")
    assert len(told) == 5
    assert (await world.call("GET", rules, who=uuid4())).status_code == 404
    await world.execute("UPDATE groups SET state = 'ended'")
    over = await world.call("POST", rules, {"text": "Too late."}, who=people[4])
    assert (over.status_code, over.json()["state"]) == (409, "ended")


async def test_notes_keep_to_the_level(world: World) -> None:
    """F13, C3."""
    for level, author, readers in (("open", True, 2), ("chatham", False, 2), ("closed", True, 1)):
        people = await world.people(5)
        programme = await world.programme(cadence_days=56, group_size_min=4, confidentiality=level)
        await world.hear(circle(programme, people[:4], people[4]))
        ((session,),) = await world.fetch("SELECT session_id FROM sessions WHERE programme_id = $1", programme)
        path = f"/v1/sessions/{session}/notes"
        made = await world.call("POST", path, WORDS, who=people[0])
        assert made.status_code == 201, made.text
        assert (made.json()["author_id"] == str(people[0])) is author
        seen = [(await world.call("GET", path, who=one)).json()["items"] for one in people[:2]]
        assert sum(map(bool, seen)) == readers
        assert (await world.call("GET", path, who=uuid4())).status_code == 404
        stored = await world.fetch("SELECT author_id FROM notes WHERE session_id = $1", session)
        assert [row["author_id"] is not None for row in stored] == [author]


async def test_events_of_a_closed_programme_do_not_say_what_it_is_about(world: World) -> None:
    """C3."""
    for level in ("closed", "open"):
        people = await world.people(4)
        programme = await world.programme(cadence_days=56, group_size_min=4, confidentiality=level)
        await world.hear(circle(programme, people, None, skill_id="urn:skill:grief"))
    told = [event["skill_id"] for event in await world.told("session.scheduled")]
    assert told == [None, "urn:skill:grief"]


async def test_a_released_slot_of_a_closed_programme_does_not_say_what_it_was_about(world: World) -> None:
    (host,) = await world.people(1)
    programme = await world.programme(format="office_hours", confidentiality="closed")
    group = await found(world, host, programme, skill_id="urn:skill:grief")
    body = {"starts_at": workday(3).isoformat(), "minutes": 20, "count": 1, "release_hours": 24}
    made = await world.call("POST", f"/v1/groups/{group['group_id']}/slots", body, who=host)
    assert made.status_code == 201, made.text
    await world.execute("UPDATE sessions SET release_at = now() - interval '1 minute'")
    async with world.db.transaction() as conn:
        assert await release_slots(conn) == 1
    assert [event["skill_id"] for event in await world.told("session.cancelled")] == [None]


async def test_a_concern_reaches_somebody_outside_the_line_and_the_room(world: World) -> None:
    """C2."""
    session, _, people = await group(world)
    boss, grand, deputy, outside = await world.people(4)
    await report_to(world, boss, people[0])
    await report_to(world, grand, boss)
    await report_to(world, people[0], deputy)
    await appoint(world, boss, grand, deputy, people[1], people[4], outside)
    raised = await world.call("POST", f"/v1/sessions/{session}/concerns", WORDS, who=people[0])
    assert (raised.status_code, raised.json()["state"], raised.json()["contact_id"]) == (201, "open", str(outside))
    told = await world.fetch("SELECT person_id FROM messages WHERE about = 'concern'")
    assert [row["person_id"] for row in told] == [outside]
    for reader, seen in ((people[0], 1), (outside, 1), (boss, 0), (people[4], 0)):
        assert len((await world.call("GET", "/v1/concerns", who=reader)).json()["items"]) == seen
    assert (await world.call("GET", "/v1/concerns", who=uuid4(), roles=("employee", "admin"))).json()["items"] == []
    (event,) = await world.told("concern.raised")
    assert sorted(event) == ["concern_id", "month", "programme_id"]
    assert event["concern_id"] != raised.json()["concern_id"]


async def test_a_concern_waits_until_there_is_somebody_neutral_and_nothing_is_lost(world: World) -> None:
    """C21."""
    session, _, people = await group(world)
    raised = await world.call("POST", f"/v1/sessions/{session}/concerns", WORDS, who=people[0])
    assert (raised.status_code, raised.json()["state"], raised.json()["contact_id"]) == (201, "waiting", None)
    boss, outside = await world.people(2)
    await report_to(world, boss, people[1])
    await appoint(world, boss)
    async with world.db.transaction() as conn:
        assert await assign_concerns(conn) == 0  # above somebody who was in the room
    await appoint(world, outside)
    async with world.db.transaction() as conn:
        assert await assign_concerns(conn) == 1


async def test_a_contact_who_comes_into_the_line_hands_over(world: World) -> None:
    session, _, people = await group(world)
    first, second = sorted(await world.people(2))
    await appoint(world, first, second)
    raised = await world.call("POST", f"/v1/sessions/{session}/concerns", WORDS, who=people[0])
    assert raised.json()["contact_id"] == str(first)
    await report_to(world, first, people[0])
    async with world.db.transaction() as conn:
        assert await assign_concerns(conn) == 1
        assert await assign_concerns(conn) == 0
    (shown,) = (await world.call("GET", "/v1/concerns", who=people[0])).json()["items"]
    assert shown["contact_id"] == str(second)
    assert (await world.call("DELETE", f"/v1/concern-contacts/{second}", roles=("admin",))).status_code == 204
    (shown,) = (await world.call("GET", "/v1/concerns", who=people[0])).json()["items"]
    assert (shown["contact_id"], shown["state"]) == (None, "waiting")


async def test_a_contact_who_leaves_or_comes_above_somebody_who_was_there_hands_over(world: World) -> None:
    session, _, people = await group(world)
    first, second, third = sorted(await world.people(3))
    await appoint(world, first, second, third)
    raised = await world.call("POST", f"/v1/sessions/{session}/concerns", WORDS, who=people[0])
    assert raised.json()["contact_id"] == str(first)
    await world.hear(person(first, version=2, status="left"))
    async with world.db.transaction() as conn:
        assert await assign_concerns(conn) == 1
    (shown,) = (await world.call("GET", "/v1/concerns", who=people[0])).json()["items"]
    assert shown["contact_id"] == str(second)
    await report_to(world, second, people[1])
    async with world.db.transaction() as conn:
        assert await assign_concerns(conn) == 1
    (shown,) = (await world.call("GET", "/v1/concerns", who=people[0])).json()["items"]
    assert shown["contact_id"] == str(third)


async def test_only_the_contact_answers_and_a_closed_one_stays_closed(world: World) -> None:
    session, _, people = await group(world)
    (outside,) = await world.people(1)
    await appoint(world, outside)
    raised = (await world.call("POST", f"/v1/sessions/{session}/concerns", WORDS, who=people[0])).json()
    path = f"/v1/concerns/{raised['concern_id']}/reply"
    assert (await world.call("POST", path, {"text": "Me"}, who=people[0])).status_code == 403
    assert (await world.call("POST", path, {"text": "Me"}, who=people[1])).status_code == 404
    closed = await world.call("POST", path, {"text": "Settled.", "close": True}, who=outside)
    assert (closed.status_code, closed.json()["state"]) == (200, "closed")
    again = await world.call("POST", path, {"text": "More"}, who=outside)
    assert (again.status_code, again.json()["state"]) == (409, "closed")


async def test_nobody_unknown_is_appointed(world: World) -> None:
    assert (await world.call("PUT", f"/v1/concern-contacts/{uuid4()}", roles=("admin",))).status_code == 404


async def test_questions_have_no_name_not_even_in_the_database(world: World) -> None:
    """C5."""
    session, _, people = await group(world)
    await world.hear(contact(people[4]))
    path = f"/v1/sessions/{session}/questions"
    for number, one in enumerate(people[:3]):
        asked = await world.call("POST", path, {"text": f"Question {2 - number}"}, who=one, Idempotency_Key="k")
        assert (asked.status_code, asked.json()["status"]) == (202, "accepted")
    read = await world.call("GET", path, who=people[4])
    assert read.json()["questions"] == ["Question 0", "Question 1", "Question 2"]
    assert (await world.call("GET", path, who=people[0])).status_code == 403
    assert (await world.call("GET", path, who=uuid4())).status_code == 404
    linked = await world.fetch("SELECT b.questions FROM question_boxes b JOIN questions_asked a ON a.xmin = b.xmin")
    assert [len(row["questions"]) for row in linked] == [3]
    trail = await world.fetch("SELECT b.questions FROM question_boxes b JOIN audit a ON a.xid::text = b.xmin::text")
    assert [len(row["questions"]) for row in trail] == [3]
    keys = await world.fetch("SELECT DISTINCT fingerprint FROM idempotency_keys WHERE route LIKE '%questions'")
    assert len(keys) == 1
    told = await world.fetch("SELECT person_id FROM messages WHERE about = 'question'")
    assert [row["person_id"] for row in told] == [people[4]]


async def test_the_box_takes_five_questions_of_each(world: World) -> None:
    session, _, people = await group(world)
    path = f"/v1/sessions/{session}/questions"
    replies = [await world.call("POST", path, {"text": f"Question {number}"}, who=people[0]) for number in range(6)]
    assert [reply.status_code for reply in replies] == [202] * 5 + [429]
    assert (await world.call("POST", path, {"text": "One more"}, who=people[1])).status_code == 202


async def test_a_long_text_and_an_empty_one_are_refused_by_name(world: World) -> None:
    session, _, people = await group(world)
    for path in ("notes", "concerns", "questions"):
        for text in ("", " \n ", "x" * 5000):
            reply = await world.call("POST", f"/v1/sessions/{session}/{path}", {"text": text}, who=people[0])
            assert (reply.status_code, reply.json()["errors"][0]["field"]) == (422, "text")
    huge = await world.call("POST", f"/v1/sessions/{session}/notes", {"text": "x" * 10_000_000}, who=people[0])
    assert huge.status_code == 413
