"""A large round whose parts are all there is put together, as a preview or at once for everybody to hear."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple
from uuid import UUID

from services.matching.commands import publication, solver
from services.matching.commands.shards import SQL, TRIES
from services.matching.domain.format import ProgrammeNotPublished, RoundTooLarge, RoundTooLong
from services.matching.engine.cut import Found
from services.matching.engine.people import Problem
from services.matching.engine.round import Run
from services.matching.store import inputs, matches, programmes, rounds, shards
from services.matching.store.inputs import Kept
from shared import sql
from shared.courier import Outcome
from shared.db import Connection, Record
from shared.events.matching import MatchKind

ROUNDS = sql.load("services.matching", "rounds")


class Join(NamedTuple):
    """A round to put together."""

    round_id: UUID
    kind: MatchKind
    problem: Problem
    found: list[Found]
    severed: bool


async def claim(conn: Connection) -> list[Join]:
    """The next round whose parts are all there."""
    row = await conn.fetchrow(SQL.claim_join, TRIES)
    if row is None:
        return []
    kept = await inputs.load(conn, row["round_id"])
    if kept is None:
        await conn.execute(SQL.fail, row["round_id"], "What the round was computed from is not kept any more.")
        return []
    rows = await conn.fetch(SQL.found, row["round_id"])
    found = await asyncio.to_thread(_read, kept, rows)
    return [Join(row["round_id"], row["kind"], kept.problem, found, row["severed"])]


def _read(kept: Kept, rows: Sequence[Record]) -> list[Found]:
    people = {place: person.id for place, person in kept.numbered}
    return [shards.read(each["found"], people) for each in rows]


class Joiner:
    """Puts rounds together, each in a process of its own."""

    def __init__(self) -> None:
        self._runs: dict[UUID, Run] = {}

    async def act(self, join: Join) -> Outcome:
        """One round."""
        try:
            self._runs[join.round_id] = await solver.finish(join.kind, join.problem, join.found, severed=join.severed)
        except (RoundTooLong, RoundTooLarge) as refused:
            return Outcome("never", refused.detail)
        return Outcome("done")

    async def settle(self, conn: Connection, ended: Sequence[tuple[Join, Outcome]]) -> None:
        """Keep what came of it and, unless it is a dry run, tell everybody."""
        for join, outcome in ended:
            if outcome.result == "done":
                await _finish(conn, join, self._runs.pop(join.round_id))
            else:
                await conn.execute(SQL.fail, join.round_id, outcome.detail)


async def _finish(conn: Connection, join: Join, run: Run) -> None:
    row = await conn.fetchrow(ROUNDS.lock_round, join.round_id)
    if row is None or row["solving"] not in {"preview", "publish"} or row["discarded_at"]:
        return
    now = await programmes.get(conn, row["programme_id"])
    programme = replace(now, rules=join.problem.rules, rules_version=row["rules_version"])
    formed = matches.proposals(join.kind, run.outcome.matches, programme, join.round_id)
    await rounds.finish(conn, run, join.problem, round_id=join.round_id, programme=programme)
    await matches.insert(conn, (match.previewed() for match in formed))
    await conn.execute(SQL.forget, join.round_id)
    if row["solving"] == "publish":
        try:
            await publication.publish(conn, join.round_id)
        except ProgrammeNotPublished:
            return  # closed meanwhile: the preview stands, and nobody is told
