"""A yes while there is a seat is one statement; it says and leaves what a yes under the lock does."""

import asyncio
from collections import Counter
from typing import Any
from uuid import UUID, uuid4

import pytest

from services.sessions.commands.attendance import take_seat
from shared import at_once, audit
from shared.at_once import Change
from shared.idempotency import Claim, Reply
from tests.sessions.conftest import World
from tests.sessions.test_attendance import accept_rules, one_session
from tests.sessions.test_feedback import held

YES: dict[str, Any] = {"answer": "accept"}
LINE = audit.Entry("somebody", "rsvp", "/v1/sessions/1/rsvp", 200, None, "r1")
TABLES = ("outbox", "audit", "audit_salts", "idempotency_keys")

FULL = (
    "INSERT INTO participants (session_id, person_id, role, state)"
    " SELECT session_id, gen_random_uuid(), 'participant', 'registered' FROM sessions, generate_series(1, 2)"
)

ELSEWHERE = (
    "WITH same AS (INSERT INTO sessions (session_id, version, state, group_id, programme_id, number, due_on, starts_at,"
    " ends_at, capacity, why) SELECT gen_random_uuid(), 1, 'scheduled', group_id, programme_id, 99, due_on, starts_at,"
    " ends_at, 9, '' FROM sessions ORDER BY starts_at LIMIT 1 RETURNING session_id)"
    " INSERT INTO participants (session_id, person_id, role, state)"
    " SELECT same.session_id, person_id, 'participant', 'registered' FROM participants, same"
)


async def invited(world: World, count: int, seats: int) -> tuple[UUID, list[UUID]]:
    """A session of so many seats, and people invited to it who have accepted its rules."""
    session = await one_session(world, await world.people(4))
    people = [uuid4() for _ in range(count)]
    await world.execute("DELETE FROM participants")
    await world.execute(
        "INSERT INTO participants (session_id, person_id, role) SELECT $1, unnest($2::uuid[]), 'participant'",
        session,
        people,
    )
    await world.execute(
        "INSERT INTO group_members SELECT group_id, unnest($1::uuid[]), 'participant' FROM groups", people
    )
    await world.execute("UPDATE sessions SET capacity = $1", seats)
    await accept_rules(world)
    return session, people


async def seen(world: World, session: UUID, who: UUID) -> Change:
    async with world.db.acquire() as conn:
        change = await take_seat(conn, session, who, "accept")
    assert change
    return change


async def make(world: World, change: Change, claim: Claim | None = None) -> bool:
    async with world.db.acquire() as conn:
        return await at_once.make(conn, change, claim, Reply(200, b"{}"), LINE)


async def left(world: World) -> list[int]:
    return [(await world.fetch(f"SELECT count(*) FROM {table}"))[0][0] for table in TABLES]


async def test_what_is_made_at_once_is_what_the_lock_would_have_made(world: World) -> None:
    session, (quick, slow) = await invited(world, 2, 5)
    await world.execute("DELETE FROM acknowledgements WHERE person_id = $1", slow)
    assert await seen(world, session, quick)
    replies = [
        await world.call("POST", f"/v1/sessions/{session}/rsvp", {**YES, **more}, who=one, X_Request_Id="r1")
        for one, more in ((quick, {}), (slow, {"rules_version": 1}))
    ]
    bodies = [reply.json() for reply in replies]
    assert {reply.status_code for reply in replies} == {200}
    assert [UUID(body.pop("person_id")) for body in bodies] == [quick, slow]
    assert bodies[0] == bodies[1]
    told = await world.told("participation.changed")
    assert [UUID(event.pop("person_id")) for event in told] == [quick, slow]
    assert told[0] == told[1]
    rows = [dict(row) for row in await world.fetch("SELECT * FROM participants ORDER BY person_id = $1", slow)]
    assert [row.pop("person_id") for row in rows] == [quick, slow]
    assert rows[0] == rows[1]
    lines = await world.fetch(
        "SELECT action, object, outcome, trace_id IS NULL AS untraced, request_id, before, after FROM audit"
        " WHERE action = 'rsvp' ORDER BY id"
    )
    assert len(lines) == 2
    assert lines[0] == lines[1]


async def test_a_key_is_answered_as_it_was_and_the_seat_is_taken_once(world: World) -> None:
    session, (who, other) = await invited(world, 2, 5)
    before = await left(world)

    async def ask(by: UUID, body: Any = YES) -> Any:
        return await world.call("POST", f"/v1/sessions/{session}/rsvp", body, who=by, Idempotency_Key="k")

    twins = await asyncio.gather(ask(who), ask(who), ask(who))
    assert {(twin.status_code, twin.content) for twin in twins} == {(200, twins[0].content)}
    assert sorted("Idempotency-Replayed" in twin.headers for twin in twins) == [False, True, True]
    assert [now - then for now, then in zip(await left(world), before, strict=True)] == [1, 1, 0, 1]
    again = await ask(who, {"answer": "decline"})
    assert (again.status_code, again.json()["errors"][0]["field"]) == (422, "Idempotency-Key")
    assert (await ask(other)).status_code == 200


async def test_a_key_used_meanwhile_undoes_all_of_it(world: World) -> None:
    session, (who, other) = await invited(world, 2, 5)
    claim = Claim("somebody", "POST", "/v1/sessions/{session_id}/rsvp", "k", b"f")
    assert await make(world, await seen(world, session, who), claim)
    before = await left(world)
    assert not await make(world, await seen(world, session, other), claim)
    assert await left(world) == before
    assert (await seen(world, session, other)).args[1] == other


async def test_a_crowd_takes_the_seats_there_are_and_the_rest_wait_in_order(world: World) -> None:
    session, people = await invited(world, 60, 7)
    replies = await asyncio.gather(
        *(world.call("POST", f"/v1/sessions/{session}/rsvp", YES, who=one) for one in people)
    )
    assert {reply.status_code for reply in replies} == {200}
    states = Counter(reply.json()["state"] for reply in replies)
    assert states == {"registered": 7, "waitlisted": 53}
    told = await world.told("participation.changed")
    assert [event["state"] for event in told] == ["registered"] * 7 + ["waitlisted"] * 53
    waiting = await world.fetch("SELECT person_id, place FROM participants WHERE place > 0 ORDER BY place")
    assert [row["place"] for row in waiting] == list(range(1, 54))
    assert [str(row["person_id"]) for row in waiting] == [event["person_id"] for event in told[7:]]


@pytest.mark.parametrize(
    "meanwhile",
    [
        "UPDATE sessions SET starts_at = starts_at + interval '1 hour', ends_at = ends_at + interval '1 hour'",
        "UPDATE sessions SET state = 'cancelled'",
        "UPDATE participants SET version = version + 1",
        "UPDATE participants SET state = 'waitlisted', place = 1",
        "DELETE FROM participants",
        FULL,
        ELSEWHERE,
    ],
)
async def test_what_is_not_as_it_was_seen_is_not_changed(meanwhile: str, world: World) -> None:
    session, (who,) = await invited(world, 1, 2)
    claim = Claim("somebody", "POST", "/v1/sessions/{session_id}/rsvp", "k", b"f")
    change = await seen(world, session, who)
    before = await left(world)
    async with world.db.transaction() as conn:
        await conn.execute(meanwhile)
        if meanwhile == ELSEWHERE:
            await conn.execute("SELECT lock_seats_of($1)", who)
        waiting = asyncio.create_task(make(world, change, claim))
        await asyncio.sleep(0.2)
    assert not await waiting
    assert await left(world) == before
    assert await world.told("participation.changed") == []


async def test_each_answer_of_one_person_is_in_a_round_of_its_own_although_they_are_given_at_once(world: World) -> None:
    sessions, people = await held(world, 5)
    body = {"usefulness": 5, "relevance": 4, "engagement": 3}

    async def give(session: UUID, who: UUID) -> int:
        return (await world.call("POST", f"/v1/sessions/{session}/feedback", body, who=who)).status_code

    before = await left(world)
    each = [(session, who) for session in sessions for who in people] * 2
    codes = Counter(await asyncio.gather(*(give(*one) for one in each)))
    assert codes == {202: len(each) // 2, 409: len(each) // 2}
    rows = await world.fetch("SELECT round, cardinality(answers) AS answers FROM feedback_cells ORDER BY round")
    assert [tuple(row) for row in rows] == [(number, 5) for number in range(1, len(sessions) + 1)]
    assert [now - then for now, then in zip(await left(world), before, strict=True)] == [0, len(each) // 2, 0, 0]


async def test_a_change_that_does_not_say_what_it_changed_is_refused(world: World) -> None:
    with pytest.raises(ValueError, match="ends in SELECT true FROM change"):
        await make(world, Change("UPDATE sessions SET state = 'held' RETURNING true", (), None, None))
