"""Whether a session may be recorded, and who has still to answer."""

from dataclasses import dataclass
from uuid import UUID

from services.sessions.domain.recording import NoRecording, RecordingState, state_of
from services.sessions.queries.artefacts import scope_of
from shared import sql
from shared.db import Connection

SQL = sql.load("services.sessions", "recordings")


@dataclass(frozen=True, slots=True)
class Recording:
    """What for, how far the asking is, and the link once there is one; who said no is told to nobody."""

    session_id: UUID
    version: int
    purpose: str
    state: RecordingState
    expected: int
    agreed: int
    link: str | None


async def get_recording(conn: Connection, session_id: UUID, caller: UUID | None, *, oversees: bool) -> Recording:
    """For those who take part. Raises UnknownSession, NoRecording."""
    await scope_of(conn, session_id, None, caller, oversees=oversees)
    row = await conn.fetchrow(SQL.get_recording, session_id)
    if row is None:
        raise NoRecording("Nobody has asked to record this session.")
    expected = [each["person_id"] for each in await conn.fetch(SQL.expected, session_id)]
    answers = {each["person_id"]: each["answer"] for each in await conn.fetch(SQL.answers, session_id)}
    state = state_of(expected, answers)
    agreed = sum(answers.get(person, False) for person in expected)
    link = row["link"] if state == "allowed" else None
    return Recording(session_id, row["version"], row["purpose"], state, len(expected), agreed, link)
