"""Another neutral facilitator for circles that have lost theirs."""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import md5
from uuid import UUID

from services.matching.commands.problems import problem_for
from services.matching.domain.match import Match
from services.matching.engine import facilitators
from services.matching.engine.facilitators import Led
from services.matching.store import matches, programmes
from services.matching.store.programmes import Programme
from shared import sql
from shared.db import Connection

SQL = sql.load("services.matching", "matches")
POOL = (200, 1_000_000)
"""So many of those who are ready are read on either side of a lot; and all of them where none of those may."""


async def lead(
    conn: Connection, circles: Sequence[tuple[Match, Match, str]], gone: frozenset[UUID]
) -> list[tuple[Match, Match, str | None]]:
    """Circles as they were, as they are and why, with a neutral facilitator each, or with none where nobody may."""
    by_programme: dict[UUID, list[tuple[Match, Match, str]]] = defaultdict(list)
    for change in circles:
        by_programme[change[0].programme_id].append(change)
    led: list[tuple[Match, Match, str | None]] = []
    for programme_id, changes in sorted(by_programme.items()):
        programme = await programmes.get(conn, programme_id)
        found = await _find(conn, programme, [left for _, left, _ in changes], gone)
        led += [
            (old, _led(left, leader).become("formed"), reason)
            for (old, left, reason), leader in zip(changes, found, strict=True)
        ]
    return led


def _led(circle: Match, leader: Led | None) -> Match:
    return circle.led_by(leader.person, matches.reasons(leader.terms)) if leader else circle.led_by(None)


async def _find(
    conn: Connection, programme: Programme, circles: Sequence[Match], gone: frozenset[UUID]
) -> list[Led | None]:
    """Who leads each of these circles: what is read is a pool, the members, and everybody above them."""
    today = datetime.now(UTC).date()
    lot = md5(f"{circles[0].match_id}{today}".encode(), usedforsecurity=False).hexdigest()
    members = [person for circle in circles for person in circle.participants]
    above = {row["person_id"] for row in await conn.fetch(SQL.with_everybody_above, members)}
    found: list[Led | None] = []
    for most in POOL:
        pool = {row["person_id"] for row in await conn.fetch(SQL.ready_to_lead, lot, most)}
        only = sorted((pool | above) - gone)
        problem, _ = await problem_for(conn, programme, today, today.toordinal(), only=only)
        ready = tuple(one._replace(facilitator_ready=one.id in pool) for one in problem.people)
        problem = replace(problem, people=ready)
        found = await asyncio.to_thread(facilitators.find, problem, [circle.participants for circle in circles])
        if all(found) or len(pool) < most:
            break
    return found
