"""The chats there are, answers given by a button in one, and what is shown there of them."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from services.sessions.commands.attendance import rsvp
from services.sessions.domain.chat import Chat, NothingToConfirm, NothingToPutOff, Pressed, Slack, Teams
from services.sessions.domain.letters import Text, answered_text, confirmed_text, refused_text
from services.sessions.domain.replies import NotInvited
from services.sessions.settings import SessionsSettings
from services.sessions.store import formats
from services.sessions.store.entries import entry
from shared import sql
from shared.courier import Outcome
from shared.db import Connection, Record
from shared.refusal import Refused

SQL = sql.load("services.sessions", "messages")
CHATS = sql.load("services.sessions", "chats")
CALENDAR = sql.load("services.sessions", "calendar")
AT_ONCE = 50
WAITS = (2.0, 10.0, 60.0, 300.0)
"""Seconds between attempts: whoever pressed is looking."""


def chats(settings: SessionsSettings) -> Mapping[str, Chat]:
    """Every chat, by its channel."""
    return {
        "slack": Slack(settings.slack_url, settings.slack_token, settings.slack_signing_secret),
        "teams": Teams(settings.teams_url, settings.teams_secret),
    }


async def press(conn: Connection, channel: str, chat: Chat, pressed: Pressed) -> dict[str, Any]:
    """Do as a button says, and return what its chat is answered: the message as it is now, or why nothing was done.

    A chat shows nobody the words of an error, so that a refusal is an answer too. Where the chat has given an address
    to be answered at, the same is queued for it.
    """
    try:
        async with conn.transaction():
            text = await _answer(conn, channel, pressed)
        shown = chat.shown(text, replaces=True)
    except Refused as refusal:
        text = refused_text(refusal)
        shown = chat.shown(text, replaces=False)
    if pressed.answer_at:
        await conn.execute(CHATS.queue, await _person(conn, channel, pressed), pressed.answer_at, shown)
    return {"text": text.subject, "attachments": shown.get("attachments", [])}


async def _person(conn: Connection, channel: str, pressed: Pressed) -> UUID | None:
    found: UUID | None = await conn.fetchval(SQL.person_in_chat, channel, pressed.address)
    return found


async def _answer(conn: Connection, channel: str, pressed: Pressed) -> Text:
    if pressed.answer == "confirm":
        if not await conn.fetchval(SQL.confirm_chat, channel, pressed.address, pressed.about):
            raise NothingToConfirm("Nobody asks to be reached here any more.", state="not asked")
        return confirmed_text()
    person = await _person(conn, channel, pressed)
    if person is None:
        raise NotInvited("Nobody here has this address.", state="not known")
    said = "snooze"
    if pressed.answer == "snooze":
        if not await conn.fetchval(SQL.snooze, person, pressed.about):
            raise NothingToPutOff("There is no reminder of it that can be put off once more.", state="not put off")
    else:
        said = (await rsvp(conn, pressed.about, person, pressed.answer)).state
    row = await conn.fetchrow(CALENDAR.entries, person, pressed.about)
    if row is None:
        raise NotInvited("Nobody with this address was invited to this session.", state="not invited")
    zone = await conn.fetchval(CHATS.clock_of, person)
    return answered_text(said, entry(dict(row), await formats.known(conn)), zone)


async def claim(conn: Connection) -> list[Record]:
    """What is to be shown now; what has come too late for its chat is let go."""
    await conn.execute(CHATS.expire)
    return await conn.fetch(CHATS.claim, AT_ONCE)


async def settle(conn: Connection, outcomes: Sequence[tuple[Record, Outcome]]) -> None:
    """What is shown, or never can be, is gone; what may yet be shown is tried again until it is too late."""
    again = [
        (row["answer_id"], outcome.wait or WAITS[row["attempts"] - 1])
        for row, outcome in outcomes
        if outcome.result == "later" and row["attempts"] <= len(WAITS)
    ]
    kept = {answer for answer, _ in again}
    await conn.execute(CHATS.delete, [row["answer_id"] for row, _ in outcomes if row["answer_id"] not in kept])
    if again:
        await conn.execute(CHATS.postpone, *map(list, zip(*again, strict=True)))
