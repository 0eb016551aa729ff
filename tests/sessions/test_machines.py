"""Rotation and the life of a session as machines: whatever is asked in whatever order, they go no other way."""

from collections import Counter
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.sessions.domain.catalogue import ALL
from services.sessions.domain.formats import Format
from shared.events.matching import MatchMember
from tests.sessions.conftest import World
from tests.sessions.gathering import add, begin, found, workday

ROTATING = [shape for shape in ALL if shape.rotation]


@settings(max_examples=30)
@pytest.mark.parametrize("shape", ROTATING, ids=lambda shape: shape.name)
@given(people=st.lists(st.uuids(), min_size=1, max_size=8, unique=True), lead=st.booleans(), data=st.data())
def test_everybody_is_first_as_often_as_everybody_else_and_one_at_a_time(
    shape: Format, people: list[UUID], lead: bool, data: st.DataObject
) -> None:
    """F3."""
    assert shape.rotation is not None
    members = [MatchMember(person_id=one, role="participant") for one in people]
    chair = MatchMember(person_id=UUID(int=0), role="facilitator")
    members += [chair] if lead else []
    sessions = data.draw(st.integers(1, 20))
    turns: Counter[UUID] = Counter(dict.fromkeys(people, 0))
    for number in range(sessions):
        cast = shape.cast(data.draw(st.permutations(members)), number)
        roles = dict(cast)
        assert len(cast) == len(members) == len(roles)
        first = [one for one in people if roles[one] == shape.rotation.first]
        assert len(first) == 1
        assert all(roles[one] == shape.rotation.others for one in people if one not in first)
        assert not lead or roles[chair.person_id] == "facilitator"
        turns[first[0]] += 1
        assert max(turns.values()) - min(turns.values()) <= 1


MOVES = st.lists(st.sampled_from(["accept", "decline", "move", "cancel", "begin", "attend"]), min_size=1, max_size=8)
TOO_LATE = {"accept", "decline", "move", "cancel"}


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(moves=MOVES)
async def test_a_session_is_scheduled_then_held_or_cancelled_and_no_other_way(moves: list[str], world: World) -> None:
    lead, guest, *others = await world.people(4)
    members = [{"person_id": str(one)} for one in others]
    group = await found(world, lead, await world.programme(format="lunch_and_learn"), members=members)
    session = await add(world, lead, group, workday(3))
    path, state, started = f"/v1/sessions/{session}", "scheduled", False
    for number, move in enumerate(moves):
        seen = (await world.call("GET", path, who=lead)).json()
        assert seen["state"] == state
        if move == "begin":
            if state == "scheduled" and not started:
                await begin(world, session)
                started = True
            continue
        if state == "cancelled":
            expected = "session-is-cancelled"
        elif started and move in TOO_LATE:
            expected = "session-has-started"
        else:
            expected = "session-not-started" if move == "attend" and not started else ""
        if move in {"accept", "decline"}:
            reply = await world.call("POST", f"{path}/rsvp", {"answer": move, "rules_version": 1}, who=lead)
        elif move == "move":
            body = {"starts_at": workday(4 + number).isoformat()}
            reply = await world.call("POST", f"{path}/move", body, who=lead, If_Match=f'"v{seen["version"]}"')
        elif move == "cancel":
            reply = await world.call("POST", f"{path}/cancel", who=lead)
        else:
            there = {"entries": [{"person_id": str(lead), "state": "attended", "minutes": 30}]}
            reply = await world.call("PUT", f"{path}/attendance", there, who=lead)
        if expected:
            answer = reply.json()
            assert (reply.status_code, answer["type"], answer["state"]) == (409, f"/problems/{expected}", state), move
        else:
            assert reply.status_code == 200, (move, reply.text)
            state = {"cancel": "cancelled", "attend": "held"}.get(move, state)
    told = [one["session_id"] for kind in ("held", "cancelled") for one in await world.told(f"session.{kind}")]
    assert Counter(told)[str(session)] == (state != "scheduled")
    assert (await world.call("GET", path, who=guest)).status_code == 404
