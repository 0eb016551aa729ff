"""Seats: never too many, never empty while somebody waits, and whoever gets or may take one is told."""

import asyncio
from collections.abc import AsyncIterator, Collection, Coroutine
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from httpx import Response
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.sessions.commands.attendance import rsvp
from services.sessions.domain.session import Participation
from shared.db import Connection
from tests.fixtures.delivery import until
from tests.sessions.conftest import World
from tests.sessions.events import contact
from tests.sessions.gathering import add, found, workday
from tests.sessions.mailbox import Mailbox, deliver, serving_mailbox

ACCEPT, DECLINE = {"answer": "accept", "rules_version": 1}, {"answer": "decline"}
ALWAYS = {"time_zone": "UTC", "work_starts": 0, "work_ends": 1440, "work_days": (1, 2, 3, 4, 5, 6, 7)}


@pytest.fixture
async def box() -> AsyncIterator[Mailbox]:
    async with serving_mailbox() as served:
        yield served


async def gather(world: World, people: int, seats: int) -> tuple[UUID, list[UUID]]:
    """An open session with so many seats, and people it is for who may be written to at any hour."""
    lead, *others = await world.people(people + 1, **ALWAYS)
    for number, person in enumerate(others):
        await world.hear(contact(person, email=f"p{number}@example.org"))
    group = await found(world, lead, await world.programme(format="lunch_and_learn"))
    return await add(world, lead, group, workday(5), capacity=seats), others


async def answer(world: World, session: UUID, who: UUID, body: object) -> str:
    reply = await world.call("POST", f"/v1/sessions/{session}/rsvp", body, who=who)
    return str(reply.json().get("state"))


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seats=st.integers(1, 3), moves=st.lists(st.tuples(st.integers(0, 5), st.booleans()), min_size=1, max_size=20))
async def test_seats_and_waitlist_are_those_of_a_queue_whatever_is_answered(
    seats: int, moves: list[tuple[int, bool]], world: World
) -> None:
    session, people = await gather(world, 6, seats)
    seated: list[UUID] = []
    queue: list[UUID] = []
    for number, comes in moves:
        who = people[number]
        await answer(world, session, who, ACCEPT if comes else DECLINE)
        if comes and who not in [*seated, *queue]:
            (seated if len(seated) < seats else queue).append(who)
        elif not comes:
            seated, queue = [one for one in seated if one != who], [one for one in queue if one != who]
            while queue and len(seated) < seats:
                seated.append(queue.pop(0))
    rows = await world.fetch("SELECT person_id, state FROM participants WHERE session_id = $1 ORDER BY place", session)
    assert {row["person_id"] for row in rows if row["state"] == "registered"} == set(seated)
    assert [row["person_id"] for row in rows if row["state"] == "waitlisted"] == queue


async def test_whoever_comes_off_the_waitlist_is_told_once(world: World, box: Mailbox) -> None:
    session, (first, second, third) = await gather(world, 3, 1)
    states = [await answer(world, session, who, ACCEPT) for who in (first, second, third)]
    assert states == ["registered", "waitlisted", "waitlisted"]
    await deliver(world, box)
    await answer(world, session, first, DECLINE)
    (mail,) = await deliver(world, box)
    assert (mail["To"].addresses[0].addr_spec, mail["Subject"]) == (
        "p1@example.org",
        "You have a seat: Lunch and learn: Circles",
    )
    assert await deliver(world, box) == []
    await answer(world, session, second, DECLINE)
    (mail,) = await deliver(world, box)
    assert mail["To"].addresses[0].addr_spec == "p2@example.org"


async def test_a_seat_that_is_given_away_before_the_mail_goes_is_not_promised(world: World, box: Mailbox) -> None:
    session, (first, second) = await gather(world, 2, 1)
    for who in (first, second):
        await answer(world, session, who, ACCEPT)
    await deliver(world, box)
    await answer(world, session, first, DECLINE)
    await answer(world, session, second, DECLINE)
    assert await deliver(world, box) == []


async def test_whoever_watches_is_told_of_a_free_seat_once_and_not_of_one_that_is_taken(
    world: World, box: Mailbox
) -> None:
    session, (first, second, watcher) = await gather(world, 3, 1)
    await answer(world, session, first, ACCEPT)
    await deliver(world, box)
    path = f"/v1/sessions/{session}/watch"
    assert (await world.call("PUT", path, who=watcher)).status_code == 204
    await answer(world, session, first, DECLINE)
    (mail,) = await deliver(world, box)
    assert (mail["To"].addresses[0].addr_spec, mail["Subject"]) == (
        "p2@example.org",
        "A seat is free: Lunch and learn: Circles",
    )
    text = mail.get_content()
    assert "Whoever signs up first has it." in text
    assert f"{workday(5):%H:%M}" in text
    await answer(world, session, first, ACCEPT)
    await answer(world, session, first, DECLINE)
    assert await deliver(world, box) == []
    await answer(world, session, second, ACCEPT)
    assert (await world.call("PUT", path, who=watcher)).status_code == 204
    await world.execute("DELETE FROM messages WHERE kind = 'free_seat'")
    await answer(world, session, second, DECLINE)
    await answer(world, session, first, ACCEPT)
    assert [str(mail["Subject"]) for mail in await deliver(world, box) if "free" in mail["Subject"]] == []
    assert datetime.now(UTC) < workday(5)


async def test_whoever_runs_a_session_takes_nobodys_seat(world: World) -> None:
    session, (host, first, second) = await gather(world, 3, 1)
    await world.execute(
        "INSERT INTO participants (session_id, person_id, role) VALUES ($1, $2, 'host'), ($1, $3, 'facilitator')",
        session, host, (await world.people(1))[0],
    )  # fmt: skip
    await world.execute("UPDATE participants SET state = 'registered' WHERE role = 'facilitator'")
    assert [await answer(world, session, who, ACCEPT) for who in (host, first, second)] == [
        "registered", "registered", "waitlisted",
    ]  # fmt: skip


async def test_an_answer_that_waited_for_another_one_of_the_same_person_changes_nothing_twice(world: World) -> None:
    session, (person,) = await gather(world, 1, 1)
    waits = "SELECT pg_blocking_pids($1) <> '{}'"
    async with world.db.acquire() as second:
        async with world.db.transaction() as first:
            await rsvp(first, session, person, "accept", 1)
            waiting = asyncio.create_task(_in_transaction(second, session, person))
            while not await first.fetchval(waits, second.get_server_pid()):
                pass
        part = await waiting
    assert (part.state, part.version) == ("registered", 1)
    assert [one["version"] for one in await world.told("participation.changed")] == [1]


async def _in_transaction(conn: Connection, session: UUID, person: UUID) -> Participation:
    async with conn.transaction():
        return await rsvp(conn, session, person, "accept", 1)


async def hybrid(world: World, people: int, **seats: int) -> tuple[UUID, list[UUID]]:
    """An open session of a hybrid programme, and people it is for."""
    lead, *others = await world.people(people + 1, **ALWAYS)
    group = await found(world, lead, await world.programme(format="lunch_and_learn", modality="hybrid"))
    return await add(world, lead, group, workday(5), **seats), others


async def test_seats_in_the_room_and_remote_ones_are_apart_and_so_are_their_waitlists(world: World) -> None:
    """F11, F25: a sign-up says which; each kind fills from those who wait for it."""
    session, people = await hybrid(world, 6, capacity_in_person=1, capacity_remote=2)
    first, second, third, fourth, fifth, sixth = people
    room, remote = {**ACCEPT, "attends": "in_person"}, {**ACCEPT, "attends": "remote"}
    (offered,) = (await world.call("GET", "/v1/open-sessions", who=sixth)).json()["items"]
    assert (offered["capacity"], offered["free_in_person"], offered["free_remote"]) == (3, 1, 2)
    said = [(first, room), (second, room), (third, remote), (fourth, ACCEPT), (fifth, remote)]
    states = [await answer(world, session, who, body) for who, body in said]
    assert states == ["registered", "waitlisted", "registered", "registered", "waitlisted"]
    full = await world.call("POST", f"/v1/sessions/{session}/rsvp", room, who=third)
    assert (full.status_code, full.json()["type"], full.json()["state"]) == (
        409, "/problems/no-seat-of-that-kind", "registered",
    )  # fmt: skip
    await answer(world, session, fourth, DECLINE)  # a remote seat, which unsaid it was given, for whoever waits for one
    assert await seen(world, session, first) == {
        first: ("registered", "in_person"), second: ("waitlisted", "in_person"), third: ("registered", "remote"),
        fourth: ("cancelled_early", "remote"), fifth: ("registered", "remote"),
    }  # fmt: skip
    await answer(world, session, third, DECLINE)
    assert await answer(world, session, first, remote) == "registered"  # and leaves the room to the next one
    assert (await seen(world, session, first))[second] == ("registered", "in_person")
    (offered,) = (await world.call("GET", "/v1/open-sessions", who=sixth)).json()["items"]
    assert (offered["free_seats"], offered["free_in_person"], offered["free_remote"]) == (0, 0, 0)


async def seen(world: World, session: UUID, who: UUID) -> dict[UUID, tuple[str, str]]:
    parts = (await world.call("GET", f"/v1/sessions/{session}", who=who)).json()["participants"]
    return {UUID(one["person_id"]): (one["state"], one["attends"]) for one in parts if one["state"] != "invited"}


async def test_forty_at_once_fill_both_kinds_of_seats_exactly(world: World) -> None:
    session, people = await hybrid(world, 40, capacity_in_person=3, capacity_remote=5)
    kinds = ["in_person" if number % 2 else "remote" for number in range(40)]
    bodies = [{**ACCEPT, "attends": kind} for kind in kinds]
    await asyncio.gather(*(answer(world, session, *one) for one in zip(people, bodies, strict=True)))
    rows = await world.fetch("SELECT attends, state FROM participants WHERE session_id = $1 AND version > 0", session)
    counts = [sum(tuple(row) == one for row in rows) for one in (
        ("in_person", "registered"), ("remote", "registered"), ("in_person", "waitlisted"), ("remote", "waitlisted"),
    )]  # fmt: skip
    assert counts == [3, 5, 17, 15]


async def test_seats_that_are_not_told_apart_are_refused_by_name(world: World) -> None:
    lead, guest = await world.people(2, **ALWAYS)
    group = await found(world, lead, await world.programme(format="lunch_and_learn", modality="remote"))
    path, at = f"/v1/groups/{group['group_id']}/sessions", {"starts_at": workday(5).isoformat()}
    wrong = [
        ({"capacity_in_person": 2, "capacity_remote": 2}, "capacity_remote"),
        ({"capacity_remote": 2}, "capacity_in_person"),
    ]
    for seats, field in wrong:
        refused = await world.call("POST", path, {**at, **seats}, who=lead)
        assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, field)
    session = await add(world, lead, group, workday(5))
    refused = await world.call("POST", f"/v1/sessions/{session}/rsvp", {**ACCEPT, "attends": "remote"}, who=guest)
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "attends")


async def test_whoever_watches_for_a_kind_of_seat_is_told_of_that_kind_alone(world: World, box: Mailbox) -> None:
    """F25, C25."""
    session, (inside, outside, watcher, other) = await hybrid(world, 4, capacity_in_person=1, capacity_remote=1)
    await world.hear(contact(watcher, email="w@example.org"), contact(other, email="o@example.org"))
    path = f"/v1/sessions/{session}/watch"
    await answer(world, session, inside, {**ACCEPT, "attends": "in_person"})
    free = await world.call("PUT", path, {"attends": "remote"}, who=watcher)
    assert (free.status_code, free.json()["detail"]) == (409, "1 seats are free.")
    assert (await world.call("PUT", path, who=other)).status_code == 409
    await answer(world, session, outside, {**ACCEPT, "attends": "remote"})
    assert (await world.call("PUT", path, {"attends": "remote"}, who=watcher)).status_code == 204
    assert (await world.call("PUT", path, {"attends": "by-phone"}, who=watcher)).status_code == 422
    assert (await world.call("PUT", path, who=other)).status_code == 204
    await deliver(world, box)
    await answer(world, session, inside, DECLINE)
    (mail,) = await deliver(world, box)
    assert mail["To"].addresses[0].addr_spec == "o@example.org"
    assert "a seat is free" in mail.get_content()
    (watched,) = (await world.call("GET", "/v1/watches", who=watcher)).json()["items"]
    assert (watched["attends"], watched["freed_at"], watched["free_seats"]) == ("remote", None, 0)
    await answer(world, session, outside, DECLINE)
    (mail,) = await deliver(world, box)
    assert mail["To"].addresses[0].addr_spec == "w@example.org"
    assert "a remote seat is free" in mail.get_content()
    plain, (first, second) = await gather(world, 2, 1)
    await answer(world, plain, first, ACCEPT)
    refused = await world.call("PUT", f"/v1/sessions/{plain}/watch", {"attends": "remote"}, who=second)
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "attends")


async def test_nobody_has_seats_in_two_sessions_at_one_time(world: World) -> None:
    """Whoever waits here and takes a seat elsewhere goes on waiting, and the seat goes to the next."""
    leads = await world.people(3)
    one, other, third = await world.people(3, **ALWAYS)
    programme = await world.programme(format="lunch_and_learn")
    groups = [await found(world, lead, programme) for lead in leads]
    times = (workday(5), workday(5, 12).replace(minute=30), workday(5, 15))
    here, there, later = [
        await add(world, lead, group, time, capacity=1) for lead, group, time in zip(leads, groups, times, strict=True)
    ]
    assert await answer(world, here, one, ACCEPT) == "registered"
    refused = await world.call("POST", f"/v1/sessions/{there}/rsvp", ACCEPT, who=one)
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/overlapping-times")
    assert (refused.json()["state"], len(await world.fetch("SELECT FROM participants WHERE person_id = $1", one))) == (
        "taken",
        1,
    )
    assert await answer(world, here, one, ACCEPT) == "registered"
    assert await answer(world, later, one, ACCEPT) == "registered"
    assert [await answer(world, here, who, ACCEPT) for who in (other, third)] == ["waitlisted"] * 2
    assert await answer(world, there, other, ACCEPT) == "registered"
    assert await answer(world, here, one, DECLINE) == "cancelled_early"
    rows = await world.fetch("SELECT person_id, state FROM participants WHERE session_id = $1", here)
    states = {row["person_id"]: row["state"] for row in rows}
    assert (states[third], states[other]) == ("registered", "waitlisted")
    assert await answer(world, there, other, DECLINE) == "cancelled_early"
    assert await answer(world, here, third, DECLINE) == "cancelled_early"
    assert await answer(world, here, other, ACCEPT) == "registered"


async def together(world: World, calls: Collection[Coroutine[Any, Any, Response]], sessions: list[UUID]) -> list[int]:
    """The answers of calls that have all begun before the first of them has its session."""
    async with world.db.transaction() as conn:
        await conn.execute("SELECT FROM sessions WHERE session_id = ANY ($1::uuid[]) FOR UPDATE", sessions)
        asked = [asyncio.create_task(call) for call in calls]
        waiting = (
            "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
        )
        await until(world.db, waiting, len(asked))
    return [reply.status_code for reply in await asyncio.gather(*asked)]


@pytest.mark.parametrize("is_invited", [True, False])
async def test_of_two_yeses_to_one_time_at_one_instant_one_gets_a_seat(is_invited: bool, world: World) -> None:
    leads = await world.people(2)
    (one,) = await world.people(1, **ALWAYS)
    programme = await world.programme(format="lunch_and_learn")
    groups = [await found(world, lead, programme) for lead in leads]
    both = [await add(world, lead, group, workday(5)) for lead, group in zip(leads, groups, strict=True)]
    if is_invited:
        insert = "INSERT INTO participants (session_id, person_id, role) SELECT unnest($1::uuid[]), $2, 'participant'"
        await world.execute(insert, both, one)
        await world.execute("INSERT INTO acknowledgements SELECT group_id, $1, 1 FROM groups", one)
    calls = [world.call("POST", f"/v1/sessions/{session}/rsvp", ACCEPT, who=one) for session in both]
    assert sorted(await together(world, calls, both)) == [200, 409]
    rows = await world.fetch("SELECT state FROM participants WHERE person_id = $1 AND state = 'registered'", one)
    assert len(rows) == 1


async def test_whoever_comes_off_a_waitlist_while_they_take_a_seat_elsewhere_has_one_seat(world: World) -> None:
    leads = await world.people(2)
    first, one, third = await world.people(3, **ALWAYS)
    programme = await world.programme(format="lunch_and_learn")
    groups = [await found(world, lead, programme) for lead in leads]
    here, there = [
        await add(world, lead, group, workday(5), capacity=1) for lead, group in zip(leads, groups, strict=True)
    ]
    assert [await answer(world, here, who, ACCEPT) for who in (first, one, third)] == [
        "registered",
        *["waitlisted"] * 2,
    ]
    calls = [
        world.call("POST", f"/v1/sessions/{session}/rsvp", body, who=who)
        for session, body, who in ((here, DECLINE, first), (there, ACCEPT, one))
    ]
    codes = await together(world, calls, [here, there])
    rows = await world.fetch("SELECT session_id, state FROM participants WHERE person_id = $1", one)
    seats = [row["session_id"] for row in rows if row["state"] == "registered"]
    assert (codes, seats) in [([200, 409], [here]), ([200, 200], [there])]
    (theirs,) = await world.fetch("SELECT state FROM participants WHERE person_id = $1", third)
    assert theirs["state"] == ("waitlisted" if seats == [here] else "registered")
