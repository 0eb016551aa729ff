"""Every newcomer gets a buddy and a handful of introductions as soon as they and a programme for them are known."""

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from services.matching.commands import introductions
from services.matching.commands.problems import problem_for
from services.matching.domain.match import tell
from services.matching.engine import buddies
from services.matching.engine.people import Problem, Unmatched
from services.matching.store import left_alone, matches, programmes, rounds
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
    asked = await rounds.newcomers(conn, today, people, most=A_TURN)
    unmet = await introductions.lacking(conn, today, people, A_TURN)
    turns = {one: [programme_id] for one, (programme_id, _) in unmet.items()} | asked
    few = await conn.fetchval(SQL.count_people, READ_WHOLE + 1) <= READ_WHOLE
    served: set[UUID] = set()
    alone: dict[UUID, list[Unmatched]] = defaultdict(list)
    while turns:
        by_programme: dict[UUID, list[UUID]] = defaultdict(list)
        for one, closest in turns.items():
            by_programme[closest[0]].append(one)
        for programme_id, newcomers in sorted(by_programme.items()):
            programme = await programmes.get(conn, programme_id)
            near = [row["person_id"] for row in await conn.fetch(SQL.by_place, newcomers)]
            for start in range(0, len(near), AT_ONCE):
                some = near[start : start + AT_ONCE]
                left = frozenset(asked.keys() & some)
                for reach in (None,) if few else NEAR:
                    problem = await _around(conn, programme, today, sorted(some), reach)
                    lacking = await _propose(conn, programme, replace(problem, asked=left), causes)
                    left = frozenset(one.person for one in lacking)
                    if not left:
                        break
                alone[programme_id] += lacking
                # Introductions come with the buddy, or with the last programme that could have found one.
                wanted = {one: unmet[one][1] for one in some if one in unmet and not (one in left and turns[one][1:])}
                await introductions.introduce(conn, problem, programme.rules_version, wanted, causes)
                served |= (asked.keys() & some) - left
        turns = {one: closest[1:] for one, closest in turns.items() if one not in served and closest[1:]}
    for programme_id, lacking in sorted(alone.items()):
        await left_alone.keep(conn, programme_id, (one for one in lacking if one.person not in served))
    return len(served)


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
) -> Sequence[Unmatched]:
    """A buddy for each newcomer asked for whom there is one; returns the others, and why."""
    if not problem.asked:
        return ()
    outcome = await asyncio.to_thread(buddies.solve, problem)
    formed = list(matches.proposals("buddy", ([match] for match in outcome.matches), programme, None))
    await matches.insert(conn, formed)
    await outbox.append_all(conn, [(tell(match), _cause(match.participants, causes)) for match in formed])
    lacking = {one.person for one in outcome.unmatched}
    await left_alone.forget(conn, programme.programme_id, problem.asked - lacking)
    return outcome.unmatched


def _cause(members: Sequence[UUID], causes: Mapping[UUID, Envelope[Any]]) -> Envelope[Any] | None:
    return next((causes[member] for member in members if member in causes), None)
