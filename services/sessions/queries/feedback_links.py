"""What a link to the questions after a session opens."""

from typing import Any

from services.sessions.domain.calendar import summary
from services.sessions.domain.feedback import DidNotAttend
from services.sessions.domain.feedback_links import LinkEnded, LinkUsed, UnknownLink
from services.sessions.domain.feeds import token_hash
from services.sessions.domain.forms import NothingAsked
from services.sessions.domain.letters import day_in
from services.sessions.queries.feedback import asked_form
from services.sessions.store import formats
from shared import sql
from shared.db import Connection, Record

SQL = sql.load("services.sessions", "feedback_links")


async def open_link(conn: Connection, token: str) -> Record:
    """Person and session of a link that can be used. Raises UnknownLink, LinkUsed, LinkEnded."""
    link = await conn.fetchrow(SQL.open, token_hash(token))
    if link is None:
        raise UnknownLink("This link opens nothing, or nothing any more.")
    if link["answered"]:
        raise LinkUsed("You have answered already: a link is good for one answer.", state="answered")
    if link["is_over"]:
        raise LinkEnded("The time for an answer is over.", state="ended")
    return link


async def linked_form(conn: Connection, token: str) -> dict[str, Any]:
    """The questions it opens, and what they are about; nothing says whom they are for.

    Raises as `open_link`, DidNotAttend, NothingAsked.
    """
    link = await open_link(conn, token)
    found = await conn.fetchrow(SQL.about, link["session_id"], link["person_id"])
    form = await asked_form(conn, link["session_id"], link["person_id"])
    if found is None or form is None:
        raise UnknownLink("This link opens nothing, or nothing any more.")
    if found["state"] != "attended":
        raise DidNotAttend("Feedback is asked of those who were there.", state=found["state"])
    if not form["items"]:
        raise NothingAsked("Nothing is asked after it.", state="nothing asked")
    title = (await formats.one(conn, found["format"])).title
    about = summary(found["confidentiality"], title, found["skill"] or found["programme_name"])
    return {**form, "about": about, "day": day_in(found["starts_at"], found["time_zone"])}
