"""What may be told of feedback: means over enough answers, and nothing else."""

from typing import Any
from uuid import UUID

from services.sessions.domain.forms import STANDARD
from services.sessions.domain.session import NotTheFacilitator, UnknownSession
from shared import sql
from shared.db import Connection, Record

SQL = sql.load("services.sessions", "feedback")
FORMS = sql.load("services.sessions", "forms")


async def summarise(conn: Connection, session_id: UUID, *, by: UUID | None, is_owner: bool) -> Record:
    """Means for the session's facilitator or a programme owner. Raises UnknownSession, NotTheFacilitator."""
    row = await conn.fetchrow(SQL.summary, session_id, by)
    leads = row is not None and by is not None and row["facilitator_id"] == by
    if row is None or not (is_owner or leads or row["takes_part"]):
        raise UnknownSession("There is no such session, or you do not lead it.")
    if not (is_owner or leads):
        raise NotTheFacilitator("Its facilitator and the programme's owner see what came of a session.")
    return row


async def asked_form(conn: Connection, session_id: UUID, reader: UUID) -> dict[str, Any] | None:
    """What is asked after a session, for somebody in it."""
    row = await conn.fetchrow(FORMS.asked_after, session_id, reader)
    if row is None or row["form_id"] is not None:
        return dict(row) if row else None
    return {"form_id": None, "form_version": 1, "items": [dict(item) for item in STANDARD]}
