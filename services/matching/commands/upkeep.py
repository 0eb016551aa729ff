"""Open matches follow their people: who is gone leaves, and a facilitator set above a member is replaced."""

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from services.matching.commands import help as help_requests
from services.matching.commands.problems import problem_for
from services.matching.domain.match import FEWEST, OPEN, Match, tell
from services.matching.engine import facilitators
from services.matching.store import matches, programmes
from shared import outbox, sql
from shared.db import Connection
from shared.envelope import Envelope

SQL = sql.load("services.matching", "matches")
NO_LONGER_AVAILABLE = "no_longer_available"
TOO_FEW_LEFT = "too_few_members"
NO_LONGER_NEUTRAL = "no_longer_neutral"


async def follow(
    conn: Connection, changed: Sequence[UUID], moved: Sequence[UUID], causes: Mapping[UUID, Envelope[Any]]
) -> None:
    """Put right the open matches of people whose state changed, and circles near those with another manager."""
    today = datetime.now(UTC).date()
    gone = frozenset(row["person_id"] for row in await conn.fetch(SQL.gone, changed, today))
    await release(conn, gone, moved, causes)


async def release(
    conn: Connection,
    gone: frozenset[UUID],
    moved: Sequence[UUID],
    causes: Mapping[UUID, Envelope[Any]],
    *,
    erased: bool = False,
) -> None:
    """Take people out of their open matches; end what cannot go on, find a facilitator for what can.

    The events about matches of `erased` people do not name them any more.
    """
    if gone:
        await help_requests.leave(conn, sorted(gone))
    touched = {row["match_id"] for row in await conn.fetch(SQL.open_matches_of, list(gone))} if gone else set()
    touched |= await _partial(conn, moved)
    if not touched:
        return
    before = [match for match in await matches.lock(conn, sorted(touched)) if match.state in OPEN]
    partial = await _partial(conn, moved)
    after: list[tuple[Match, Match, str | None]] = []
    leaderless: list[tuple[Match, Match, str]] = []
    for match in before:
        if match.kind != "circle":
            rest = match.without(gone) if erased else match
            after.append((match, rest.become("ended"), NO_LONGER_AVAILABLE))
            continue
        left = match.without(gone)
        if len(left.participants) < FEWEST:
            after.append((match, left.become("ended"), TOO_FEW_LEFT))
        elif left.facilitator is None and match.facilitator is not None:
            leaderless.append((match, left, NO_LONGER_AVAILABLE))
        elif match.match_id in partial:
            leaderless.append((match, left, NO_LONGER_NEUTRAL))
        elif len(left.members) < len(match.members):
            after.append((match, left.become("formed"), None))
    after += await _replace(conn, leaderless)
    after.sort(key=lambda change: change[0].match_id)
    await matches.save_states(conn, [new for _, new, _ in after])
    circles = [(old, new) for old, new, _ in after if old.kind == "circle"]
    await matches.save_members(conn, [old for old, _ in circles], [new for _, new in circles])
    await outbox.append_all(
        conn,
        [(tell(new, reason), _cause(old, causes)) for old, new, reason in after if reason is not None],
    )


async def _partial(conn: Connection, moved: Sequence[UUID]) -> set[UUID]:
    """Circles whose facilitator stands above a member, below somebody whose manager changed."""
    if not moved or not await conn.fetchval(SQL.has_circles):
        return set()
    return {row["match_id"] for row in await conn.fetch(SQL.no_longer_neutral, moved)}


async def _replace(
    conn: Connection, circles: Sequence[tuple[Match, Match, str]]
) -> list[tuple[Match, Match, str | None]]:
    """The circles with another neutral facilitator each, or with none where nobody may."""
    by_programme: dict[UUID, list[tuple[Match, Match, str]]] = defaultdict(list)
    for change in circles:
        by_programme[change[0].programme_id].append(change)
    today = datetime.now(UTC).date()
    replaced: list[tuple[Match, Match, str | None]] = []
    for programme_id in sorted(by_programme):
        programme = await programmes.get(conn, programme_id)
        problem, _ = await problem_for(conn, programme, today, today.toordinal())
        changes = by_programme[programme_id]
        found = await asyncio.to_thread(facilitators.find, problem, [left.participants for _, left, _ in changes])
        replaced += [
            (old, left.led_by(person).become("formed"), reason)
            for (old, left, reason), person in zip(changes, found, strict=True)
        ]
    return replaced


def _cause(match: Match, causes: Mapping[UUID, Envelope[Any]]) -> Envelope[Any] | None:
    return next((causes[member.person_id] for member in match.members if member.person_id in causes), None)
