"""Learning that happened by itself, logged in one call and confirmed by the other side."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

from uuid_utils.compat import uuid7

from services.sessions.domain.founding import NotInAudience
from services.sessions.domain.session import Participation, UnknownSession
from services.sessions.store import sessions as store
from shared import outbox, sql
from shared.db import Connection
from shared.events.sessions import SessionHeld
from shared.refusal import InvalidRequest, Refused

SQL = sql.load("services.sessions", "founding")
GROUPS = sql.load("services.sessions", "groups")
SESSIONS = sql.load("services.sessions", "sessions")
PARTICIPANTS = sql.load("services.sessions", "participants")
COLUMNS = (
    "session_id", "version", "state", "group_id", "programme_id", "number", "due_on", "starts_at", "ends_at",
    "capacity", "why", "title", "fixed",
)  # fmt: skip
AD_HOC = "ad_hoc"
PARTS = ("session_id", "person_id", "role", "state")


class LogSettled(Refused):
    """Everybody has confirmed it, somebody has not, or nobody did in time."""


async def log(
    conn: Connection,
    by: UUID,
    others: Sequence[UUID],
    topic: str,
    minutes: int,
    ended_at: datetime,
    *,
    skill_id: str | None = None,
    programme_id: UUID | None = None,
) -> UUID:
    """Keep it until the others confirm; returns the session's id. Raises NotInAudience, InvalidRequest."""
    if by in others or len(set(others)) < len(others):
        raise InvalidRequest.naming("people", "names somebody twice, or you")
    if ended_at > datetime.now(UTC):
        raise InvalidRequest.naming("ended_at", "is in the future")
    found = await conn.fetchrow(SQL.ad_hoc_programme, by, programme_id)
    if found is None or await conn.fetch(SQL.not_in_audience, found["programme_id"], list(others)):
        raise NotInAudience("There is no ad hoc programme for all of you.", state="not in the audience")
    programme, further = found["programme_id"], AD_HOC if found["format"] != AD_HOC else None
    group_id, session_id = uuid7(), uuid7()
    await conn.execute(SQL.insert_group, group_id, programme, "log", skill_id, topic, by, "fixed", None, further)
    await conn.execute(GROUPS.set_states, [group_id], ["waiting"], [None])
    everybody = [by, *others]
    members = [(group_id, person, "participant") for person in everybody]
    await conn.copy_records_to_table("group_members", records=members, columns=("group_id", "person_id", "role"))
    starts_at = ended_at - timedelta(minutes=minutes)
    row = (
        session_id, 1, "scheduled", group_id, programme, 0, starts_at.date(), starts_at, ended_at, len(everybody),
        "Logged after the fact", topic, True,
    )  # fmt: skip
    await conn.copy_records_to_table("sessions", records=[row], columns=COLUMNS)
    parts = [(session_id, person, "participant", "registered" if person == by else "invited") for person in everybody]
    await conn.copy_records_to_table("participants", records=parts, columns=PARTS)
    return session_id


async def confirm(conn: Connection, session_id: UUID, person_id: UUID, *, agreed: bool) -> None:
    """One of those named says whether it was so; when all have, it is told. Raises UnknownSession, LogSettled."""
    row = await conn.fetchrow(SESSIONS.lock_log, session_id)
    parts = await store.get_participations(conn, session_id)
    if row is None or person_id not in parts:
        raise UnknownSession("There is no such log, or you are not named in it.")
    if row["state"] != "scheduled":
        state = "confirmed" if row["state"] == "held" else row["reason"] or "expired"
        raise LogSettled(f"It is {state} already.", state=state)
    if not agreed:
        await conn.execute(SQL.drop_log, [session_id])
        await conn.execute(GROUPS.set_states, [row["group_id"]], ["ended"], ["refused"])
        return
    await conn.execute(PARTICIPANTS.agree, session_id, person_id)
    waiting = {one for one, part in parts.items() if part.state == "invited"} - {person_id}
    if not waiting:
        await _tell(conn, session_id, list(parts.values()))


async def _tell(conn: Connection, session_id: UUID, parts: Sequence[Participation]) -> None:
    """It was held, and everybody was there from beginning to end."""
    await conn.execute(SESSIONS.hold_session, session_id)
    session = await store.lock(conn, session_id)
    await conn.execute(GROUPS.set_states, [session.group_id], ["ended"], ["confirmed"])
    minutes = round((session.ends_at - session.starts_at).total_seconds() / 60)
    there = [replace(part, state="attended", minutes=minutes) for part in parts]
    await store.record(conn, session_id, there)
    told = [(replace(part, version=part.version + 1).told(session), None) for part in there]
    await outbox.append_all(conn, [(session.told(SessionHeld), None), *told])


async def expire_logs(conn: Connection) -> int:
    """Forget what nobody has confirmed within a fortnight: a timer's work."""
    rows = await conn.fetch(SQL.stale_logs)
    await conn.execute(SQL.drop_log, [row["session_id"] for row in rows])
    groups = [row["group_id"] for row in rows]
    await conn.execute(GROUPS.set_states, groups, ["ended"] * len(groups), ["expired"] * len(groups))
    return len(rows)
