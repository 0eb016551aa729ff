"""Every newcomer gets a buddy as soon as they, a programme for them and somebody suitable are known."""

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from services.matching.commands.problems import problem_for
from services.matching.domain.match import tell
from services.matching.engine import buddies
from services.matching.store import matches, programmes, rounds
from shared import outbox, sql
from shared.db import Connection
from shared.envelope import Envelope

SQL = sql.load("services.matching", "rounds")
NO_CAUSES: Mapping[UUID, Envelope[Any]] = {}


async def propose_buddies(
    conn: Connection, people: Sequence[UUID] | None = None, causes: Mapping[UUID, Envelope[Any]] = NO_CAUSES
) -> int:
    """Propose a buddy to each of these newcomers, or to all who lack one; returns how many found one.

    `causes` are the events, by person, whose traces the proposals continue.
    """
    await conn.execute(SQL.deciding)
    now = datetime.now(UTC)
    asked: dict[UUID, list[UUID]] = defaultdict(list)
    for person, programme_id in await rounds.newcomers(conn, now.date(), people):
        asked[programme_id].append(person)
    proposed = 0
    for programme_id in sorted(asked):
        programme = await programmes.get(conn, programme_id)
        problem, _ = await problem_for(conn, programme, now.date(), now.date().toordinal(), asked[programme_id])
        outcome = await asyncio.to_thread(buddies.solve, problem)
        expires_at = now + timedelta(days=programme.rules.expires_days)
        formed = [matches.propose("buddy", match, programme_id, None, expires_at) for match in outcome.matches]
        await matches.insert(conn, formed)
        events = [(tell(match), _cause(match.participants, causes)) for match in formed]
        await outbox.append_all(conn, events)
        proposed += len(formed)
    return proposed


def _cause(members: Sequence[UUID], causes: Mapping[UUID, Envelope[Any]]) -> Envelope[Any] | None:
    return next((causes[member] for member in members if member in causes), None)
