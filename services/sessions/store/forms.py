"""Which form asks after a session."""

from uuid import UUID

from services.sessions.domain.catalogue import FORMATS
from services.sessions.domain.forms import STANDARD_FORMS, NothingAsked
from services.sessions.store import formats
from shared import sql
from shared.db import Connection, Record

SQL = sql.load("services.sessions", "forms")
_STANDARD = {name: STANDARD_FORMS.get(shape.feedback_form) for name, shape in FORMATS.items()}
STANDARD_OF = [name for name, found in _STANDARD.items() if found], [found for found in _STANDARD.values() if found]
"""The catalogue's formats that name another standard form than the first one, and which: two columns."""


async def asked_in(conn: Connection, programme_id: UUID, format_name: str) -> Record | None:
    """The programme's own form, else its format's; None for the first standard one. Raises NothingAsked."""
    return await conn.fetchrow(SQL.chosen, programme_id, format_name) or await standard(conn, format_name)


async def standard(conn: Connection, format_name: str) -> Record | None:
    """The form a format names where nobody has chosen one; None for the first standard one. Raises NothingAsked."""
    kind = (await formats.one(conn, format_name)).feedback_form
    if kind == "none":
        raise NothingAsked("Nothing is asked after it.", state="nothing asked", format=format_name)
    return await conn.fetchrow(SQL.get, STANDARD_FORMS[kind], 1) if kind in STANDARD_FORMS else None
