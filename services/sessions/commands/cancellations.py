"""Sessions that will not take place."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from services.sessions.store import sessions as store
from shared import outbox, sql
from shared.db import Connection, Record
from shared.envelope import Envelope
from shared.events.sessions import SessionCancelled

SQL = sql.load("services.sessions", "sessions")


async def cancel(
    conn: Connection, locked: Sequence[Record], causes: Mapping[UUID, Envelope[Any]], *, called_off: bool = False
) -> None:
    """Cancel locked sessions and tell it; `causes` by group. What somebody has called off never comes back."""
    await conn.execute(SQL.cancel_sessions, [row["session_id"] for row in locked], called_off)
    over = [replace(store.session(row), version=row["version"] + 1, state="cancelled") for row in locked]
    await outbox.append_all(conn, [(session.told(SessionCancelled), causes.get(session.group_id)) for session in over])
