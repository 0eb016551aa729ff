"""Learning that happened by itself: one call, and everybody named confirms."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.sessions.commands.quicklogs import expire_logs
from tests.sessions.conftest import World

LOG = {"topic": "Execution plans", "minutes": 20}


async def test_a_log_counts_once_both_sides_have_confirmed_it(world: World) -> None:
    """F21, K3."""
    one, other, stranger = await world.people(3)
    await world.programme(format="ad_hoc", group_size_max=8)
    made = await world.call("POST", "/v1/quick-logs", {**LOG, "people": [str(other)]}, who=one)
    assert (made.status_code, made.json()["state"]) == (201, "waiting"), made.text
    session = made.json()["session_id"]
    assert await world.told("session.held") == await world.told("participation") == []
    path = f"/v1/quick-logs/{session}/confirmation"
    assert (await world.call("POST", path, {"agreed": True}, who=stranger)).status_code == 404
    attended = await world.call(
        "PUT",
        f"/v1/sessions/{session}/attendance",
        {"entries": [{"person_id": str(one), "state": "attended"}]},
        who=one,
    )
    assert (attended.status_code, attended.json()["type"]) == (409, "/problems/confirmed-by-others")
    assert (await world.call("POST", path, {"agreed": True}, who=one)).json()["state"] == "waiting"
    assert (await world.call("POST", path, {"agreed": True}, who=other)).json()["state"] == "confirmed"
    (held,) = await world.told("session.held")
    assert (held["session_id"], held["match_id"], held["format"]) == (session, None, "ad_hoc")
    told = {(each["person_id"], each["state"], each["minutes"]) for each in await world.told("participation")}
    assert told == {(str(one), "attended", 20), (str(other), "attended", 20)}
    again = await world.call("POST", path, {"agreed": False}, who=other)
    assert (again.status_code, again.json()["state"]) == (409, "confirmed")
    asked = (await world.call("GET", f"/v1/sessions/{session}/feedback-form", who=other)).json()
    feedback = {"own": {"form_id": asked["form_id"], "form_version": 1, "scores": [5, 4]}}
    assert (await world.call("POST", f"/v1/sessions/{session}/feedback", feedback, who=other)).status_code == 202
    listed = (await world.call("GET", "/v1/quick-logs", who=other)).json()["items"]
    assert [(each["session_id"], each["state"]) for each in listed] == [(session, "confirmed")]


ACTS = st.lists(st.tuples(st.integers(0, 2), st.booleans()), max_size=6)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(acts=ACTS)
async def test_a_log_is_confirmed_by_all_or_refused_by_one_and_then_settled(
    acts: list[tuple[int, bool]], world: World
) -> None:
    people = await world.people(3)
    await world.programme(format="ad_hoc", group_size_max=8)
    body = {**LOG, "people": [str(one) for one in people[1:]]}
    session = (await world.call("POST", "/v1/quick-logs", body, who=people[0])).json()["session_id"]
    agreed, state = {0}, "waiting"
    for who, yes in acts:
        reply = await world.call("POST", f"/v1/quick-logs/{session}/confirmation", {"agreed": yes}, who=people[who])
        if state != "waiting":
            assert (reply.status_code, reply.json()["state"]) == (409, state)
            continue
        agreed |= {who}
        state = "refused" if not yes else "confirmed" if agreed == {0, 1, 2} else "waiting"
        assert (reply.status_code, reply.json()["state"]) == (200, state)
    held = [event for event in await world.told("session.held") if event["session_id"] == session]
    assert len(held) == (state == "confirmed")


async def test_what_nobody_confirms_is_forgotten_after_a_fortnight(world: World) -> None:
    one, other = await world.people(2)
    await world.programme(format="ad_hoc", group_size_max=8)
    session = (await world.call("POST", "/v1/quick-logs", {**LOG, "people": [str(other)]}, who=one)).json()[
        "session_id"
    ]
    for age, expected in (("13 days", 0), ("15 days", 1), ("15 days", 0)):
        await world.execute(f"UPDATE sessions SET changed_at = now() - interval '{age}'")
        async with world.db.transaction() as conn:
            assert await expire_logs(conn) == expected
    late = await world.call("POST", f"/v1/quick-logs/{session}/confirmation", {"agreed": True}, who=other)
    assert (late.status_code, late.json()["state"]) == (409, "expired")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"people": []}, "people"),
        ({"minutes": 0}, "minutes"),
        ({"topic": " "}, "topic"),
        ({"topic": "a\nb"}, "topic"),
        ({"ended_at": (datetime.now(UTC) + timedelta(days=2)).isoformat()}, "ended_at"),
        ({"mood": 1}, "mood"),
    ],
)
async def test_a_wrong_field_of_a_log_is_named(change: dict[str, Any], field: str, world: World) -> None:
    one, other = await world.people(2)
    await world.programme(format="ad_hoc", group_size_max=8)
    reply = await world.call("POST", "/v1/quick-logs", {**LOG, "people": [str(other)], **change}, who=one)
    assert (reply.status_code, reply.json()["errors"][0]["field"]) == (422, field)


async def test_a_log_names_known_people_once_each_of_a_programme_for_all(world: World) -> None:
    one, other = await world.people(2)
    body = {**LOG, "people": [str(other)]}
    refused = await world.call("POST", "/v1/quick-logs", body, who=one)
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/not-in-audience")
    await world.programme(format="ad_hoc", group_size_max=8)
    assert (await world.call("POST", "/v1/quick-logs", {**LOG, "people": [str(uuid4())]}, who=one)).status_code == 409
    myself = await world.call("POST", "/v1/quick-logs", {**LOG, "people": [str(one)]}, who=one)
    assert (myself.status_code, myself.json()["errors"][0]["field"]) == (422, "people")
