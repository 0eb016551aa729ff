"""Invitations by mail: what arrives at a real SMTP server, when, and how often."""

from collections.abc import AsyncIterator
from email.message import EmailMessage
from typing import Any
from uuid import UUID, uuid4

import pytest
from icalendar import Calendar

from services.sessions.commands import invitations, messages
from services.sessions.domain.messages import ATTEMPTS
from shared.courier import run_once
from tests.sessions.conftest import World
from tests.sessions.events import circle, contact, replaced
from tests.sessions.gathering import add, found, workday
from tests.sessions.mailbox import Mailbox, courier, deliver, serving_mailbox


@pytest.fixture
async def box() -> AsyncIterator[Mailbox]:
    async with serving_mailbox() as found:
        yield found


async def group(world: World, size: int = 3, **changes: Any) -> tuple[list[UUID], Any]:
    """A circle with one session ahead, whose members have addresses."""
    people = await world.people(size + 1)
    for person in people:
        await world.hear(contact(person, email=f"{person}@example.org"))
    programme = await world.programme(**{"cadence_days": 56, "group_size_min": 4, **changes})
    match = circle(programme, people[:-1], people[-1])
    await world.hear(match)
    return people, match


def calendar(mail: EmailMessage) -> Any:
    (part,) = [part for part in mail.walk() if part.get_content_type() == "text/calendar"]
    content = part.get_payload(decode=True)
    assert isinstance(content, bytes)
    return Calendar.from_ical(content)


def to(mail: EmailMessage) -> str:
    return str(mail["To"].addresses[0].addr_spec)


async def test_everybody_is_asked_once_in_the_shape_that_shows_buttons(world: World, box: Mailbox) -> None:
    """C8."""
    people, _ = await group(world)
    mails = await deliver(world, box)
    assert sorted(map(to, mails)) == sorted(f"{person}@example.org" for person in people)
    mail = mails[0]
    assert [part.get_content_type() for part in mail.walk()] == [
        "multipart/mixed", "multipart/alternative", "text/plain", "text/calendar", "application/ics",
    ]  # fmt: skip
    part = next(part for part in mail.walk() if part.get_content_type() == "text/calendar")
    assert (part.get_param("method"), part.get_content_charset()) == ("REQUEST", "utf-8")
    found = calendar(mail)
    assert found["METHOD"] == "REQUEST"
    event = found.walk("VEVENT")[0]
    assert str(event["ATTENDEE"]) == f"mailto:{to(mail)}"
    assert str(event["ORGANIZER"]) == f"mailto:{mail['From'].addresses[0].addr_spec}"
    assert (event["SEQUENCE"], event["X-MICROSOFT-CDO-BUSYSTATUS"]) == (1, "BUSY")
    assert await deliver(world, box) == []


async def test_hearing_everything_again_mails_nothing(world: World, box: Mailbox) -> None:
    _, match = await group(world)
    assert len(await deliver(world, box)) == 4
    await world.hear(match)
    async with world.db.transaction() as conn:
        assert await invitations.queue_invitations(conn) == 0
    assert await deliver(world, box) == []


async def test_a_new_facilitator_is_asked_and_the_old_one_let_go(world: World, box: Mailbox) -> None:
    people, match = await group(world)
    first = {to(mail): calendar(mail).walk("VEVENT")[0] for mail in await deliver(world, box)}
    (new,) = await world.people(1)
    await world.hear(contact(new, email=f"{new}@example.org"))
    await world.hear(replaced(match, new, version=2))
    told = {to(mail): calendar(mail) for mail in await deliver(world, box)}
    methods = {address: str(found["METHOD"]) for address, found in told.items()}
    assert methods[f"{people[-1]}@example.org"] == "CANCEL"
    assert methods[f"{new}@example.org"] == "REQUEST"
    assert len(methods) == 5
    gone = told[f"{people[-1]}@example.org"].walk("VEVENT")[0]
    asked = first[f"{people[-1]}@example.org"]
    assert (gone["UID"], gone["STATUS"], gone["SEQUENCE"]) == (asked["UID"], "CANCELLED", asked["SEQUENCE"] + 1)


async def test_whoever_declined_is_left_in_peace_when_it_moves(world: World, box: Mailbox) -> None:
    people, _ = await group(world)
    await deliver(world, box)
    (row,) = await world.fetch("SELECT session_id FROM sessions")
    reply = await world.call("POST", f"/v1/sessions/{row['session_id']}/rsvp", {"answer": "decline"}, who=people[0])
    assert reply.status_code == 200
    await world.execute("UPDATE sessions SET version = version + 1")
    assert sorted(map(to, await deliver(world, box))) == sorted(f"{person}@example.org" for person in people[1:])


async def test_a_cancelled_session_is_taken_back_from_everybody_asked(world: World, box: Mailbox) -> None:
    people, _ = await group(world)
    await deliver(world, box)
    await world.execute("UPDATE sessions SET state = 'cancelled', version = version + 1")
    mails = await deliver(world, box)
    assert len(mails) == len(people)
    assert {str(calendar(mail)["METHOD"]) for mail in mails} == {"CANCEL"}


async def test_two_changes_before_the_mail_goes_are_one_mail(world: World, box: Mailbox) -> None:
    people, _ = await group(world)
    async with world.db.transaction() as conn:
        await invitations.queue_invitations(conn)
    await world.execute("UPDATE sessions SET version = version + 1")
    mails = await deliver(world, box)
    assert len(mails) == len(people)
    assert {calendar(mail).walk("VEVENT")[0]["SEQUENCE"] for mail in mails} == {2}


async def test_a_busy_server_is_asked_again_and_a_refusal_is_final(world: World, box: Mailbox) -> None:
    await group(world)
    box.answers = ["451 later", "550 nobody here"]
    assert len(await deliver(world, box)) == 2
    rows = await world.fetch("SELECT state, problem, attempts FROM messages WHERE state <> 'sent' ORDER BY state")
    assert [tuple(row) for row in rows] == [("failed", "SMTP 550", 1), ("queued", "SMTP 451", 1)]
    assert await deliver(world, box) == []
    await world.execute("UPDATE messages SET due_at = now() WHERE state = 'queued'")
    assert len(await deliver(world, box)) == 1
    (failed,) = (await world.call("GET", "/v1/messages", roles=("operator",))).json()["items"]
    path = f"/v1/messages/{failed['message_id']}/retry"
    assert (await world.call("POST", path, roles=("operator",))).json()["state"] == "queued"
    again = await world.call("POST", path, roles=("operator",))
    assert (again.status_code, again.json()["state"]) == (409, "queued")
    assert len(await deliver(world, box)) == 1


async def test_attempts_are_bounded(world: World, box: Mailbox) -> None:
    await group(world, 3)
    await world.execute("DELETE FROM contacts WHERE person_id NOT IN (SELECT min(person_id::text)::uuid FROM contacts)")
    box.answers = ["451 later"] * 99
    for _ in range(len(ATTEMPTS) + 3):
        await deliver(world, box)
        await world.execute("UPDATE messages SET due_at = now() WHERE state = 'queued' AND attempts > 0")
    rows = await world.fetch("SELECT state, attempts FROM messages WHERE attempts > 0")
    assert [tuple(row) for row in rows] == [("failed", len(ATTEMPTS) + 1)]


async def test_a_courier_that_dies_in_the_act_sends_a_second_copy_and_never_a_third(world: World, box: Mailbox) -> None:
    await group(world)
    carrier = courier(smtp_url=box.url)
    async with world.db.transaction() as conn:
        await invitations.queue_invitations(conn)

    async def die() -> None:
        """Carry, and end before it is written down."""
        async with world.db.transaction() as conn:
            claimed = await carrier.claim(conn)
        for letter in claimed:
            await carrier.act(letter)

    async def lease_runs_out() -> None:
        await world.execute(
            "UPDATE messages SET claimed_at = now() - interval '10 minutes' WHERE claimed_at IS NOT NULL"
        )

    await die()
    assert len(box.mails) == 4
    assert await run_once(world.db, carrier) == 0  # its lease still holds
    await lease_runs_out()
    await die()
    assert len(box.mails) == 8
    assert len({mail["Message-ID"] for mail in box.mails}) == 4
    await lease_runs_out()
    await die()
    assert len(box.mails) == 8
    rows = await world.fetch("SELECT DISTINCT state, problem FROM messages")
    assert [tuple(row) for row in rows] == [("failed", "interrupted twice")]


async def test_what_came_too_late_is_not_sent_after_an_outage(world: World, box: Mailbox) -> None:
    await group(world)
    async with world.db.transaction() as conn:
        await invitations.queue_invitations(conn)
    await world.execute("UPDATE messages SET expires_at = now() - interval '1 minute'")
    assert await deliver(world, box, queue=False) == []
    async with world.db.transaction() as conn:
        await messages.tidy(conn)
    assert [row["state"] for row in await world.fetch("SELECT DISTINCT state FROM messages")] == ["expired"]


async def test_an_unknown_address_waits_until_the_directory_tells_it(world: World, box: Mailbox) -> None:
    people, _ = await group(world)
    await world.execute("DELETE FROM contacts WHERE person_id = $1", people[0])
    assert len(await deliver(world, box)) == 3
    await world.hear(contact(people[0], email="late@example.org"))
    await world.execute("UPDATE messages SET due_at = now() WHERE state = 'queued'")
    assert [to(mail) for mail in await deliver(world, box)] == ["late@example.org"]


async def test_nothing_in_a_title_or_a_name_becomes_a_header(world: World, box: Mailbox) -> None:
    people = await world.people(4)
    evil = "Grief\r\nBcc: eve@example.org\r\n\r\nhello"
    for person in people:
        await world.hear(contact(person, evil, email=f"{person}@example.org"))
    programme = await world.programme(
        cadence_days=56, group_size_min=4, name="Circles", format="mentoring_circle", confidentiality="open"
    )
    await world.execute("UPDATE programmes SET name = $1", evil)
    await world.hear(circle(programme, people, None))
    mails = await deliver(world, box)
    assert len(mails) == 4
    for mail in mails:
        assert mail["Bcc"] is None
        lines = [line for line in mail.as_string().splitlines() if line.startswith("Bcc")]
        assert lines == []
        assert len(calendar(mail).walk("VEVENT")[0]["ATTENDEE"].split(",")) == 1


async def test_an_erased_person_is_not_written_to(world: World, box: Mailbox) -> None:
    people, _ = await group(world)
    async with world.db.transaction() as conn:
        await invitations.queue_invitations(conn)
    from services.sessions.commands.erasures import erase_people  # noqa: PLC0415 - this test alone

    async with world.db.transaction() as conn:
        assert (await erase_people(conn, [people[0]]))[people[0]] >= 4
    assert f"{people[0]}@example.org" not in map(to, await deliver(world, box, queue=False))
    for table in ("messages", "invitations", "preferences", "calendar_replies"):
        assert await world.fetch(f"SELECT FROM {table} WHERE person_id = $1", people[0]) == []


async def test_an_unknown_message_is_not_found(world: World) -> None:
    reply = await world.call("POST", f"/v1/messages/{uuid4()}/retry", roles=("operator",))
    assert (reply.status_code, reply.json()["type"]) == (404, "/problems/unknown-message")


async def test_a_calendar_part_keeps_the_line_ends_of_its_standard(world: World, box: Mailbox) -> None:
    await group(world)
    for mail in await deliver(world, box):
        for part in mail.walk():
            if part.get_content_type() in {"text/calendar", "application/ics"}:
                content = part.get_payload(decode=True)
                assert isinstance(content, bytes)
                assert content.count(b"\r\n") == content.count(b"\n") > 10


@pytest.mark.parametrize(
    ("confidentiality", "summary"), [("open", "Lunch and learn: What we did about queues"), ("closed", "Peer learning")]
)
async def test_a_mail_says_the_sessions_title_and_where_its_reader_stands(
    world: World, box: Mailbox, confidentiality: str, summary: str
) -> None:
    lead, first, second = people = await world.people(3)
    for one in people:
        await world.hear(contact(one, email=f"{one}@example.org"))
    made = await found(world, lead, await world.programme(format="lunch_and_learn", confidentiality=confidentiality))
    session = await add(world, lead, made, workday(3), capacity=1, title="What we did about queues")
    path, accept = f"/v1/sessions/{session}", {"answer": "accept", "rules_version": 1}
    for one in (first, second):
        assert (await world.call("POST", f"{path}/rsvp", accept, who=one)).status_code == 200
    mails = {UUID(to(mail).partition("@")[0]): mail for mail in await deliver(world, box)}
    said = {one: str(mail.get_body(("plain",)).get_content()).splitlines()[0] for one, mail in mails.items()}  # type: ignore[union-attr]
    assert said == {
        lead: f"You are invited: {summary}.",
        first: f"You have a seat: {summary}.",
        second: f"It is full, and you are on the waitlist: {summary}.",
    }
    event = calendar(mails[first]).walk("VEVENT")[0]
    assert (str(mails[first]["Subject"]), str(event["SUMMARY"])) == (summary, summary)
    assert (await world.call("POST", f"{path}/cancel", who=lead)).status_code == 200
    for mail in await deliver(world, box):
        assert str(mail.get_body(("plain",)).get_content()).startswith(f"It will not take place: {summary}.")  # type: ignore[union-attr]
