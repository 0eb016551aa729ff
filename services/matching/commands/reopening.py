"""Whoever a match leaves behind gets somebody else at once: a hand-over, a replacement, another circle."""

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, NamedTuple
from uuid import UUID

from services.matching.commands import places
from services.matching.commands.buddies import propose_buddies
from services.matching.commands.problems import asking, problem_for
from services.matching.domain.match import TOO_FEW_LEFT, Match, tell
from services.matching.engine import pairs, rings
from services.matching.store import left_alone, matches, programmes
from services.matching.store.programmes import Programme
from shared import outbox, sql
from shared.db import Connection
from shared.envelope import Envelope

SQL = sql.load("services.matching", "matches")
WAITING_LOOKED_AT = 200
"""People who wait for a circle and are tried when one has lost somebody."""


@dataclass(frozen=True, slots=True)
class Loose:
    """Somebody who is out of a match through no absence of theirs."""

    match: Match
    person_id: UUID
    role: str


class Left(NamedTuple):
    """What is left after matches have changed: people without theirs, and circles, as they were, that lost somebody."""

    people: Sequence[Loose]
    smaller: Sequence[Match] = ()


async def reopen(
    conn: Connection,
    left: Left,
    causes: Mapping[UUID, Envelope[Any]],
    introduced: Sequence[UUID] = (),
) -> None:
    """Match these people again, and offer places that became free; who finds nobody is asked by the next round.

    `introduced` are newcomers who were to meet somebody who is gone.
    """
    loose = left.people
    followed = {one.person_id: cause for one in loose if (cause := places.cause_of(one.match, causes))}
    newcomers = sorted({*introduced, *(one.person_id for one in loose if one.role == "newcomer")})
    if newcomers:
        await propose_buddies(conn, newcomers, followed)
    by_programme: dict[tuple[UUID, str], set[UUID]] = defaultdict(set)
    for one in loose:
        if one.role in {"learner", "participant"}:
            by_programme[one.match.programme_id, one.role].add(one.person_id)
    smaller: dict[UUID, list[UUID]] = defaultdict(list)
    for match in left.smaller:
        if cause := places.cause_of(match, causes):
            followed |= dict.fromkeys(match.participants, cause)
        smaller[match.programme_id].append(match.match_id)
        by_programme[match.programme_id, "participant"] |= set()
    for (programme_id, role), people in sorted(by_programme.items()):
        programme = await programmes.get(conn, programme_id)
        if not programme.published:
            continue
        if role == "learner":
            await _rematch(conn, programme, sorted(people), followed)
        else:
            await _refill(conn, programme, sorted(people), smaller[programme_id], followed)


async def _refill(
    conn: Connection,
    programme: Programme,
    people: Sequence[UUID],
    smaller: Sequence[UUID],
    causes: Mapping[UUID, Envelope[Any]],
) -> None:
    """Another circle for these people, and who waits for the programme into circles that have become `smaller`.

    One that nobody brings back to the least size ends, and its people find a place elsewhere as if they had lost it.
    """
    waiting = await conn.fetch(SQL.waiting, programme.programme_id, WAITING_LOOKED_AT) if smaller else []
    await places.give(
        conn, programme, list(dict.fromkeys((*people, *(row["person_id"] for row in waiting)))), causes, people
    )
    few = [
        match
        for match in await matches.lock(conn, smaller)
        if match.state == "formed" and len(match.participants) < programme.size_min
    ]
    if not few:
        return
    ended = [match.become("ended") for match in few]
    await matches.save_states(conn, ended)
    await outbox.append_all(conn, [(tell(match, TOO_FEW_LEFT), places.cause_of(match, causes)) for match in ended])
    lost = [one for match in ended for one in match.participants]
    await places.give(conn, programme, lost, causes, lost)


async def _rematch(
    conn: Connection, programme: Programme, learners: Sequence[UUID], causes: Mapping[UUID, Envelope[Any]]
) -> None:
    """Another teacher for each of these learners; where who learns also teaches, another exchange for who does not."""
    if not programme.rules.exchange:
        await _another(conn, programme, learners, causes, exchange=False)
        return
    teaching = {row["person_id"] for row in await conn.fetch(SQL.teaching, programme.programme_id, learners)}
    await _another(conn, programme, [one for one in learners if one in teaching], causes, exchange=False)
    await _another(conn, programme, [one for one in learners if one not in teaching], causes, exchange=True)


async def _another(
    conn: Connection,
    programme: Programme,
    learners: Sequence[UUID],
    causes: Mapping[UUID, Envelope[Any]],
    *,
    exchange: bool,
) -> None:
    """Somebody to learn from for each of these, in an `exchange` somebody whom they or a third could teach."""
    if not learners:
        return
    now = datetime.now(UTC)
    rows = await conn.fetch(SQL.teachers_around, learners, now.date().isoformat(), programme.one_site)
    around = [row["person_id"] for row in rows]
    only = sorted({*learners, *around})
    problem, known = await problem_for(conn, programme, now.date(), now.date().toordinal(), only=only)
    everybody = await asking(conn, programme, "pair", problem, known)
    mine = everybody.asked.intersection(learners)
    if not mine:
        return
    asked, rules = everybody.asked if exchange else mine, replace(everybody.rules, exchange=exchange)
    outcome = await asyncio.to_thread(pairs.solve, replace(everybody, asked=asked, rules=rules))
    together = rings.legs(outcome.matches) if exchange else ([match] for match in outcome.matches)
    found = list(matches.proposals("pair", together, programme, None))
    theirs = {match.ring_id for match in found if mine.intersection(match.participants)}
    formed = [match for match in found if match.ring_id in theirs]
    await matches.insert(conn, formed)
    await outbox.append_all(conn, [(tell(match), places.cause_of(match, causes)) for match in formed])
    alone = [one for one in outcome.unmatched if one.person in mine]
    await left_alone.keep(conn, programme.programme_id, alone)
    await left_alone.forget(conn, programme.programme_id, mine - {one.person for one in alone})
