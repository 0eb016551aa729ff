"""Nothing is recorded before everybody has said yes; and a full session can be watched."""

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from services.sessions.domain.recording import state_of
from tests.sessions.conftest import World
from tests.sessions.gathering import add, found, workday


@given(
    expected=st.lists(st.uuids(), unique=True, max_size=6),
    answers=st.dictionaries(st.uuids(), st.booleans(), max_size=6),
    data=st.data(),
)
def test_it_is_allowed_only_when_each_one_expected_has_said_yes(
    expected: list[UUID], answers: dict[UUID, bool], data: st.DataObject
) -> None:
    known = answers | {person: data.draw(st.booleans()) for person in expected if data.draw(st.booleans())}
    found_ = state_of(expected, known)
    assert (found_ == "allowed") == (bool(expected) and all(known.get(person) is True for person in expected))
    assert (found_ == "refused") == any(known.get(person) is False for person in expected)


async def test_a_recording_needs_everybodys_yes_and_one_no_takes_it_away(world: World) -> None:
    """C28."""
    lead, guest, late = await world.people(3)
    programme = await world.programme(format="knowledge_sharing")
    group = await found(world, lead, programme, members=[{"person_id": str(guest)}])
    session = await add(world, lead, group, workday(3))
    accept = {"answer": "accept", "rules_version": 1}
    for who in (lead, guest):
        assert (await world.call("POST", f"/v1/sessions/{session}/rsvp", accept, who=who)).status_code == 200
    path = f"/v1/sessions/{session}/recording"
    assert (await world.call("GET", path, who=guest)).status_code == 404
    assert (await world.call("PUT", f"{path}/consent", {"consents": True}, who=guest)).status_code == 404
    assert (await world.call("POST", path, {"purpose": "For the night shift"}, who=guest)).status_code == 403
    asked = await world.call("POST", path, {"purpose": "For the night shift"}, who=lead)
    assert (asked.status_code, asked.json()["state"], asked.json()["expected"]) == (201, "asking", 2)
    link = {"link": "https://video.example/1"}
    early = await world.call("PUT", f"{path}/link", link, who=lead)
    assert (early.status_code, early.json()["state"]) == (409, "asking")
    for who, state in ((lead, "asking"), (guest, "allowed")):
        given_ = await world.call("PUT", f"{path}/consent", {"consents": True}, who=who)
        assert given_.json()["state"] == state
    assert (await world.call("PUT", f"{path}/link", link, who=lead)).json()["link"] == link["link"]
    await world.call("POST", f"/v1/sessions/{session}/rsvp", accept, who=late)
    waiting = (await world.call("GET", path, who=guest)).json()
    assert (waiting["state"], waiting["link"]) == ("asking", None)
    refused = (await world.call("PUT", f"{path}/consent", {"consents": False}, who=late)).json()
    assert (refused["state"], refused["agreed"]) == ("refused", 2)
    agreed = (await world.call("PUT", f"{path}/consent", {"consents": True}, who=late)).json()
    assert (agreed["state"], agreed["link"]) == ("allowed", None)
    told = [(each["person_id"], each["version"], each["consents"]) for each in await world.told("recording-consent")]
    assert told == [(str(lead), 1, True), (str(guest), 1, True), (str(late), 1, False), (str(late), 2, True)]


async def test_a_closed_session_is_never_recorded(world: World) -> None:
    """C28."""
    people = await world.people(3)
    programme = await world.programme(format="critique_group")
    group = await found(world, people[0], programme, members=[{"person_id": str(one)} for one in people[1:]])
    session = await add(world, people[0], group, workday(3))
    reply = await world.call("POST", f"/v1/sessions/{session}/recording", {"purpose": "x"}, who=people[0])
    assert (reply.status_code, reply.json()["type"], reply.json()["state"]) == (
        409,
        "/problems/closed-session",
        "closed",
    )


async def test_whoever_watches_a_full_session_learns_of_a_seat_that_nobody_waits_for(world: World) -> None:
    lead, first, watcher = await world.people(3)
    programme = await world.programme(format="teach_one_thing")
    group = await found(world, lead, programme)
    session = await add(world, lead, group, workday(5), capacity=1)
    path = f"/v1/sessions/{session}"
    accept = {"answer": "accept", "rules_version": 1}
    free = await world.call("PUT", f"{path}/watch", who=watcher)
    assert (free.status_code, free.json()["type"]) == (409, "/problems/seat-free")
    for who in (lead, first):
        await world.call("POST", f"{path}/rsvp", accept, who=who)
    assert (await world.call("PUT", f"{path}/watch", who=watcher)).status_code == 204
    (watched,) = (await world.call("GET", "/v1/watches", who=watcher)).json()["items"]
    assert (watched["session_id"], watched["freed_at"], watched["free_seats"]) == (str(session), None, 0)
    await world.call("POST", f"{path}/rsvp", {"answer": "decline"}, who=lead)
    (watched,) = (await world.call("GET", "/v1/watches", who=watcher)).json()["items"]
    assert (watched["free_seats"], watched["freed_at"]) == (0, None)
    await world.call("POST", f"{path}/rsvp", {"answer": "decline"}, who=first)
    (watched,) = (await world.call("GET", "/v1/watches", who=watcher)).json()["items"]
    assert watched["free_seats"] == 1
    assert watched["freed_at"] is not None
    assert (await world.call("DELETE", f"{path}/watch", who=watcher)).status_code == 204
    assert (await world.call("DELETE", f"{path}/watch", who=watcher)).status_code == 404


async def test_signing_up_takes_one_call_and_the_rules_by_their_current_version(world: World) -> None:
    """F11, C22."""
    lead, guest = await world.people(2)
    (stranger,) = await world.people(1, unit_path=("acme", "it"))
    programme = await world.programme(format="lunch_and_learn", audience_units=["sales"])
    group = await found(world, lead, programme)
    session = await add(world, lead, group, workday(5))
    path = f"/v1/sessions/{session}/rsvp"
    for body, status, kind in (
        ({"answer": "accept"}, 409, "ground-rules-not-acknowledged"),
        ({"answer": "accept", "rules_version": 2}, 409, "ground-rules-outdated"),
        ({"answer": "decline"}, 404, "unknown-session"),
    ):
        reply = await world.call("POST", path, body, who=guest)
        assert (reply.status_code, reply.json()["type"]) == (status, f"/problems/{kind}")
    accept = {"answer": "accept", "rules_version": 1}
    assert (await world.call("POST", path, accept, who=stranger)).status_code == 404
    assert (await world.call("POST", path, accept, who=guest)).json()["state"] == "registered"


async def test_nobody_who_may_come_to_a_closed_group_is_recorded_unasked(world: World) -> None:
    """C28."""
    lead, silent, away = await world.people(3)
    programme = await world.programme(format="study_group", confidentiality="open", group_size_min=3)
    members = [{"person_id": str(one)} for one in (silent, away)]
    group = await found(world, lead, programme, members=members, membership="closed")
    session = await add(world, lead, group, workday(3))
    path = f"/v1/sessions/{session}"
    decline = {"answer": "decline"}
    assert (await world.call("POST", f"{path}/rsvp", decline, who=away)).status_code == 200
    asked = await world.call("POST", f"{path}/recording", {"purpose": "For those who are away"}, who=lead)
    assert (asked.json()["state"], asked.json()["expected"]) == ("asking", 2)
    for who, state in ((lead, "asking"), (silent, "allowed")):
        yes = await world.call("PUT", f"{path}/recording/consent", {"consents": True}, who=who)
        assert yes.json()["state"] == state
