"""What a link in a message opens: the questions, and what they are about."""

from typing import Any

from services.sessions.domain import asking
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
    """Person, kind and subject of a link that can be used. Raises UnknownLink, LinkUsed, LinkEnded."""
    link = await conn.fetchrow(SQL.open, token_hash(token))
    if link is None:
        raise _nothing()
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
    family = asking.family(link["kind"])
    page = {"family": family, "title": asking.HEADLINES[family], "form_id": None, "form_version": 1, "code": None}
    if family in {"survey", "pulse"}:
        return page | await _survey(conn, link)
    page["about"] = await _session(conn, link)
    if family == "feedback":
        return page | await _feedback(conn, link)
    return page | {"questions": asking.CHECK_IN if family == "check-in" else asking.FACILITATION}


async def _session(conn: Connection, link: Record) -> str:
    """The session and its day, as whoever was in it may read it."""
    found = await conn.fetchrow(SQL.about, link["subject_id"], link["person_id"])
    if found is None:
        raise _nothing()
    if link["kind"] == "feedback" and found["state"] != "attended":
        raise DidNotAttend("Feedback is asked of those who were there.", state=found["state"])
    title = (await formats.one(conn, found["format"])).title
    about = summary(found["confidentiality"], title, found["skill"] or found["programme_name"])
    return f"{about}, {day_in(found['starts_at'], found['time_zone'])}"


async def _feedback(conn: Connection, link: Record) -> dict[str, Any]:
    form = await asked_form(conn, link["subject_id"], link["person_id"])
    if form is None:
        raise _nothing()
    if not form["items"]:
        raise NothingAsked("Nothing is asked after it.", state="nothing asked")
    return {**form, "questions": asking.scored(form["items"])}


async def _survey(conn: Connection, link: Record) -> dict[str, Any]:
    """Its statements; before the first answer a code that can pair it with the next, afterwards room for it."""
    found = await conn.fetchrow(SQL.about_survey, link["subject_id"])
    if found is None:
        raise _nothing()
    about = summary(found["confidentiality"], "Your group", found["programme_name"])
    codes = {"survey-before": asking.new_code(), "survey-after": "", "survey-later": ""}
    return {"about": about, "questions": asking.scored(found["items"]), "code": codes.get(link["kind"])}


def _nothing() -> UnknownLink:
    return UnknownLink("This link opens nothing, or nothing any more.")
