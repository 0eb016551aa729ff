"""What may be told of feedback: means over enough answers, and nothing else."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from services.sessions.domain.feedback import CROWD, quality, told_in_tens
from services.sessions.domain.forms import STANDARD, NothingAsked
from services.sessions.domain.session import NotTheFacilitator, UnknownSession
from services.sessions.queries.follow_up import form_results
from services.sessions.store import forms
from shared import sql
from shared.db import Connection, Record

SQL = sql.load("services.sessions", "feedback")
FORMS = sql.load("services.sessions", "forms")


async def summarise(conn: Connection, session_id: UUID, *, by: UUID | None, is_owner: bool) -> dict[str, Any]:
    """Means and quality for a session's facilitator or an owner. Raises UnknownSession, NotTheFacilitator."""
    row = await conn.fetchrow(SQL.summary, session_id, by)
    leads = row is not None and by is not None and row["facilitator_id"] == by
    if row is None or not (is_owner or leads or row["takes_part"]):
        raise UnknownSession("There is no such session, or you do not lead it.")
    if not (is_owner or leads):
        raise NotTheFacilitator("Its facilitator and the programme's owner see what came of a session.")
    results = await form_results(conn, row["programme_id"], row["format"], row["month"])
    return {
        **dict(row),
        "answers": row["answers"] + sum(result["answers"] for result in results),
        "forms": results,
        "quality": quality(_scores(row, results)),
    }


async def list_comments(
    conn: Connection, programme_id: UUID, *, after: tuple[date, str] | None, limit: int
) -> list[dict[str, Any]]:
    """What was written beside answers, by month and format, newest first, one more than `limit`."""
    months = await conn.fetch(SQL.months_told, programme_id, *(after or (None, None)), CROWD, limit + 1)
    keys = [(row["format"], row["month"]) for row in months]
    found: dict[tuple[str, date], list[tuple[int, list[str]]]] = {key: [] for key in keys}
    for row in await conn.fetch(SQL.comments_of, programme_id, [key[0] for key in keys], [key[1] for key in keys]):
        found[row["format"], row["month"]].append((row["answers"], row["comments"]))
    return [{"format": name, "month": month, "comments": told_in_tens(found[name, month])} for name, month in keys]


async def asked_form(conn: Connection, session_id: UUID, reader: UUID) -> dict[str, Any] | None:
    """What is asked after a session, for somebody in it; no items where nothing is."""
    scope = await conn.fetchrow(FORMS.scope_of_reader, session_id, reader)
    if scope is None:
        return None
    try:
        form = await forms.asked_in(conn, scope["programme_id"], scope["format"])
    except NothingAsked:
        return {"form_id": None, "form_version": 1, "items": []}
    if form is not None:
        return {"form_id": form["form_id"], "form_version": form["version"], "items": form["items"]}
    return {"form_id": None, "form_version": 1, "items": [dict(item) for item in STANDARD]}


def _scores(row: Record, results: Sequence[Mapping[str, Any]]) -> list[tuple[int, float]]:
    """How many answered each form, and the mean of its questions, high is good."""
    found = [(result["answers"], result["score"]) for result in results]
    if row["answers"]:
        found.append((row["answers"], sum(row[name] for name in ("usefulness", "relevance", "engagement")) / 3))
    return found
