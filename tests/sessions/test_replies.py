"""Answers that come from calendars and chats."""

import base64
import contextlib
import hashlib
import hmac
import json
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID, uuid4

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.responses import Response as HttpAnswer

from services.sessions.app import create_app
from services.sessions.commands import invitations, messages
from services.sessions.couriers import couriers
from services.sessions.domain import letters
from services.sessions.domain.letters import Text
from services.sessions.domain.replies import parse
from services.sessions.settings import SessionsSettings
from shared.courier import run_once
from shared.refusal import InvalidRequest
from shared.settings import Settings
from tests.sessions.conftest import World
from tests.sessions.events import circle, contact
from tests.sessions.receiver import Receiver, serving_receiver
from tests.sessions.replies import CLIENTS, apple, google, outlook


class Invited:
    """A session ahead whose members have been asked and have accepted the ground rules."""

    def __init__(self, world: World, session: UUID, people: list[UUID]) -> None:
        self.world, self.session, self.people = world, session, people

    @property
    def uid(self) -> str:
        return f"{self.session}@lateral"

    def address(self, number: int = 0) -> str:
        return f"p{number}.{str(self.people[number])[:8]}@example.org"

    async def post(self, content: bytes, kind: str = "message/rfc822") -> httpx.Response:
        token = self.world._tokens.token(("operator",), person_id=None)
        headers = {"Authorization": f"Bearer {token}", "Content-Type": kind}
        return await self.world.client.post("/v1/calendar-replies", content=content, headers=headers)

    async def state(self, number: int = 0) -> str:
        query = "SELECT state FROM participants WHERE session_id = $1 AND person_id = $2"
        ((found,),) = await self.world.fetch(query, self.session, self.people[number])
        return str(found)


@pytest.fixture
async def invited(world: World) -> Invited:
    people = await world.people(4)
    await world.hear(circle(await world.programme(cadence_days=56, group_size_min=4), people, None))
    ((session, group),) = await world.fetch("SELECT session_id, group_id FROM sessions")
    found = Invited(world, session, people)
    for number, person in enumerate(people):
        await world.hear(contact(person, email=found.address(number)))
        await world.execute("INSERT INTO acknowledgements VALUES ($1, $2, 1)", group, person)
    async with world.db.transaction() as conn:
        await invitations.queue_invitations(conn)
    return found


@pytest.mark.parametrize("client", CLIENTS)
async def test_every_clients_yes_and_no_count(client: str, invited: Invited) -> None:
    write = CLIENTS[client]
    yes = await invited.post(write(invited.uid, invited.address(), "ACCEPTED", 1))
    assert (yes.status_code, yes.json()["person_id"]) == (200, str(invited.people[0])), yes.text
    assert await invited.state() == "registered"
    assert (await invited.post(write(invited.uid, invited.address(), "TENTATIVE", 1))).status_code == 200
    assert await invited.state() == "registered"
    assert (await invited.post(write(invited.uid, invited.address(), "DECLINED", 1))).status_code == 200
    assert (await invited.state()).startswith("cancelled")
    kept = (await invited.world.call("GET", "/v1/calendar-replies", roles=("operator",))).json()["items"]
    assert [(one["answer"], one["outcome"]) for one in kept] == [
        ("ACCEPTED", "applied"), ("TENTATIVE", "applied"), ("DECLINED", "applied"),
    ]  # fmt: skip


async def test_a_bare_file_counts_too(invited: Invited) -> None:
    mail = google(invited.uid, invited.address(), "ACCEPTED", 1)
    start = mail.index(b"BEGIN:VCALENDAR")
    file = mail[start : mail.index(b"END:VCALENDAR") + 15]
    assert (await invited.post(file, "text/calendar; method=REPLY")).status_code == 200
    assert await invited.state() == "registered"


async def test_a_reply_for_a_cancelled_session_is_refused_kept_and_answered(invited: Invited) -> None:
    world = invited.world
    await world.execute("UPDATE sessions SET state = 'cancelled'")
    reply = await invited.post(outlook(invited.uid, invited.address(), "ACCEPTED", 1))
    assert (reply.status_code, reply.json()["type"], reply.json()["state"]) == (
        409, "/problems/session-is-cancelled", "cancelled",
    )  # fmt: skip
    (kept,) = (await world.call("GET", "/v1/calendar-replies", roles=("operator",))).json()["items"]
    assert (kept["answer"], kept["outcome"]) == ("ACCEPTED", "session-is-cancelled")
    rows = await world.fetch("SELECT person_id, about FROM messages WHERE kind = 'reply_refused'")
    assert [tuple(row) for row in rows] == [(invited.people[0], "session-is-cancelled")]


async def test_an_answer_to_an_older_invitation_does_not_count(invited: Invited) -> None:
    world = invited.world
    await world.execute("UPDATE sessions SET version = version + 1")
    async with world.db.transaction() as conn:
        await invitations.queue_invitations(conn)
    reply = await invited.post(apple(invited.uid, invited.address(), "ACCEPTED", 1))
    assert (reply.status_code, reply.json()["type"], reply.json()["current_sequence"]) == (
        409, "/problems/reply-outdated", 2,
    )  # fmt: skip
    assert await invited.state() == "invited"


async def test_of_two_answers_the_one_that_was_given_later_counts_whichever_comes_first(invited: Invited) -> None:
    def at(answer: str, stamp: str) -> bytes:
        mail = google(invited.uid, invited.address(), answer, 1)
        return mail[: mail.index(b"--m\r\nContent-Type: application/ics")].replace(b"20260520T100000Z", stamp.encode())

    assert (await invited.post(at("DECLINED", "20260520T120000Z"))).status_code == 200
    late = await invited.post(at("ACCEPTED", "20260520T110000Z"))
    assert (late.status_code, late.json()["type"]) == (409, "/problems/answered-since")
    assert (await invited.state()).startswith("cancelled")
    for stamp in ("29990101T000000Z", "00010101T000000Z", "20260520", "20260520T130000"):
        await invited.post(at("TENTATIVE", stamp))
    now = datetime.now(UTC) + timedelta(seconds=5)
    assert (await invited.post(at("ACCEPTED", f"{now:%Y%m%dT%H%M%SZ}"))).status_code == 200
    assert await invited.state() == "registered"


async def test_ground_rules_come_first(invited: Invited) -> None:
    await invited.world.execute("DELETE FROM acknowledgements")
    reply = await invited.post(apple(invited.uid, invited.address(), "ACCEPTED", 1))
    assert (reply.status_code, reply.json()["type"]) == (409, "/problems/ground-rules-not-acknowledged")


async def test_nobody_answers_for_somebody_else(invited: Invited) -> None:
    forged = google(invited.uid, invited.address(), "DECLINED", 1).replace(
        f"From: Ada <{invited.address()}>".encode(), b"From: Eve <eve@example.org>"
    )
    reply = await invited.post(forged)
    assert (reply.status_code, reply.json()["errors"][0]["field"]) == (422, "From")
    stranger = await invited.post(google(invited.uid, "eve@example.org", "DECLINED", 1))
    assert (stranger.status_code, stranger.json()["type"]) == (409, "/problems/not-invited")
    assert await invited.state() == "invited"


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        (b"METHOD:REPLY", b"METHOD:REQUEST", "METHOD"),
        (b"@lateral", b"@elsewhere", "UID"),
        (b"PARTSTAT=ACCEPTED", b"PARTSTAT=DELEGATED", "PARTSTAT"),
        (b"SEQUENCE:1", b"SEQUENCE:many", "SEQUENCE"),
        (b"VEVENT", b"VTODO", "VEVENT"),
        (b"ATTENDEE", b"X-NOBODY", "ATTENDEE"),
    ],
)
def test_what_is_no_reply_names_the_part(old: bytes, new: bytes, field: str) -> None:
    mail = google(f"{uuid4()}@lateral", "ada@example.org", "ACCEPTED", 1)
    file = mail[mail.index(b"BEGIN:VCALENDAR") : mail.index(b"END:VCALENDAR") + 15].replace(b"\r\n ", b"")
    assert parse(file, "text/calendar").answer == "ACCEPTED"
    with pytest.raises(InvalidRequest) as refused:
        parse(file.replace(old, new), "text/calendar")
    assert refused.value.fields["errors"][0]["field"] == field  # type: ignore[index]


@pytest.mark.parametrize("content", [b"", b"hello", b"\xff\xfe\0", b"From: a@b.c\r\n\r\nhello", b"BEGIN:VCALENDAR"])
@pytest.mark.parametrize("kind", ["message/rfc822", "text/calendar", ""])
def test_rubbish_is_refused(content: bytes, kind: str) -> None:
    with pytest.raises(InvalidRequest):
        parse(content, kind)


@given(content=st.binary(max_size=300), kind=st.sampled_from(["message/rfc822", "text/calendar"]))
def test_whatever_arrives_is_a_reply_or_refused(content: bytes, kind: str) -> None:
    for whole in (content, b"BEGIN:VCALENDAR\r\nMETHOD:REPLY\r\n" + content + b"\r\nEND:VCALENDAR"):
        with contextlib.suppress(InvalidRequest):
            parse(whole, kind)


async def test_ten_megabytes_are_too_much(invited: Invited) -> None:
    mail = google(invited.uid, invited.address(), "ACCEPTED", 1) + b"x" * 10_000_000
    assert (await invited.post(mail)).status_code == 413


NOTHING = "There is no reminder of it that can be put off once more."
SECRET, TEAMS = "8f742231b10e8888abcd99yyyzzz85a5", base64.b64encode(b"t" * 32).decode()


@pytest.fixture
async def chats(world: World) -> AsyncIterator[httpx.AsyncClient]:
    """The same service with both chats set up."""
    base: Settings = world.client._transport.app.state.settings  # type: ignore[attr-defined]
    app = create_app(base.model_copy(update={"slack_signing_secret": SECRET, "teams_secret": TEAMS}))
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://sessions") as client,
    ):
        yield client


def slack(
    session: UUID, user: str = "U1", action: str = "accept", at: float | None = None, **more: Any
) -> dict[str, Any]:
    payload = {"type": "block_actions", "user": {"id": user}, "actions": [{"action_id": action, "value": str(session)}]}
    payload |= more
    body = urlencode({"payload": json.dumps(payload)}).encode()
    stamp = str(int(time.time() if at is None else at))
    signature = hmac.new(SECRET.encode(), f"v0:{stamp}:".encode() + body, hashlib.sha256).hexdigest()
    headers = {
        "Content-Type": "application/x-www-form-urlencoded",
        "X-Slack-Request-Timestamp": stamp,
        "X-Slack-Signature": f"v0={signature}",
    }
    return {"content": body, "headers": headers}


def teams(session: UUID, action: str = "decline", **stamp: str) -> dict[str, Any]:
    now = {"timestamp": datetime.now(UTC).isoformat()}
    activity = {"from": {"aadObjectId": "aad-1"}, "value": {"session": str(session), "action": action}}
    body = json.dumps(activity | now | stamp).encode()
    digest = base64.b64encode(hmac.new(b"t" * 32, body, hashlib.sha256).digest()).decode()
    return {"content": body, "headers": {"Authorization": f"HMAC {digest}"}}


async def reached_by(invited: Invited, chats: httpx.AsyncClient, channel: str, address: str) -> None:
    """By whoever is at this address, who has confirmed it there."""
    body, who = {"channel": channel, "chat_address": address}, invited.people[0]
    assert (await invited.world.call("PUT", "/v1/preferences", body, who=who)).status_code == 200
    press = slack(who, address, "confirm") if channel == "slack" else teams(who, "confirm")
    said = (await chats.post(f"/v1/chat/{channel}", **press)).json()["text"]
    assert said == "Messages about peer learning come here from now on."


async def test_a_button_in_slack_answers(invited: Invited, chats: httpx.AsyncClient) -> None:
    """C15."""
    await reached_by(invited, chats, "slack", "U1")
    reply = await chats.post("/v1/chat/slack", **slack(invited.session))
    assert (reply.status_code, reply.json()["text"]) == (200, "You have a seat.")
    assert await invited.state() == "registered"
    stranger = await chats.post("/v1/chat/slack", **slack(invited.session, "U2"))
    assert (stranger.status_code, stranger.json()["text"]) == (
        200,
        "Nobody is known here by your address in this chat: say in the portal how you are reached.",
    )


async def test_an_address_in_a_chat_counts_once_whoever_is_there_has_confirmed_it(
    invited: Invited, chats: httpx.AsyncClient
) -> None:
    claimant, owner, *_ = invited.people
    where = {"channel": "slack", "chat_address": "U1"}

    async def prefer(who: UUID) -> tuple[int, Any]:
        reply = await invited.world.call("PUT", "/v1/preferences", where, who=who)
        return reply.status_code, reply.json().get("confirmed")

    async def press(about: UUID, action: str) -> str:
        return str((await chats.post("/v1/chat/slack", **slack(about, action=action))).json()["text"])

    assert await prefer(claimant) == (200, False)
    assert (await press(invited.session, "accept")).startswith("Nobody is known here by your address")
    assert await prefer(owner) == (200, False)  # which nobody has confirmed is free for the next one
    mine = (await invited.world.call("GET", "/v1/preferences", who=claimant)).json()
    assert (mine["channel"], mine["chat_address"], mine["confirmed"]) == ("mail", None, False)
    assert await press(claimant, "confirm") == "Nobody asks to be reached here any more."
    assert await press(owner, "confirm") == "Messages about peer learning come here from now on."
    assert await prefer(owner) == (200, True)
    assert (await prefer(claimant))[0] == 409
    assert await press(invited.session, "accept") == "You have a seat."
    assert [await invited.state(number) for number in (0, 1)] == ["invited", "registered"]
    asked = await invited.world.fetch("SELECT person_id, about FROM messages WHERE kind = 'confirmation'")
    assert {tuple(row) for row in asked} == {(claimant, "slack U1"), (owner, "slack U1")}


async def test_until_an_address_is_confirmed_it_is_told_of_that_alone(
    invited: Invited, chats: httpx.AsyncClient
) -> None:
    world, claimant = invited.world, invited.people[0]
    await world.execute("UPDATE people SET work_starts = 0, work_ends = 1440, work_days = '{1,2,3,4,5,6,7}'")

    async def told() -> dict[str, tuple[str, str, list[str]]]:
        columns = "person_id, kind, subject_id, about, expires_at"
        insert = f"INSERT INTO messages ({columns}) VALUES ($1, 'notice', $2, 'poll', $3)"
        await world.execute(insert, claimant, uuid4(), datetime.now(UTC) + timedelta(days=1))
        async with world.db.transaction() as conn:
            found = await messages.claim(conn, {"mail", "slack"}, "http://here")
        return {one.kind: (one.channel, one.address, [action for action, _ in one.text.buttons])
                for one in found if one.kind in {"notice", "confirmation"}}  # fmt: skip

    where = {"channel": "slack", "chat_address": "U1"}
    for _ in range(2):  # asked once
        assert (await world.call("PUT", "/v1/preferences", where, who=claimant)).status_code == 200
    mail: tuple[str, str, list[str]] = ("mail", invited.address(), [])
    assert await told() == {"confirmation": ("slack", "U1", ["confirm"]), "notice": mail}
    await chats.post("/v1/chat/slack", **slack(claimant, action="confirm"))
    assert await told() == {"notice": ("slack", "U1", [])}
    where["chat_address"] = "U2"
    assert (await world.call("PUT", "/v1/preferences", where, who=claimant)).json()["confirmed"] is False
    await world.call("PUT", "/v1/preferences", {"channel": "mail"}, who=claimant)
    assert await told() == {"notice": mail}  # nobody is asked about what is claimed no more


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with serving_receiver() as served:
        yield served


async def show(world: World, networks: tuple[str, ...] = ("127.0.0.0/8",)) -> int:
    base: SessionsSettings = world.client._transport.app.state.settings  # type: ignore[attr-defined]
    (courier,) = [one for one in couriers(base.model_copy(update={"posting_networks": networks})) if "chat" in one.name]
    return await run_once(world.db, courier)


def buttons(message: dict[str, Any]) -> list[str]:
    return [one["action_id"] for block in message["blocks"] if block["type"] == "actions" for one in block["elements"]]


async def test_whoever_presses_a_button_in_slack_sees_the_message_as_it_is_now(
    invited: Invited, chats: httpx.AsyncClient, receiver: Receiver
) -> None:
    await reached_by(invited, chats, "slack", "U1")
    at: dict[str, Any] = {"response_url": f"{receiver.url}/actions/T1/1"}
    assert (await chats.post("/v1/chat/slack", **slack(invited.session, **at))).status_code == 200
    assert receiver.got == []  # whoever presses waits for no other server
    assert await show(invited.world) == 1
    ((headers, body),) = receiver.got
    message = json.loads(body)
    assert headers["content-type"] == "application/json"
    assert (message["replace_original"], message["text"], buttons(message)) == (True, "You have a seat.", ["decline"])
    (line, *_, time_of) = [block["text"]["text"] for block in message["blocks"] if block["type"] == "section"]
    assert line.startswith("You have a seat. ")
    assert time_of.endswith("(Europe/Berlin)")
    await chats.post("/v1/chat/slack", **slack(invited.session, action="decline", **at))
    assert await show(invited.world) == 1
    message = json.loads(receiver.got[1][1])
    assert (message["text"], buttons(message)) == ("You will not be expected.", ["accept"])
    assert await show(invited.world) == 0
    assert await invited.world.fetch("SELECT FROM chat_answers") == []


async def test_why_a_button_has_done_nothing_is_told_to_whoever_pressed_it_alone(
    invited: Invited, chats: httpx.AsyncClient, receiver: Receiver
) -> None:
    await reached_by(invited, chats, "slack", "U1")
    at: dict[str, Any] = {"response_url": receiver.url}
    await invited.world.execute("UPDATE sessions SET state = 'cancelled'")
    done = await chats.post("/v1/chat/slack", **slack(invited.session, **at))
    assert (done.status_code, done.json()["text"]) == (200, "The session has been cancelled.")
    await chats.post("/v1/chat/slack", **slack(invited.session, "U2", **at))
    assert await invited.state() == "invited"
    assert await show(invited.world) == 2
    told = sorted((json.loads(body) for _, body in receiver.got), key=lambda one: one["text"])
    assert [(one["replace_original"], one["response_type"]) for one in told] == [(False, "ephemeral")] * 2
    assert [one["text"].split(" ")[0] for one in told] == ["Nobody", "The"]
    audit = await invited.world.fetch("SELECT action FROM audit WHERE action = 'slack_pressed'")
    assert len(audit) == 3  # the confirmation too


async def test_an_answer_that_cannot_be_shown_is_tried_again_until_it_is_or_the_address_is_used_up(
    invited: Invited, chats: httpx.AsyncClient, receiver: Receiver
) -> None:
    world = invited.world
    await reached_by(invited, chats, "slack", "U1")
    receiver.answers = [HttpAnswer(status_code=503), HttpAnswer(status_code=200), HttpAnswer(status_code=404)]
    now = "UPDATE chat_answers SET due_at = now()"
    await chats.post("/v1/chat/slack", **slack(invited.session, response_url=receiver.url))
    assert [await show(world), await show(world)] == [1, 0]  # it rests before it is tried again
    await world.execute(now)
    assert await show(world) == 1
    assert (len(receiver.got), await world.fetch("SELECT FROM chat_answers")) == (2, [])
    await chats.post("/v1/chat/slack", **slack(invited.session, response_url=receiver.url))
    assert await show(world) == 1
    assert await world.fetch("SELECT FROM chat_answers") == []  # an address that is used up stays so
    receiver.answers = [HttpAnswer(status_code=500)] * 9
    await chats.post("/v1/chat/slack", **slack(invited.session, response_url=receiver.url))
    for _ in range(5):
        assert await show(world) == 1
        await world.execute(now)
    assert (len(receiver.got), await world.fetch("SELECT FROM chat_answers")) == (8, [])
    await chats.post("/v1/chat/slack", **slack(invited.session, response_url=receiver.url))
    await world.execute("UPDATE chat_answers SET expires_at = now()")
    assert (await show(world), await world.fetch("SELECT FROM chat_answers")) == (0, [])
    await chats.post("/v1/chat/slack", **slack(invited.session, response_url=receiver.url))
    assert await show(world, ()) == 1
    assert (len(receiver.got), await world.fetch("SELECT FROM chat_answers")) == (8, [])  # never inside our network
    wrong = await chats.post("/v1/chat/slack", **slack(invited.session, response_url="file:///etc/passwd"))
    assert wrong.status_code == 422


async def test_a_button_in_teams_is_answered_with_the_card_as_it_is_now_or_with_why_not(
    invited: Invited, chats: httpx.AsyncClient
) -> None:
    await reached_by(invited, chats, "teams", "aad-1")
    reply = await chats.post("/v1/chat/teams", **teams(invited.session, "accept"))
    said = reply.json()
    assert (said["type"], said["text"]) == ("message", "You have a seat.")
    (card,) = [one["content"] for one in said["attachments"]]
    assert [action["data"]["action"] for action in card["actions"]] == ["decline"]
    await invited.world.execute("UPDATE sessions SET state = 'cancelled'")
    refused = await chats.post("/v1/chat/teams", **teams(invited.session))
    assert (refused.status_code, refused.json()) == (
        200,
        {"type": "message", "text": "The session has been cancelled.", "attachments": []},
    )
    assert await invited.world.fetch("SELECT FROM chat_answers") == []


async def test_slack_must_sign_now_and_sign_this(invited: Invited, chats: httpx.AsyncClient) -> None:
    await reached_by(invited, chats, "slack", "U1")
    good = slack(invited.session)
    assert (await chats.post("/v1/chat/slack", content=good["content"])).status_code == 401
    assert (await chats.post("/v1/chat/slack", **slack(invited.session, at=time.time() - 301))).status_code == 401
    altered = {**good, "content": good["content"].replace(b"accept", b"decline")}
    assert (await chats.post("/v1/chat/slack", **altered)).status_code == 401
    assert await invited.state() == "invited"


async def test_a_button_in_teams_answers_when_it_is_signed(invited: Invited, chats: httpx.AsyncClient) -> None:
    """C19."""
    await reached_by(invited, chats, "teams", "aad-1")
    pressed = teams(invited.session)
    refused = await chats.post("/v1/chat/teams", **{**pressed, "content": pressed["content"] + b" "})
    assert refused.status_code == 401
    old, nowhere = datetime.now(UTC) - timedelta(seconds=301), datetime.now(UTC).replace(tzinfo=None)
    for stamp, status in ((old.isoformat(), 401), (nowhere.isoformat(), 401), ("soon", 422)):
        late = await chats.post("/v1/chat/teams", **teams(invited.session, timestamp=stamp))
        assert late.status_code == status, stamp
    assert await invited.state() == "invited"
    taken = await chats.post("/v1/chat/teams", **pressed)
    assert (taken.status_code, (await invited.state()).partition("_")[0]) == (200, "cancelled")


async def test_a_reminder_is_put_off_by_a_button_once(invited: Invited, chats: httpx.AsyncClient) -> None:
    """C15, C19: to the next day, or to an hour before it begins."""
    world, session, who = invited.world, invited.session, invited.people[0]
    await reached_by(invited, chats, "slack", "U1")
    pressed = slack(session, action="snooze")
    early = await chats.post("/v1/chat/slack", **pressed)
    assert early.json()["text"] == NOTHING
    await world.execute(
        "UPDATE sessions SET starts_at = now() + interval '20 hours', ends_at = now() + interval '21 hours'"
    )
    await world.execute("UPDATE participants SET state = 'registered'")
    async with world.db.transaction() as conn:
        await messages.queue_reminders(conn)
    assert (await chats.post("/v1/chat/slack", **pressed)).json()["text"] == NOTHING  # it has not been sent yet
    await world.execute("UPDATE messages SET state = 'sent', ended_at = now() WHERE kind = 'reminder'")
    forged = {**pressed, "content": pressed["content"].replace(b"U1", b"U2")}
    assert (await chats.post("/v1/chat/slack", **forged)).status_code == 401
    done = await chats.post("/v1/chat/slack", **pressed)
    assert (done.status_code, "reminded again" in done.json()["text"]) == (200, True)
    query = (
        "SELECT m.state, s.starts_at - m.due_at AS before FROM messages AS m JOIN sessions AS s"
        " ON s.session_id = m.subject_id WHERE m.kind = 'reminder' AND m.person_id = $1"
    )
    assert [tuple(row) for row in await world.fetch(query, who)] == [("queued", timedelta(hours=1))]
    await world.execute("UPDATE messages SET state = 'sent', ended_at = now() WHERE kind = 'reminder'")
    again = await chats.post("/v1/chat/slack", **slack(session, action="snooze"))
    assert again.json()["text"] == NOTHING


def test_only_a_first_reminder_has_a_button_to_put_it_off() -> None:
    first, session = Text("Soon", ("Soon.",), UUID(int=1), snoozable=True), str(UUID(int=1))
    (row,) = [block for block in letters.slack(first, "U1")["blocks"] if block["type"] == "actions"]
    assert [(one["action_id"], one["value"]) for one in row["elements"]] == [("snooze", session)]
    (action,) = letters.teams(first, "aad-1")["attachments"][0]["content"]["actions"]
    assert action["data"] == {"action": "snooze", "session": session}
    assert letters.teams(Text("Soon", ("Soon.",), UUID(int=1)), "aad-1")["attachments"][0]["content"]["actions"] == []


async def test_a_chat_that_is_not_set_up_is_not_there(invited: Invited) -> None:
    assert (await invited.world.client.post("/v1/chat/slack", **slack(invited.session))).status_code == 404
