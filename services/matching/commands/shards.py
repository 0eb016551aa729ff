"""A round too large for one process: cut, offered part by part, solved by whichever workers take the parts."""

import os
from collections.abc import Sequence
from contextlib import AsyncExitStack
from functools import partial
from typing import Any, NamedTuple
from uuid import UUID, uuid4

from services.matching.commands import solver
from services.matching.domain.format import RoundTooLarge, RoundTooLong
from services.matching.engine import tasks
from services.matching.engine.tasks import Parts
from services.matching.store import inputs, shards
from services.matching.store.inputs import Kept
from services.matching.store.shards import Part
from shared import outbox, sql
from shared.courier import Outcome
from shared.db import Connection
from shared.envelope import Envelope
from shared.events.matching import ShardOffered

SQL = sql.load("services.matching", "shards")
WORKER = uuid4()
"""This process, among those that take parts."""
AT_ONCE = os.cpu_count() or 1
TRIES = 3
NOTHING: dict[str, Any] = {"pairs": [], "prices": {}, "bound": 0, "unseen": 0, "circles": []}


async def offer(conn: Connection, round_id: UUID, parts: Parts) -> None:
    """Offer the parts of a round."""
    made = await shards.insert(conn, round_id, parts)
    await outbox.append_all(
        conn,
        [(ShardOffered(shard_id=shard_id, round_id=round_id, people=people), None) for shard_id, people in made],
    )


async def take(conn: Connection, offers: Sequence[Envelope[ShardOffered]]) -> None:
    """These parts are this worker's."""
    await conn.execute(SQL.take, [offer.data.shard_id for offer in offers], WORKER)


class Job(NamedTuple):
    """A part, and the process that has its people; None where everybody in it has been erased since."""

    part: Part
    kept: Kept | None
    session: solver.Session | None


class Solver:
    """Solves parts, each in a process of its own."""

    def __init__(self) -> None:
        self._found: dict[UUID, dict[str, Any]] = {}

    async def claim(self, conn: Connection) -> list[Job]:
        """What this worker solves next; a round whose part cannot be solved is given up."""
        for row in await conn.fetch(SQL.give_up, TRIES):
            await conn.execute(
                SQL.fail, row["round_id"], f"It was begun {TRIES} times, or a part of it was, and never ended."
            )
        parts = await shards.claim(conn, WORKER, AT_ONCE, TRIES)
        async with AsyncExitStack() as stack:
            jobs = [await _begin(conn, part, stack) for part in parts]
            stack.pop_all()
        return jobs

    async def act(self, job: Job) -> Outcome:
        """One part."""
        found = NOTHING
        if job.kept is not None and job.session is not None:
            try:
                found = await job.session.ask(partial(tasks.part, job.kept.kind), job.kept.head)
            except (RoundTooLong, RoundTooLarge) as refused:
                return Outcome("never", refused.detail)
            finally:
                await job.session.close()
        self._found[job.part.shard_id] = found
        return Outcome("done")

    async def settle(self, conn: Connection, ended: Sequence[tuple[Job, Outcome]]) -> None:
        """Keep what was found; a part that no worker may solve ends its round."""
        kept = [
            {"shard_id": str(job.part.shard_id), "found": self._found.pop(job.part.shard_id)}
            for job, outcome in ended
            if outcome.result == "done"
        ]
        await conn.execute(SQL.keep, kept)
        for job, outcome in ended:
            if outcome.result != "done":
                await conn.execute(SQL.fail, job.part.round_id, outcome.detail)


async def _begin(conn: Connection, part: Part, stack: AsyncExitStack) -> Job:
    session = None
    kept = await inputs.kept(conn, part.round_id)
    if kept is None:
        return Job(part, None, None)
    async for some in inputs.people(conn, part.round_id, part.places, frozenset(part.beside)):
        if session is None:
            session = await solver.Session(kept.head.rules).open()
            stack.push_async_callback(session.close)
        await session.add(some)
    return Job(part, kept, session)
