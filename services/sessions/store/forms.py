"""Which form asks after a session."""

from uuid import UUID

from services.sessions.domain.forms import STANDARD_FORMS, NothingAsked
from services.sessions.store import formats
from shared import sql
from shared.db import Connection, Record

SQL = sql.load("services.sessions", "forms")


async def asked_in(conn: Connection, programme_id: UUID, format_name: str) -> Record | None:
    """The programme's own form, else its format's; None for the first standard one. Raises NothingAsked."""
    kind = (await formats.one(conn, format_name)).feedback_form
    form = await conn.fetchrow(SQL.asked_in, programme_id, format_name, STANDARD_FORMS.get(kind))
    if form is None and kind == "none":
        raise NothingAsked("Nothing is asked after it.", state="nothing asked", format=format_name)
    return form
