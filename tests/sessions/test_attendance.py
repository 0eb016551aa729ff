import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.sessions.commands.attendance import rsvp
from services.sessions.domain import attendance
from services.sessions.domain.attendance import CANCELLED, OUTCOMES, ImpossibleMove, ParticipantState
from shared.db import DatabaseBusy
from tests.sessions.conftest import PAST, World
from tests.sessions.events import circle, person
from tests.sessions.gathering import add, begin, fill, found, workday

NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)
STATES = st.sampled_from(ParticipantState.__args__)  # type: ignore[attr-defined]


@given(state=STATES, seat=st.booleans(), hours=st.integers(0, 72))
def test_an_answer_leads_to_an_answered_state_or_is_refused_by_name(
    state: ParticipantState, seat: bool, hours: int
) -> None:
    starts_at = NOON + timedelta(hours=hours)
    if state in OUTCOMES:
        with pytest.raises(ImpossibleMove) as refused:
            attendance.accept(state, seat_free=seat)
        assert refused.value.fields["state"] == state
        with pytest.raises(ImpossibleMove) as refused:
            attendance.decline(state, starts_at, NOON)
        assert refused.value.fields["state"] == state
        return
    accepted = attendance.accept(state, seat_free=seat)
    assert accepted == (state if state in {"registered", "waitlisted"} else "registered" if seat else "waitlisted")
    declined = attendance.decline(state, starts_at, NOON)
    assert declined in CANCELLED
    assert attendance.decline(declined, starts_at, NOON) == declined
    assert (declined == "cancelled_late") == (
        state == "cancelled_late" or (state not in {"waitlisted", "cancelled_early"} and hours < 24)
    )


@given(state=STATES, outcomes=st.lists(st.sampled_from(sorted(OUTCOMES)), min_size=1))
def test_an_outcome_can_be_corrected_but_nobody_is_missing_who_was_not_expected(
    state: ParticipantState, outcomes: list[Any]
) -> None:
    current = state
    for outcome in outcomes:
        if current in {"waitlisted", "cancelled_early", "cancelled_late"} and outcome != "attended":
            with pytest.raises(ImpossibleMove):
                attendance.record(current, outcome)
        else:
            current = attendance.record(current, outcome)
            assert current == outcome


async def one_session(world: World, people: list[UUID], facilitator: UUID | None = None, **changes: Any) -> UUID:
    programme = await world.programme(**changes)
    await world.hear(circle(programme, people, facilitator))
    (row, *_) = await world.fetch(
        "SELECT session_id FROM sessions WHERE programme_id = $1 ORDER BY starts_at", programme
    )
    return row["session_id"]  # type: ignore[no-any-return]


async def accept_rules(world: World) -> None:
    await world.execute(
        "INSERT INTO acknowledgements SELECT group_id, person_id, 1 FROM group_members ON CONFLICT DO NOTHING"
    )


async def test_joining_needs_the_ground_rules(world: World) -> None:
    """C1; P2: whoever hears of it hears what the session is about."""
    people = await world.people(4)
    session = await one_session(world, people)
    await world.execute("UPDATE groups SET skill_id = 'skill/rust'")
    await world.execute("UPDATE programmes SET confidentiality = 'chatham'")
    path = f"/v1/sessions/{session}/rsvp"
    refused = await world.call("POST", path, {"answer": "accept"}, who=people[0])
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/ground-rules-not-acknowledged")
    await accept_rules(world)
    accepted = await world.call("POST", path, {"answer": "accept"}, who=people[0])
    assert (accepted.status_code, accepted.json()["state"]) == (200, "registered")
    (event,) = await world.told("participation.changed")
    assert (event["state"], event["version"], event["skill_id"]) == ("registered", 1, "skill/rust")
    await world.execute("UPDATE programmes SET confidentiality = 'closed'")
    await world.call("POST", path, {"answer": "accept"}, who=people[1])
    assert (await world.told("participation.changed"))[-1]["skill_id"] is None


async def test_two_hundred_answers_at_once_fill_ten_seats_and_an_ordered_waitlist(world: World) -> None:
    people = await world.people(4)
    session = await one_session(world, people)
    crowd = [uuid4() for _ in range(200)]
    await world.execute("DELETE FROM participants WHERE session_id = $1", session)
    await world.execute(
        "INSERT INTO participants (session_id, person_id, role) SELECT $1, unnest($2::uuid[]), 'participant'",
        session,
        crowd,
    )
    await world.execute(
        "INSERT INTO group_members SELECT group_id, unnest($1::uuid[]), 'participant' FROM groups", crowd
    )
    await world.execute("UPDATE sessions SET capacity = 10")
    await accept_rules(world)

    async def answer(person: UUID) -> None:
        try:
            async with world.db.transaction() as conn:
                await rsvp(conn, session, person, "accept")
        except DatabaseBusy:  # as a client that is told to come again
            await asyncio.sleep(0.05)
            await answer(person)

    await asyncio.gather(*map(answer, crowd))
    rows = await world.fetch("SELECT state, place FROM participants WHERE session_id = $1 ORDER BY place", session)
    assert [row["state"] for row in rows].count("registered") == 10
    assert [row["place"] for row in rows if row["state"] == "waitlisted"] == list(range(1, 191))
    told = [(event["person_id"], event["state"]) for event in await world.told("participation.changed")]
    assert len(told) == len(set(told)) == 200
    assert [state for _, state in told] == ["registered"] * 10 + ["waitlisted"] * 190


async def test_a_no_makes_room_for_whoever_waits_longest(world: World) -> None:
    people = await world.people(4)
    session = await one_session(world, people)
    await accept_rules(world)
    await world.execute(
        "UPDATE sessions SET capacity = 1, starts_at = now() + interval '3 days', ends_at = now() + interval '4 days'"
    )
    path = f"/v1/sessions/{session}/rsvp"
    states = [(await world.call("POST", path, {"answer": "accept"}, who=one)).json()["state"] for one in people[:3]]
    assert states == ["registered", "waitlisted", "waitlisted"]
    declined = await world.call("POST", path, {"answer": "decline"}, who=people[0])
    assert declined.json()["state"] == "cancelled_early"
    seen = (await world.call("GET", f"/v1/sessions/{session}", who=people[1])).json()["participants"]
    now = {part["person_id"]: part["state"] for part in seen}
    assert [now[str(one)] for one in people] == ["cancelled_early", "registered", "waitlisted", "invited"]
    assert (await world.told("participation.changed"))[-1]["person_id"] == str(people[1])


async def test_a_late_no_is_a_late_no(world: World) -> None:
    people = await world.people(4)
    session = await one_session(world, people)
    await world.execute(
        "UPDATE sessions SET starts_at = now() + interval '23 hours', ends_at = now() + interval '25 hours'"
    )
    reply = await world.call("POST", f"/v1/sessions/{session}/rsvp", {"answer": "decline"}, who=people[0])
    assert reply.json()["state"] == "cancelled_late"


async def test_the_same_answer_twice_with_one_key_is_one_answer(world: World) -> None:
    people = await world.people(4)
    session = await one_session(world, people)
    await accept_rules(world)
    replies = [
        await world.call(
            "POST", f"/v1/sessions/{session}/rsvp", {"answer": "accept"}, who=people[0], Idempotency_Key="k1"
        )
        for _ in range(2)
    ]
    assert replies[0].json() == replies[1].json()
    assert replies[1].headers["Idempotency-Replayed"] == "true"
    assert len(await world.told("participation.changed")) == 1


async def test_a_session_that_has_started_or_is_cancelled_takes_no_answers(world: World) -> None:
    people = await world.people(4)
    session = await one_session(world, people, **PAST)
    path = f"/v1/sessions/{session}/rsvp"
    late = await world.call("POST", path, {"answer": "decline"}, who=people[0])
    assert (late.status_code, late.json()["type"], late.json()["state"]) == (
        409,
        "/problems/session-has-started",
        "scheduled",
    )
    await world.execute("UPDATE sessions SET state = 'cancelled'")
    over = await world.call("POST", path, {"answer": "decline"}, who=people[0])
    assert (over.json()["type"], over.json()["state"]) == ("/problems/session-is-cancelled", "cancelled")


async def test_a_stranger_can_neither_see_nor_answer_nor_record(world: World) -> None:
    *people, stranger = await world.people(5)
    session = await one_session(world, people, **PAST)
    for method, path, body in (
        ("GET", "", None),
        ("POST", "/rsvp", {"answer": "accept"}),
        ("PUT", "/attendance", {"entries": [{"person_id": str(people[0]), "state": "attended"}]}),
        ("POST", "/feedback", {"usefulness": 5, "relevance": 5, "engagement": 5}),
        ("GET", "/feedback", None),
        ("GET", "/invitation.ics", None),
    ):
        reply = await world.call(method, f"/v1/sessions/{session}{path}", body, who=stranger)
        assert reply.status_code == 404, (method, path, reply.text)


def entry(person: UUID, state: str = "attended", **more: int) -> dict[str, Any]:
    return {"person_id": str(person), "state": state, **more}


async def test_the_facilitator_records_who_was_there_and_corrects_it(world: World) -> None:
    *people, facilitator = await world.people(5)
    session = await one_session(world, people, facilitator, **PAST)
    path = f"/v1/sessions/{session}/attendance"
    body = {"entries": [entry(people[0], minutes=55, asked=2), entry(people[1], "no_show")]}
    refused = await world.call("PUT", path, body, who=people[0])
    assert refused.status_code == 403
    reply = await world.call("PUT", path, body, who=facilitator)
    assert (reply.status_code, reply.json()["state"], reply.headers["ETag"]) == (200, "held", '"v2"')
    assert (await world.call("PUT", path, body, who=facilitator)).status_code == 200
    body["entries"][1] = entry(people[1], "excused")
    assert (await world.call("PUT", path, body, who=facilitator)).status_code == 200
    assert len(await world.told("session.held")) == 1
    told = [(e["person_id"], e["version"], e["state"], e["asked"]) for e in await world.told("participation.changed")]
    assert told == [
        (str(people[0]), 1, "attended", 2),
        (str(people[1]), 1, "no_show", 0),
        (str(people[1]), 2, "excused", 0),
    ]


async def test_without_a_facilitator_any_member_records(world: World) -> None:
    people = await world.people(4)
    session = await one_session(world, people, **PAST)
    reply = await world.call(
        "PUT", f"/v1/sessions/{session}/attendance", {"entries": [entry(people[0])]}, who=people[3]
    )
    assert reply.status_code == 200


async def test_attendance_before_the_start_is_refused_with_the_state(world: World) -> None:
    people = await world.people(4)
    session = await one_session(world, people)
    reply = await world.call(
        "PUT", f"/v1/sessions/{session}/attendance", {"entries": [entry(people[0])]}, who=people[0]
    )
    assert (reply.status_code, reply.json()["type"], reply.json()["state"]) == (
        409,
        "/problems/session-not-started",
        "scheduled",
    )


async def test_somebody_who_cancelled_cannot_be_missing(world: World) -> None:
    people = await world.people(4)
    session = await one_session(world, people, **PAST)
    await world.execute("UPDATE participants SET state = 'cancelled_early' WHERE person_id = $1", people[0])
    body = {"entries": [entry(people[1]), entry(people[0], "no_show")]}
    reply = await world.call("PUT", f"/v1/sessions/{session}/attendance", body, who=people[1])
    assert (reply.status_code, reply.json()["type"], reply.json()["state"]) == (
        409,
        "/problems/impossible-move",
        "cancelled_early",
    )
    assert await world.told("session.held") == []


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"mood": 1}, "entries.0.mood"),
        ({"minutes": -1}, "entries.0.minutes"),
        ({"state": "late"}, "entries.0.state"),
        ({"state": "no_show", "minutes": 5}, "entries.0.state"),
        ({"person_id": str(UUID(int=7))}, "entries.0.person_id"),
    ],
)
async def test_a_wrong_field_of_the_attendance_is_named(change: dict[str, Any], field: str, world: World) -> None:
    people = await world.people(4)
    session = await one_session(world, people, **PAST)
    body = {"entries": [{**entry(people[0]), **change}]}
    reply = await world.call("PUT", f"/v1/sessions/{session}/attendance", body, who=people[0])
    assert reply.status_code == 422
    assert [error["field"] for error in reply.json()["errors"]] == [field]


PAST_HOUR = "UPDATE sessions SET starts_at = now() - interval '2 hours', ends_at = now() - interval '1 hour'"


async def test_when_it_began_and_who_was_above_whom_are_told_with_what_was_held(world: World) -> None:
    people = await world.people(5)
    facilitator, middle, *_ = people
    session = await one_session(world, people[1:], facilitator)
    await world.execute(PAST_HOUR)
    (began,) = await world.fetch(
        "SELECT starts_at + interval '4 minutes' AS at FROM sessions WHERE session_id = $1", session
    )
    await world.hear(person(middle, version=2, manager_id=facilitator))
    await world.hear(person(people[2], version=2, manager_id=middle))
    path = f"/v1/sessions/{session}/attendance"
    body: dict[str, Any] = {"entries": [{"person_id": str(people[2]), "state": "attended"}]}
    for wrong in (began["at"] - timedelta(hours=3), began["at"] + timedelta(hours=3)):
        refused = await world.call("PUT", path, body | {"began_at": wrong.isoformat()}, who=facilitator)
        assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "began_at")
    for moment in (began["at"], began["at"], began["at"] + timedelta(minutes=5)):  # the second time is no news
        reply = await world.call("PUT", path, body | {"began_at": moment.isoformat()}, who=facilitator)
        assert reply.status_code == 200, reply.text
    told = await world.told("session.held")
    assert [(one["began_at"][:19], one["facilitator_above"]) for one in told] == [
        (f"{began['at'] + timedelta(minutes=late):%Y-%m-%dT%H:%M:%S}", True) for late in (0, 5)
    ]
    assert told[1]["version"] == told[0]["version"] + 1


async def test_a_manager_of_nobody_who_was_there_is_above_nobody(world: World) -> None:
    people = await world.people(5)
    session = await one_session(world, people[1:], people[0])
    await world.execute(PAST_HOUR)
    await world.hear(person(people[1], version=2, manager_id=people[0]))
    entries = [{"person_id": str(people[1]), "state": "no_show"}, {"person_id": str(people[2]), "state": "attended"}]
    await world.call("PUT", f"/v1/sessions/{session}/attendance", {"entries": entries}, who=people[0])
    (told,) = await world.told("session.held")
    assert (told["began_at"], told["facilitator_above"]) == (None, False)


async def test_a_founded_group_smaller_than_its_format_holds_nothing_until_more_have_come(world: World) -> None:
    """F2: a community is five and more; who joins before the session makes it one."""
    founder, *others = await world.people(2)
    programme = await world.programme(format="community_of_practice")
    members = [{"person_id": str(one), "role": "participant"} for one in others]
    group = await found(world, founder, programme, members=members, charter="We share.")
    first, second = [await add(world, founder, group, workday(3 + 7 * number)) for number in range(2)]
    await begin(world, first)
    path = f"/v1/sessions/{first}/attendance"
    there = {"entries": [{"person_id": str(one), "state": "attended", "minutes": 30} for one in (founder, *others)]}
    refused = await world.call("PUT", path, there, who=founder)
    told = refused.json()
    assert (refused.status_code, told["type"], told["state"]) == (409, "/problems/too-few-people", "scheduled")
    assert (told["people"], told["least"]) == (2, 5)
    assert await world.told("participation.changed") == await world.told("session.held") == []
    await fill(world, group, 3)
    assert (await world.call("PUT", path, there, who=founder)).json()["state"] == "held"
    await begin(world, second)
    left = await world.call("DELETE", f"/v1/groups/{group['group_id']}/members/{others[0]}", who=others[0])
    assert left.status_code == 204
    late = await world.call("PUT", f"/v1/sessions/{second}/attendance", there, who=founder)
    # Who was asked to it counts, also if they left since; and what was held is corrected however few are left.
    assert (late.status_code, late.json()["state"]) == (200, "held")
    await world.execute("DELETE FROM participants WHERE person_id <> $1", founder)
    await world.execute("DELETE FROM group_members WHERE person_id <> $1", founder)
    corrected = {"entries": [{"person_id": str(founder), "state": "attended", "minutes": 45}]}
    assert (await world.call("PUT", path, corrected, who=founder)).status_code == 200
