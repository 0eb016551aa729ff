"""A large round whose parts are all there is put together, as a preview or at once for everybody to hear."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import NamedTuple
from uuid import UUID

from services.matching.commands import places, publication, solver
from services.matching.commands.keeping import keep
from services.matching.commands.shards import SQL, TRIES
from services.matching.domain.format import ProgrammeNotPublished, RoundTooLarge, RoundTooLong
from services.matching.engine import tasks
from services.matching.engine.tasks import Summary
from services.matching.store import inputs, programmes
from services.matching.store.inputs import Kept
from shared import sql
from shared.courier import Outcome
from shared.db import Connection

ROUNDS = sql.load("services.matching", "rounds")


class Join(NamedTuple):
    """A round to put together, and the process that has its people."""

    round_id: UUID
    kept: Kept
    found: list[str]
    severed: bool
    session: solver.Session


async def claim(conn: Connection) -> list[Join]:
    """The next round whose parts are all there."""
    row = await conn.fetchrow(SQL.claim_join, TRIES)
    if row is None:
        return []
    round_id = row["round_id"]
    kept = await inputs.kept(conn, round_id)
    if kept is None:
        await conn.execute(SQL.fail, round_id, "What the round was computed from is not kept any more.")
        return []
    found = [each["found"] for each in await conn.fetch(SQL.found, round_id)]
    session = await solver.Session(kept.head.rules).open()
    try:
        async for some in inputs.people(conn, round_id):
            await session.add(some)
    except BaseException:
        await session.close()
        raise
    return [Join(round_id, kept, found, row["severed"], session)]


class Joiner:
    """Puts rounds together, each in a process of its own."""

    def __init__(self) -> None:
        self._found: dict[UUID, Summary] = {}

    async def act(self, join: Join) -> Outcome:
        """One round."""
        task = partial(tasks.finish, join.kept.kind, found=join.found, severed=join.severed)
        try:
            self._found[join.round_id] = await join.session.ask(task, join.kept.head)
        except (RoundTooLong, RoundTooLarge) as refused:
            return Outcome("never", refused.detail)
        return Outcome("done")

    async def settle(self, conn: Connection, ended: Sequence[tuple[Join, Outcome]]) -> None:
        """Keep what came of it and, unless it is a dry run, tell everybody."""
        for join, outcome in ended:
            try:
                if outcome.result == "done":
                    await _finish(conn, join, self._found.pop(join.round_id))
                else:
                    await conn.execute(SQL.fail, join.round_id, outcome.detail)
            finally:
                await join.session.close()


async def _finish(conn: Connection, join: Join, found: Summary) -> None:
    row = await conn.fetchrow(ROUNDS.lock_round, join.round_id)
    if row is None or row["solving"] not in {"preview", "publish"} or row["discarded_at"]:
        return
    now = await programmes.get(conn, row["programme_id"])
    programme = replace(now, rules=join.kept.head.rules, rules_version=row["rules_version"])
    kept = await keep(conn, join.session, found, round_id=join.round_id, programme=programme, kind=join.kept.kind)
    await conn.execute(SQL.forget, join.round_id)
    if row["solving"] == "preview":
        await places.foresee(conn, kept, programme)
    else:
        try:
            await publication.publish(conn, join.round_id)
        except ProgrammeNotPublished:
            return  # closed meanwhile: the preview stands, and nobody is told
