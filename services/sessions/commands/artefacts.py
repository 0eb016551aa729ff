"""What a format requires is written down; a session counts as held once nothing of it is missing."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

from services.sessions.commands.founding import Caller, lock_led
from services.sessions.domain import playbooks, requirements, rooms
from services.sessions.domain.formats import Requirement
from services.sessions.domain.session import Session
from services.sessions.queries.artefacts import facts_of, scope_of
from services.sessions.store import formats
from services.sessions.store import sessions as store
from shared import outbox, sql
from shared.db import Connection, Record
from shared.events.sessions import SessionHeld

SQL = sql.load("services.sessions", "artefacts")
SESSIONS = sql.load("services.sessions", "sessions")


async def write(
    conn: Connection, kind: Requirement, content: str, caller: Caller, *, session_id: UUID | None, group_id: UUID | None
) -> Record | None:
    """Write one, or write it anew. Raises UnknownSession, UnknownGroup, InvalidRequest, StepMissing, OwnersAlone."""
    scope = await scope_of(conn, session_id, group_id, caller.person_id, oversees=caller.oversees)
    session = await store.lock(conn, session_id) if session_id else None
    if session is not None:
        session.check_not_cancelled()
    written = {row["kind"] for row in await conn.fetch(SQL.list_artefacts, scope.group_id, session_id)}
    requirements.check_written(kind, written, of_session=session_id is not None, oversees=caller.oversees)
    row = await conn.fetchrow(SQL.write, scope.group_id, session_id, kind, content, caller.person_id)
    if session is not None:
        await hold_if_complete(conn, session)
    else:
        await hold_waiting(conn, scope.group_id)
    return row


async def hold_waiting(conn: Connection, group_id: UUID) -> None:
    """Something of a whole group has come to be: its sessions that waited for that alone are held."""
    for waiting in await conn.fetch(SQL.attended_and_not_held, group_id):
        await hold_if_complete(conn, await store.lock(conn, waiting["session_id"]))


async def hold_if_complete(conn: Connection, session: Session) -> Session:
    """A locked session whose attendance is known is held once nothing its format requires is missing."""
    if session.state != "scheduled" or not await conn.fetchval(SESSIONS.is_attended, session.session_id):
        return session
    shape = await formats.one(conn, session.format)
    if shape.requires and requirements.missing(shape, await facts_of(conn, session.session_id)):
        return session
    return await hold(conn, session)


async def hold(conn: Connection, session: Session) -> Session:
    """A locked session is held, or said to be once more in its next version."""
    known = await conn.fetchrow(SESSIONS.hold_session, session.session_id)
    assert known is not None
    held = replace(session, state="held", version=session.version + 1)
    await outbox.append(conn, held.told(SessionHeld).model_copy(update=dict(known)))
    return held


async def tick(conn: Connection, session_id: UUID, version: int, done: Sequence[int], caller: Caller) -> None:
    """Which steps of a version of the playbook were done. Raises UnknownSession, UnknownPlaybook, InvalidRequest."""
    await scope_of(conn, session_id, None, caller.person_id, oversees=caller.oversees)
    session = await store.lock(conn, session_id)
    session.check_not_cancelled()
    playbooks.check_done(await formats.playbook(conn, session.format, version), done)
    await conn.execute(SQL.tick, session_id, version, sorted(set(done)))


async def form_rooms(conn: Connection, session_id: UUID, size: int, rounds: int, caller: Caller) -> None:
    """Deal those who have registered into rooms, anew for each round; again deals again."""
    scope = await scope_of(conn, session_id, None, caller.person_id, oversees=caller.oversees)
    await lock_led(conn, scope.group_id, caller)
    session = await store.lock(conn, session_id)
    session.check_not_cancelled()
    divisions = {row["person_id"]: row["division"] for row in await conn.fetch(SQL.divisions_of, session_id)}
    mixed = await asyncio.to_thread(rooms.mix, divisions, size, rounds)
    rows = [
        (session_id, turn, number, person)
        for turn, dealt in enumerate(mixed, 1)
        for number, room in enumerate(dealt, 1)
        for person in room
    ]
    await conn.execute(SQL.forget_rooms, session_id)
    await conn.copy_records_to_table("rooms", records=rows, columns=("session_id", "round", "room", "person_id"))
    if session.starts_at <= datetime.now(UTC):
        await hold_if_complete(conn, session)
