"""Whoever a match leaves behind gets somebody else at once: a hand-over, a replacement, another circle."""

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from services.matching.commands.buddies import propose_buddies
from services.matching.commands.problems import asking, problem_for
from services.matching.commands.retelling import retell
from services.matching.domain.match import Match, tell
from services.matching.engine import joining, pairs, rings
from services.matching.store import matches, programmes
from services.matching.store.programmes import Programme
from shared import outbox, sql
from shared.db import Connection
from shared.envelope import Envelope

SQL = sql.load("services.matching", "matches")
ROUNDS = sql.load("services.matching", "rounds")
CIRCLES_LOOKED_AT = 200


@dataclass(frozen=True, slots=True)
class Loose:
    """Somebody who is out of a match through no absence of theirs."""

    match: Match
    person_id: UUID
    role: str


async def reopen(
    conn: Connection,
    loose: Sequence[Loose],
    causes: Mapping[UUID, Envelope[Any]],
    introduced: Sequence[UUID] = (),
) -> None:
    """Match these people again, and nobody else; who finds nobody is asked by the next round.

    `introduced` are newcomers who were to meet somebody who is gone.
    """
    followed = {one.person_id: cause for one in loose if (cause := cause_of(one.match, causes))}
    newcomers = sorted({*introduced, *(one.person_id for one in loose if one.role == "newcomer")})
    if newcomers:
        await propose_buddies(conn, newcomers, followed)
    by_programme: dict[tuple[UUID, str], set[UUID]] = defaultdict(set)
    for one in loose:
        if one.role in {"learner", "participant"}:
            by_programme[one.match.programme_id, one.role].add(one.person_id)
    for (programme_id, role), people in sorted(by_programme.items()):
        programme = await programmes.get(conn, programme_id)
        if programme.published:
            again = _rematch if role == "learner" else _rejoin
            await again(conn, programme, sorted(people), followed)


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
    around = [row["person_id"] for row in await conn.fetch(SQL.teachers_around, learners, now.date().isoformat())]
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
    await outbox.append_all(conn, [(tell(match), cause_of(match, causes)) for match in formed])


async def _rejoin(
    conn: Connection, programme: Programme, people: Sequence[UUID], causes: Mapping[UUID, Envelope[Any]]
) -> None:
    """A place for each of these people in another circle of the programme, if it is still for them."""
    others = {row["person_id"] for row in await conn.fetch(ROUNDS.not_asked_of, programme.programme_id, people, None)}
    people = [one for one in people if one not in others]
    rows = await conn.fetch(SQL.lock_roomy, programme.programme_id, programme.size_max, people, CIRCLES_LOOKED_AT)
    before = await matches.with_members(conn, rows)
    if not before:
        return
    inside = sorted({*people, *(member.person_id for match in before for member in match.members)})
    only = [row["person_id"] for row in await conn.fetch(SQL.with_everybody_above, inside)]
    today = datetime.now(UTC).date()
    problem, _ = await problem_for(conn, programme, today, today.toordinal(), only=only)
    circles, leaders = [match.participants for match in before], [match.facilitator for match in before]
    found = await asyncio.to_thread(joining.join, problem, people, circles, leaders)
    after = {match.match_id: match for match in before}
    for person, place in zip(people, found, strict=True):
        if place is not None:
            match = after[before[place].match_id]
            after[match.match_id] = match.joined_by(person)
    pairs_ = [(old, after[old.match_id].become("formed")) for old in before if after[old.match_id] is not old]
    await matches.save_states(conn, [new for _, new in pairs_])
    await matches.save_members(conn, [old for old, _ in pairs_], [new for _, new in pairs_])
    joined = await retell(conn, [new for _, new in pairs_])
    await outbox.append_all(
        conn, [(tell(match, "member_joined", changed=True), cause_of(match, causes)) for match in joined]
    )


def cause_of(match: Match, causes: Mapping[UUID, Envelope[Any]]) -> Envelope[Any] | None:
    """The event that touched a match, whose trace goes on."""
    return next((causes[member.person_id] for member in match.members if member.person_id in causes), None)
