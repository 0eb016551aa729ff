"""Who was in which session, in the database."""

from collections.abc import Sequence

from shared import sql
from shared.db import Connection
from shared.events.sessions import ParticipationChanged

SQL = sql.load("services.directory", "attendances")


async def record(conn: Connection, parts: Sequence[ParticipationChanged]) -> None:
    """Keep the newest state of each part in one statement; each part once."""
    rows = [
        (
            part.session_id,
            part.person_id,
            part.version,
            part.session_starts_at.date(),
            part.state == "attended",
            part.role,
            part.minutes,
            part.taught + part.shared + part.challenged + part.summarised,
            part.skill_id,
        )
        for part in parts
    ]
    if rows:
        await conn.execute(SQL.record_attendances, *zip(*rows, strict=True))
