"""A round: everybody of a programme matched at once, and whoever is left out told why.

Nobody waits for a round to be solved: only its publication is a decision, and looks again at whom it matched.
"""

import asyncio
import secrets
from collections.abc import Collection
from typing import Any
from uuid import UUID

from uuid_utils.compat import uuid7

from services.matching.commands import publication, shards, solver
from services.matching.commands.problems import current, published
from services.matching.domain.format import RoundRunning, UnknownRound, kind_of
from services.matching.engine import round as engine
from services.matching.queries import rounds as queries
from services.matching.store import inputs, matches, rounds
from shared import sql
from shared.db import Connection, Record

SQL = sql.load("services.matching", "rounds")
PATIENCE, LOOK = 5.0, 0.1
"""Seconds a round waits for another of its programme, and between looking."""


async def run_round(
    conn: Connection,
    programme_id: UUID,
    seed: int | None = None,
    *,
    dry_run: bool = False,
    only: Collection[UUID] | None = None,
    left_out_of: UUID | None = None,
) -> dict[str, Any]:
    """Match the people of a published programme; a dry run is a preview that waits to be published.

    `only` asks some of them again, `left_out_of` those an earlier round left out. A round of more people than its
    rules' `part_people` is `solving` until workers have solved its parts. Returns the round. Raises
    UnknownProgramme, UnknownRound, ProgrammeNotPublished, FormatNotMatched, RoundRunning, SolverBusy, RoundTooLong or
    RoundTooLarge.
    """
    row = await _preview(conn, programme_id, seed, dry_run=dry_run, only=only, left_out_of=left_out_of)
    if dry_run or row["solving"]:
        return queries.shown(row)
    return await publication.publish(conn, row["round_id"])


async def _preview(
    conn: Connection,
    programme_id: UUID,
    seed: int | None,
    *,
    dry_run: bool,
    only: Collection[UUID] | None,
    left_out_of: UUID | None,
) -> Record:
    """The round as a preview, or as one that is solved in parts; what it was made from is let go of."""
    await _turn(conn, programme_id)
    programme = await published(conn, programme_id)
    kind = kind_of(programme.format)
    if left_out_of is not None:
        earlier = await queries.get_round(conn, left_out_of)
        if earlier["programme_id"] != programme_id:
            raise UnknownRound("There is no such round of this programme.")
        again = {row["person_id"] for row in await conn.fetch(SQL.unmatched_people, left_out_of)}
        only = again if only is None else again.intersection(only)
    among = None if only is None else frozenset(only)
    drawn = secrets.randbits(48) if seed is None else seed
    problem, others = await current(conn, programme, kind, drawn, among=among)
    round_id = uuid7()
    if engine.is_cut(kind, problem):
        return await shards.offer(
            conn, problem, others, round_id=round_id, programme=programme, kind=kind, dry_run=dry_run
        )
    run = await solver.solve(kind, problem)
    row = await rounds.insert(conn, run, problem, others, round_id=round_id, programme=programme, kind=kind)
    await inputs.insert(conn, round_id, problem)
    formed = matches.proposals(kind, run.outcome.matches, programme, round_id)
    await matches.insert(conn, (match.previewed() for match in formed))
    return row


async def _turn(conn: Connection, programme_id: UUID) -> None:
    """Wait for the programme's other round, but not for a long one."""
    until = asyncio.get_running_loop().time() + PATIENCE
    while not await conn.fetchval(SQL.one_round, programme_id):
        if asyncio.get_running_loop().time() > until:
            raise RoundRunning("Another round of the programme is being solved: run this one when it is done.")
        await asyncio.sleep(LOOK)
