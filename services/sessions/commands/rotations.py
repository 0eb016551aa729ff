"""Who is what in sessions to come, when a founded group has other members than when they were made."""

from collections import defaultdict
from collections.abc import Collection
from datetime import UTC, datetime
from uuid import UUID

from services.sessions.store import formats
from shared import sql
from shared.db import Connection
from shared.events.matching import MatchMember

SQL = sql.load("services.sessions", "founding")
SESSIONS = sql.load("services.sessions", "sessions")
PARTICIPANTS = sql.load("services.sessions", "participants")


async def recast(conn: Connection, groups: Collection[UUID], welcome: UUID | None = None) -> None:
    """Turns go round among those who are members now, as in a matched group; `welcome` is invited to all of it."""
    upcoming = await conn.fetch(SESSIONS.lock_upcoming_of_groups, list(groups), datetime.now(UTC))
    if not upcoming:
        return
    members: defaultdict[UUID, list[MatchMember]] = defaultdict(list)
    for row in await conn.fetch(SQL.members_of, list(groups)):
        members[row["group_id"]].append(MatchMember(person_id=row["person_id"], role=row["role"]))
    sessions = [row["session_id"] for row in upcoming]
    asked = {(row["session_id"], row["person_id"]) for row in await conn.fetch(PARTICIPANTS.get_pairs, sessions)}
    known = await formats.known(conn)
    parts = [
        (row["session_id"], person, role, shape.preparation_of(role))
        for row, shape in ((row, known[row["format"]]) for row in upcoming)
        for person, role in shape.cast(members[row["group_id"]], row["number"])
        if person == welcome or (shape.rotation and (row["session_id"], person) in asked)
    ]
    if parts:
        await conn.execute(PARTICIPANTS.invite, *map(list, zip(*parts, strict=True)))
