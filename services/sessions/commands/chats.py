"""The chats there are, and answers given by a button in one."""

from collections.abc import Mapping

from services.sessions.commands.attendance import rsvp
from services.sessions.domain.chat import Chat, NothingToPutOff, Pressed, Slack, Teams
from services.sessions.domain.replies import NotInvited
from services.sessions.settings import SessionsSettings
from shared import sql
from shared.db import Connection

SQL = sql.load("services.sessions", "messages")


def chats(settings: SessionsSettings) -> Mapping[str, Chat]:
    """Every chat, by its channel."""
    return {
        "slack": Slack(settings.slack_url, settings.slack_token, settings.slack_signing_secret),
        "teams": Teams(settings.teams_url, settings.teams_secret),
    }


async def answer(conn: Connection, channel: str, pressed: Pressed) -> str:
    """Answer as whoever has this address in this chat, or put a reminder off; returns words for them.

    Raises NotInvited, NothingToPutOff and as `rsvp` does.
    """
    person = await conn.fetchval(SQL.person_in_chat, channel, pressed.address)
    if person is None:
        raise NotInvited("Nobody here has this address.", state="not known")
    if pressed.answer == "snooze":
        if not await conn.fetchval(SQL.snooze, person, pressed.session_id):
            raise NothingToPutOff("There is no reminder of it that can be put off once more.", state="not put off")
        return "You will be reminded again: tomorrow, or an hour before it begins."
    part = await rsvp(conn, pressed.session_id, person, pressed.answer)
    words = {"registered": "You have a seat.", "waitlisted": "It is full: you are on the waitlist."}
    return words.get(part.state, "You will not be expected.")
