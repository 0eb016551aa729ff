"""What makes a session good is written down, shared, and used again in one call."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from uuid_utils.compat import uuid7

from services.sessions.commands.founding import Caller, lock_group
from services.sessions.commands.series import Details, add_session
from services.sessions.domain.knowledge import StaysInTheGroup
from services.sessions.domain.plans import NotHeldYet, NotTheirPlan, UnknownPlan
from services.sessions.queries.arrangements import check_leads
from services.sessions.queries.artefacts import scope_of
from services.sessions.store import formats
from services.sessions.store import sessions as store
from shared import sql
from shared.db import Connection

SQL = sql.load("services.sessions", "plans")
ARTEFACTS = sql.load("services.sessions", "artefacts")
MINUTE = 60


async def write(conn: Connection, session_id: UUID, fields: Mapping[str, Any], author: UUID) -> None:
    """The plan of a session one leads; without steps, those of its playbook that were ticked off, or all of them.

    Raises UnknownSession, NotTheLeader, SessionIsCancelled.
    """
    await check_leads(conn, session_id, author, oversees=False)
    session = await store.lock(conn, session_id)
    session.check_not_cancelled()
    steps = fields["steps"] or await _done(conn, session_id, session.format)
    minutes = int((session.ends_at - session.starts_at).total_seconds()) // MINUTE
    await conn.execute(
        SQL.save, uuid7(), session_id, author, session.format, fields["title"], fields["agenda"], steps, minutes, None
    )


async def share(conn: Connection, session_id: UUID, caller: Caller, *, shared: bool) -> None:
    """Let others find and copy it, or not any more. Only of a session that was held, and never of a closed programme.

    Raises UnknownSession, UnknownPlan, NotTheirPlan, NotHeldYet, StaysInTheGroup.
    """
    scope = await scope_of(conn, session_id, None, caller.person_id, oversees=caller.oversees)
    session = await store.lock(conn, session_id)
    plan = await conn.fetchrow(SQL.lock_of_session, session_id)
    if plan is None:
        raise UnknownPlan("Nobody has written a plan for this session.")
    if plan["author_id"] != caller.person_id and not (caller.oversees and not shared):
        raise NotTheirPlan("Its author shares it.")
    if shared and scope.confidentiality == "closed":
        raise StaysInTheGroup("The programme is closed: its plans stay in it.", state=scope.confidentiality)
    if shared and session.state != "held":
        raise NotHeldYet("Share what has stood the test: the session is not held yet.", state=session.state)
    await conn.execute(SQL.share, session_id, shared)


async def copy(
    conn: Connection, plan_id: UUID, group_id: UUID, starts_at: datetime, details: Details, caller: Caller
) -> UUID:
    """A new session of a group one leads, run by that plan; returns its id. Raises UnknownPlan and as `add_session`."""
    plan = await conn.fetchrow(SQL.get, plan_id, caller.person_id)
    if plan is None:
        raise UnknownPlan("There is no such plan, or it is not shared.")
    said = replace(details, title=details.title or plan["title"], minutes=plan["minutes"])
    (session_id,) = await add_session(conn, group_id, starts_at, said, caller)
    group = await lock_group(conn, group_id)
    await conn.execute(
        SQL.save, uuid7(), session_id, caller.person_id, said.format or group["format"], plan["title"], plan["agenda"],
        plan["steps"], plan["minutes"], plan_id,
    )  # fmt: skip
    return session_id


async def _done(conn: Connection, session_id: UUID, format_name: str) -> Sequence[str]:
    ticked = await conn.fetchrow(ARTEFACTS.get_checklist, session_id)
    steps = (await formats.playbook(conn, format_name, ticked["playbook"] if ticked else None)).steps
    return [steps[number - 1] for number in ticked["done"]] if ticked and ticked["done"] else steps
