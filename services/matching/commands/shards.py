"""A round too large for one process: cut, offered part by part, solved by whichever workers take the parts."""

import asyncio
import os
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID, uuid4

from services.matching.commands import solver
from services.matching.domain.format import RoundTooLarge, RoundTooLong
from services.matching.engine.cut import Found
from services.matching.engine.people import Problem
from services.matching.store import inputs, rounds, shards
from services.matching.store.programmes import Programme
from services.matching.store.shards import Part
from shared import outbox, sql
from shared.courier import Outcome
from shared.db import Connection, Record
from shared.envelope import Envelope
from shared.events.matching import MatchKind, ShardOffered

SQL = sql.load("services.matching", "shards")
WORKER = uuid4()
"""This process, among those that take parts."""
AT_ONCE = os.cpu_count() or 1
TRIES = 3
NOTHING = Found((), {}, 0, 0)


async def offer(
    conn: Connection,
    problem: Problem,
    others: Mapping[str, int],
    *,
    round_id: UUID,
    programme: Programme,
    kind: MatchKind,
    dry_run: bool,
) -> Record:
    """Open a large round, which does not ask `others`, and offer its parts. Returns its row.

    Raises RoundTooLong or RoundTooLarge.
    """
    parts = await solver.parts(kind, problem)
    row = await rounds.open_(
        conn, parts, problem, others, round_id=round_id, programme=programme, kind=kind, dry_run=dry_run
    )
    await inputs.insert(conn, round_id, problem)
    made = await shards.insert(conn, round_id, problem, parts)
    await outbox.append_all(
        conn,
        [(ShardOffered(shard_id=shard_id, round_id=round_id, people=people), None) for shard_id, people in made],
    )
    return row


async def take(conn: Connection, offers: Sequence[Envelope[ShardOffered]]) -> None:
    """These parts are this worker's."""
    await conn.execute(SQL.take, [offer.data.shard_id for offer in offers], WORKER)


async def claim(conn: Connection) -> list[Part]:
    """What this worker solves next; a round whose part cannot be solved is given up."""
    for row in await conn.fetch(SQL.give_up, TRIES):
        await conn.execute(SQL.fail, row["round_id"], f"A part was begun {TRIES} times and never ended.")
    return await shards.claim(conn, WORKER, AT_ONCE, TRIES)


class Solver:
    """Solves parts, each in a process of its own."""

    def __init__(self) -> None:
        self._found: dict[UUID, dict[str, Any]] = {}

    async def act(self, part: Part) -> Outcome:
        """One part."""
        try:
            found = await solver.solve_part(part.kind, part.kept.problem) if part.kept else NOTHING
            self._found[part.shard_id] = await asyncio.to_thread(shards.written, part, found)
        except (RoundTooLong, RoundTooLarge) as refused:
            return Outcome("never", refused.detail)
        return Outcome("done")

    async def settle(self, conn: Connection, ended: Sequence[tuple[Part, Outcome]]) -> None:
        """Keep what was found; a part that no worker may solve ends its round."""
        kept = [
            {"shard_id": str(part.shard_id), "found": self._found.pop(part.shard_id)}
            for part, outcome in ended
            if outcome.result == "done"
        ]
        await conn.execute(SQL.keep, kept)
        for part, outcome in ended:
            if outcome.result != "done":
                await conn.execute(SQL.fail, part.round_id, outcome.detail)
