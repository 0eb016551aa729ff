"""Where a programme's sessions are joined when they do not say it themselves."""

from uuid import UUID

from services.sessions.domain.programme import ProgrammeFixed
from services.sessions.store import programmes
from shared import sql
from shared.db import Connection

SQL = sql.load("services.sessions", "programmes")


async def set_join_link(conn: Connection, programme_id: UUID, template: str | None) -> None:
    """One address for all sessions, or with `{session}` one for each. Raises UnknownProgramme, ProgrammeFixed."""
    programme = await programmes.lock(conn, programme_id)
    if programme.status == "closed":
        raise ProgrammeFixed("A closed programme has no sessions ahead.", state=programme.status)
    await conn.execute(SQL.set_join_template, programme_id, template)
