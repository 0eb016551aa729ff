"""A round: everybody of a programme matched at once, and whoever is left out told why.

Nobody waits for a round to be solved: only its publication is a decision, and looks again at whom it matched.
"""

import asyncio
import secrets
from collections.abc import Collection, Mapping, Sequence
from functools import partial
from typing import Any
from uuid import UUID

from services.matching.commands import places, publication, shards, solver
from services.matching.commands.keeping import keep
from services.matching.commands.problems import head as problem_head
from services.matching.commands.problems import published
from services.matching.commands.reading import Reading
from services.matching.domain.format import RoundDiscarded, RoundRunning, UnknownRound, kind_of
from services.matching.engine import round as engine
from services.matching.engine import tasks
from services.matching.queries import rounds as queries
from services.matching.store import inputs, rounds
from shared import sql
from shared.courier import Outcome
from shared.db import Connection, Record
from shared.refusal import Refused

SQL = sql.load("services.matching", "rounds")
AT_ONCE = 5000
"""People there are at most where a round is solved while its caller waits."""
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

    `only` asks some of them again, `left_out_of` those an earlier round left out. Where there are very many people the
    round is `solving` until workers have read and solved it. Returns the round. Raises UnknownProgramme, UnknownRound,
    ProgrammeNotPublished, FormatNotMatched, RoundRunning, SolverBusy, RoundTooLong or RoundTooLarge.
    """
    await _turn(conn, programme_id)
    programme = await published(conn, programme_id)
    if left_out_of is not None and (await queries.get_round(conn, left_out_of))["programme_id"] != programme_id:
        raise UnknownRound("There is no such round of this programme.")
    row = await rounds.open_(
        conn,
        programme,
        kind_of(programme.format),
        secrets.randbits(48) if seed is None else seed,
        {"people": None if only is None else sorted(map(str, only)), "left_out_of": left_out_of},
        dry_run=dry_run,
    )
    if await conn.fetchval(SQL.count_people, AT_ONCE + 1) > AT_ONCE:
        return await queries.shown(conn, row)
    with solver.place():
        return await _solve(conn, row)


async def claim(conn: Connection) -> list[Record]:
    """A round that is asked for and that nobody is at."""
    return list(await conn.fetch(SQL.claim_asked, shards.TRIES))


async def settle(conn: Connection, claimed: Sequence[tuple[Record, Outcome]]) -> None:
    """Read and solve these rounds; one that cannot be ends with the reason."""
    for row, _ in claimed:
        if not await conn.fetchval(SQL.at_work, row["round_id"]):
            continue
        try:
            async with conn.transaction():
                await _solve(conn, row)
        except Refused as refused:
            await conn.execute(shards.SQL.fail, row["round_id"], refused.detail)


async def _solve(conn: Connection, row: Record) -> dict[str, Any]:
    """The round as a preview, published, or solved in parts; what it was made from is let go of."""
    programme = await published(conn, row["programme_id"])
    kind, round_id = kind_of(programme.format), row["round_id"]
    head = problem_head(programme, row["seed"])
    await conn.execute(SQL.plan_anew)
    reading = Reading(conn, programme, kind, await _among(conn, row["asks"]))
    async with solver.Session(programme.rules) as session:
        async for some in reading.everybody():
            await inputs.insert(conn, round_id, some)
            await session.add(some)
        await conn.execute(SQL.plan_once)
        setting = inputs.setting(head, reading.people) | {"others": +reading.others}
        cut = engine.is_cut(kind, programme.rules, reading.people)
        found = await session.ask(partial(tasks.cut if cut else tasks.run, kind), head)
        before = await conn.fetchrow(SQL.lock_round, round_id)
        if before is None or before["discarded_at"]:
            raise RoundDiscarded("The round has been discarded.", state="discarded")
        now = await rounds.read(
            conn, round_id, programme, found.digest, setting, asked=reading.asked, severed=cut and found.severed
        )
        if cut:
            await shards.offer(conn, round_id, found)
            return await queries.shown(conn, now)
        kept = await keep(conn, session, found, round_id=round_id, programme=programme, kind=kind)
    if row["solving"] == "preview":
        return await queries.shown(conn, await places.foresee(conn, kept, programme))
    return await publication.publish(conn, round_id)


async def _among(conn: Connection, asks: Mapping[str, Any]) -> frozenset[UUID] | None:
    """Who of everybody is asked; None is whoever the programme is for."""
    only = None if asks["people"] is None else frozenset(map(UUID, asks["people"]))
    if asks["left_out_of"] is None:
        return only
    again = {row["person_id"] for row in await conn.fetch(SQL.unmatched_people, asks["left_out_of"])}
    return frozenset(again if only is None else again & only)


async def _turn(conn: Connection, programme_id: UUID) -> None:
    """Wait for the programme's other round, but not for a long one."""
    until = asyncio.get_running_loop().time() + PATIENCE
    while not await conn.fetchval(SQL.one_round, programme_id) or await conn.fetchval(SQL.is_asked, programme_id):
        if asyncio.get_running_loop().time() > until:
            raise RoundRunning("Another round of the programme is being solved: run this one when it is done.")
        await asyncio.sleep(LOOK)
