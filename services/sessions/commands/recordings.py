"""Ask before recording, answer, and keep the link only where everybody has said yes."""

from uuid import UUID

from services.sessions.commands.founding import Caller, lock_led
from services.sessions.domain.recording import ClosedSession, NoRecording, RecordingNotAllowed
from services.sessions.domain.session import UnknownSession
from services.sessions.queries.artefacts import scope_of
from services.sessions.queries.recordings import Recording, get_recording
from services.sessions.store import sessions as store
from shared import outbox, sql
from shared.db import Connection
from shared.events.sessions import RecordingConsentChanged

SQL = sql.load("services.sessions", "recordings")


async def ask(conn: Connection, session_id: UUID, purpose: str, caller: Caller) -> Recording:
    """By whoever leads. Asked once; again changes nothing. Raises UnknownSession, NotTheLeader, ClosedSession."""
    scope = await scope_of(conn, session_id, None, caller.person_id, oversees=caller.oversees)
    await lock_led(conn, scope.group_id, caller)
    session = await store.lock(conn, session_id)
    session.check_not_cancelled()
    if scope.confidentiality == "closed":
        raise ClosedSession("What is said in a closed session is not recorded.", state=scope.confidentiality)
    await conn.execute(SQL.ask, session_id, purpose, caller.person_id)
    return await get_recording(conn, session_id, caller.person_id, oversees=caller.oversees)


async def consent(conn: Connection, session_id: UUID, person_id: UUID, *, answer: bool) -> Recording:
    """Yes or no, until the session is over and after; a no takes the link away. Raises UnknownSession, NoRecording."""
    session = await store.lock(conn, session_id)
    if await store.get_participation(conn, session_id, person_id) is None:
        raise UnknownSession("There is no such session, or you take no part in it.")
    session.check_not_cancelled()
    if await conn.fetchrow(SQL.lock_recording, session_id) is None:
        raise NoRecording("Nobody has asked to record this session.")
    version = await conn.fetchval(SQL.answer, session_id, person_id, answer)
    if version is not None:
        await outbox.append(
            conn,
            RecordingConsentChanged(session_id=session_id, person_id=person_id, version=version, consents=answer),
        )
    if not answer:
        await conn.execute(SQL.unlink, session_id)
    return await get_recording(conn, session_id, person_id, oversees=False)


async def keep_link(conn: Connection, session_id: UUID, link: str, caller: Caller) -> Recording:
    """Where the recording is. Raises NoRecording, NotTheLeader, RecordingNotAllowed with the state of the asking."""
    scope = await scope_of(conn, session_id, None, caller.person_id, oversees=caller.oversees)
    await lock_led(conn, scope.group_id, caller)
    await store.lock(conn, session_id)
    found = await get_recording(conn, session_id, caller.person_id, oversees=caller.oversees)
    if found.state != "allowed":
        raise RecordingNotAllowed(
            f"{found.agreed} of {found.expected} have agreed.", state=found.state, expected=found.expected
        )
    await conn.execute(SQL.link, session_id, link)
    return await get_recording(conn, session_id, caller.person_id, oversees=caller.oversees)
