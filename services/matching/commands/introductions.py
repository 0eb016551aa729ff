"""Whom a newcomer should meet beside their buddy: a handful, chosen with the buddy, replaced when somebody leaves."""

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from services.matching.domain.match import UnknownMatch
from services.matching.engine import introductions as engine
from services.matching.engine.people import Problem
from shared import outbox, sql
from shared.db import Connection
from shared.envelope import Envelope
from shared.events.matching import IntroductionsSuggested, MatchReason

SQL = sql.load("services.matching", "introductions")


async def lacking(
    conn: Connection, today: date, people: Sequence[UUID] | None, most: int
) -> dict[UUID, tuple[UUID, int]]:
    """Newcomers with too few introductions, their programme and how many more; without `people`, so many with none."""
    rows = await conn.fetch(SQL.newcomers_to_introduce, today, people, engine.HANDFUL, most)
    return {row["person_id"]: (row["programme_id"], row["lacking"]) for row in rows}


async def introduce(
    conn: Connection,
    problem: Problem,
    rules_version: int,
    wanted: dict[UUID, int],
    causes: Mapping[UUID, Envelope[Any]],
) -> None:
    """Suggest so many colleagues to each newcomer, their buddy and whom they have been introduced to left out."""
    if not wanted:
        return
    known: dict[UUID, set[UUID]] = defaultdict(set)
    for row in await conn.fetch(SQL.known_to, list(wanted)):
        known[row["newcomer_id"]].add(row["person_id"])
    met = {newcomer: frozenset(people) for newcomer, people in known.items()}
    found = await asyncio.to_thread(engine.introduce, problem, wanted, met)
    rows = [
        {
            "newcomer_id": str(match.members[0][0]),
            "person_id": str(match.members[1][0]),
            "score": match.score,
            "reasons": [
                MatchReason(code=term.code, points=term.points, skill_id=term.skill).model_dump()
                for term in match.terms
            ],
        }
        for match in found
    ]
    await conn.execute(SQL.insert_introductions, rows, rules_version)
    told: dict[UUID, list[UUID]] = defaultdict(list)
    for match in found:
        told[match.members[0][0]].append(match.members[1][0])
    await outbox.append_all(
        conn,
        [
            (IntroductionsSuggested(person_id=one, colleague_ids=tuple(who)), causes.get(one))
            for one, who in told.items()
        ],
    )


async def meet(conn: Connection, newcomer_id: UUID, person_id: UUID, by: UUID | None) -> None:
    """They have met; the newcomer or their buddy says so. Raises UnknownMatch."""
    if by is None or not await conn.fetchval(SQL.may_see, newcomer_id, by):
        raise UnknownMatch("There is no such introduction of yours.")
    if await conn.fetchval(SQL.meet, newcomer_id, person_id) is None:
        raise UnknownMatch("There is no such introduction of yours.")


async def leave(conn: Connection, gone: Sequence[UUID]) -> list[UUID]:
    """Nobody is introduced to who is gone; returns the newcomers who need somebody else."""
    touched = await touched_by(conn, gone)
    await conn.execute(SQL.leave, gone)
    return touched


async def part(conn: Connection, changed: Sequence[UUID]) -> list[UUID]:
    """Who wishes not to meet is not introduced; returns the newcomers who need somebody else."""
    return sorted({row["newcomer_id"] for row in await conn.fetch(SQL.part, changed)}) if changed else []


async def touched_by(conn: Connection, gone: Sequence[UUID]) -> list[UUID]:
    """Newcomers who were to meet these people."""
    return [row["newcomer_id"] for row in await conn.fetch(SQL.touched_by, gone)]
