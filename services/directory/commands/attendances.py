"""Keeps who was in which session, as the sessions service tells it."""

from collections.abc import Sequence
from uuid import UUID

from services.directory.store import attendances as store
from shared.db import Connection
from shared.events.sessions import ParticipationChanged


async def record_attendances(conn: Connection, parts: Sequence[ParticipationChanged]) -> None:
    """Keep the newest version of each part; duplicates, old and late ones change nothing."""
    newest: dict[tuple[UUID, UUID], ParticipationChanged] = {}
    for part in parts:
        name = (part.session_id, part.person_id)
        if name not in newest or newest[name].version < part.version:
            newest[name] = part
    await store.record(conn, list(newest.values()))
