"""Answers given by a button in a chat."""

from services.sessions.commands.attendance import rsvp
from services.sessions.domain.chat import Pressed
from services.sessions.domain.replies import NotInvited
from shared import sql
from shared.db import Connection

SQL = sql.load("services.sessions", "messages")


async def answer(conn: Connection, channel: str, pressed: Pressed) -> str:
    """Answer as whoever has this address in this chat; returns words for them. Raises NotInvited and as `rsvp` does."""
    person = await conn.fetchval(SQL.person_in_chat, channel, pressed.address)
    if person is None:
        raise NotInvited("Nobody here has this address.")
    part = await rsvp(conn, pressed.session_id, person, pressed.answer)
    words = {"registered": "You have a seat.", "waitlisted": "It is full: you are on the waitlist."}
    return words.get(part.state, "You will not be expected.")
