"""Every newcomer gets a buddy and a handful of introductions as soon as they and a programme for them are known."""

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from services.matching.commands import introductions
from services.matching.commands.problems import problem_for
from services.matching.domain.match import tell
from services.matching.engine import buddies
from services.matching.engine.people import Problem
from services.matching.store import matches, programmes, rounds
from services.matching.store.programmes import Programme
from shared import outbox, sql
from shared.db import Connection
from shared.envelope import Envelope

SQL = sql.load("services.matching", "rounds")
NO_CAUSES: Mapping[UUID, Envelope[Any]] = {}
READ_WHOLE = 1000
"""Of more people only those around a newcomer are read: two seconds are not enough for all of them."""
NEAR = (40, 1000)
"""So many of each kind are read around a newcomer, and so many where none of those is free."""
AT_ONCE = 10
"""Newcomers served together, neighbours first: what is read for one of them is there for the others."""
A_TURN = 200
"""Newcomers without a buddy whom the timer looks at in one turn, drawn anew in each."""


async def propose_buddies(
    conn: Connection, people: Sequence[UUID] | None = None, causes: Mapping[UUID, Envelope[Any]] = NO_CAUSES
) -> int:
    """Propose a buddy and introductions to each of these newcomers, or to some who lack them; returns how many buddies.

    `causes` are the events, by person, whose traces the proposals continue.
    """
    await conn.execute(SQL.deciding)
    today = datetime.now(UTC).date()
    asked: dict[UUID, set[UUID]] = defaultdict(set)
    for person, programme_id in await rounds.newcomers(conn, today, people, most=A_TURN):
        asked[programme_id].add(person)
    unmet: dict[UUID, dict[UUID, int]] = defaultdict(dict)
    for person, (programme_id, count) in (await introductions.lacking(conn, today, people, A_TURN)).items():
        unmet[programme_id][person] = count
    proposed = 0
    few = await conn.fetchval(SQL.count_people, READ_WHOLE + 1) <= READ_WHOLE
    reaches: tuple[int | None, ...] = (None,) if few else NEAR
    for programme_id in sorted(asked.keys() | unmet.keys()):
        programme = await programmes.get(conn, programme_id)
        everybody = asked[programme_id] | unmet[programme_id].keys()
        newcomers = [row["person_id"] for row in await conn.fetch(SQL.by_place, list(everybody))]
        for start in range(0, len(newcomers), AT_ONCE):
            some = newcomers[start : start + AT_ONCE]
            left = asked[programme_id].intersection(some)
            wanted = {one: unmet[programme_id][one] for one in some if one in unmet[programme_id]}
            for reach in reaches:
                problem = await _around(conn, programme, today, sorted({*left, *wanted}), reach)
                met = await _propose(conn, programme, replace(problem, asked=frozenset(left)), causes)
                proposed, left = proposed + len(met), left - met
                if not left:
                    break
            await introductions.introduce(conn, problem, wanted, causes)
    return proposed


async def _around(
    conn: Connection, programme: Programme, today: date, newcomers: Sequence[UUID], reach: int | None
) -> Problem:
    """These people and those they could meet close by, so many of each kind; None is everybody."""
    only = None
    if reach is not None:
        rows = await conn.fetch(SQL.near, newcomers, reach, today.isoformat())
        only = sorted({*newcomers, *(row["person_id"] for row in rows)})
    return (await problem_for(conn, programme, today, today.toordinal(), only=only))[0]


async def _propose(
    conn: Connection, programme: Programme, problem: Problem, causes: Mapping[UUID, Envelope[Any]]
) -> frozenset[UUID]:
    """A buddy for each newcomer asked for whom there is one; returns whom."""
    if not problem.asked:
        return frozenset()
    outcome = await asyncio.to_thread(buddies.solve, problem)
    expires_at = datetime.now(UTC) + timedelta(days=programme.rules.expires_days)
    formed = [matches.propose("buddy", match, programme.programme_id, None, expires_at) for match in outcome.matches]
    await matches.insert(conn, formed)
    await outbox.append_all(conn, [(tell(match), _cause(match.participants, causes)) for match in formed])
    return problem.asked - {left.person for left in outcome.unmatched}


def _cause(members: Sequence[UUID], causes: Mapping[UUID, Envelope[Any]]) -> Envelope[Any] | None:
    return next((causes[member] for member in members if member in causes), None)
