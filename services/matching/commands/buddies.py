"""Every newcomer gets a buddy and a handful of introductions as soon as they and a programme for them are known."""

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from services.matching.commands import introductions
from services.matching.commands.problems import problem_for
from services.matching.domain.match import tell
from services.matching.engine import buddies
from services.matching.store import matches, programmes, rounds
from shared import outbox, sql
from shared.db import Connection
from shared.envelope import Envelope

SQL = sql.load("services.matching", "rounds")
NO_CAUSES: Mapping[UUID, Envelope[Any]] = {}
READ_WHOLE = 3000
"""An organization of more people is read around the newcomer only: two seconds are not enough for all of it."""


async def propose_buddies(
    conn: Connection, people: Sequence[UUID] | None = None, causes: Mapping[UUID, Envelope[Any]] = NO_CAUSES
) -> int:
    """Propose a buddy and introductions to each of these newcomers, or to all who lack them; returns how many buddies.

    `causes` are the events, by person, whose traces the proposals continue.
    """
    await conn.execute(SQL.deciding)
    now = datetime.now(UTC)
    today = now.date()
    asked: dict[UUID, list[UUID]] = defaultdict(list)
    for person, programme_id in await rounds.newcomers(conn, today, people):
        asked[programme_id].append(person)
    unmet: dict[UUID, dict[UUID, int]] = defaultdict(dict)
    for person, (programme_id, count) in (await introductions.lacking(conn, today, people)).items():
        unmet[programme_id][person] = count
    proposed = 0
    for programme_id in sorted(asked.keys() | unmet.keys()):
        programme = await programmes.get(conn, programme_id)
        only = await _near(conn, sorted({*asked[programme_id], *unmet[programme_id]}))
        seed = today.toordinal()
        problem, _ = await problem_for(conn, programme, today, seed, asked[programme_id], only)
        outcome = await asyncio.to_thread(buddies.solve, problem)
        expires_at = now + timedelta(days=programme.rules.expires_days)
        formed = [matches.propose("buddy", match, programme_id, None, expires_at) for match in outcome.matches]
        await matches.insert(conn, formed)
        events = [(tell(match), _cause(match.participants, causes)) for match in formed]
        await outbox.append_all(conn, events)
        await introductions.introduce(conn, problem, unmet[programme_id], causes)
        proposed += len(formed)
    return proposed


async def _near(conn: Connection, newcomers: Sequence[UUID]) -> list[UUID] | None:
    """Whom these people could meet close by, with themselves; None is everybody."""
    if await conn.fetchval(SQL.count_people, READ_WHOLE + 1) <= READ_WHOLE:
        return None
    rows = await conn.fetch(SQL.near, newcomers)
    return sorted({*newcomers, *(row["person_id"] for row in rows)})


def _cause(members: Sequence[UUID], causes: Mapping[UUID, Envelope[Any]]) -> Envelope[Any] | None:
    return next((causes[member] for member in members if member in causes), None)
