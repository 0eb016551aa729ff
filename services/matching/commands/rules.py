"""A programme's rules: changed into a new version, tried on a round that has been, and what a round made of them."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from typing import Any, BinaryIO
from uuid import UUID

from services.matching.commands import solver
from services.matching.domain.format import (
    RoundNotKept,
    RoundOfAnotherEngine,
    RoundSolving,
    UnknownRound,
    kind_of,
)
from services.matching.domain.rules import check
from services.matching.engine import tasks
from services.matching.engine.people import Problem
from services.matching.engine.round import VERSION
from services.matching.engine.rules import FUNCTIONS, Rules
from services.matching.queries import rounds as queries
from services.matching.queries import rules as versions
from services.matching.store import inputs, programmes
from services.matching.store.inputs import Kept
from services.matching.store.programmes import Programme
from shared import sql
from shared.db import Connection
from shared.refusal import match_version

SQL = sql.load("services.matching", "rules")
ROUNDS = sql.load("services.matching", "rounds")


async def change_rules(
    conn: Connection, programme_id: UUID, changes: Mapping[str, Any], expected: int | None, changed_by: str
) -> dict[str, Any]:
    """A new version of a programme's rules; the same rules make none. It takes effect with the next round.

    Returns the version. Raises UnknownProgramme, FormatNotMatched, WrongRules, PreconditionRequired or
    PreconditionFailed.
    """
    await conn.execute(SQL.lock_rules, programme_id)
    programme = await programmes.get(conn, programme_id)
    match_version(programme.rules_version, expected)
    rules = _changed(programme, changes)
    if rules.stored() != programme.rules.stored():
        version = programme.rules_version + 1
        await conn.execute(SQL.insert_rules, programme_id, version, rules.kept(), changed_by, rules.one_site)
    return await versions.get_rules(conn, programme_id)


async def simulate(
    conn: Connection, programme_id: UUID, changes: Mapping[str, Any], round_id: UUID | None
) -> dict[str, Any]:
    """What changed rules would have made of a round, the last one unless said; nothing is kept and nobody told.

    Raises UnknownProgramme, UnknownRound, FormatNotMatched, WrongRules, RoundSolving, RoundNotKept, RoundTooLong or
    RoundTooLarge.
    """
    programme = await programmes.get(conn, programme_id)
    rules = _changed(programme, changes)
    if round_id is None:
        round_id = await conn.fetchval(ROUNDS.last_round, programme_id)
        if round_id is None:
            raise RoundNotKept("There is no round of this programme to try the rules on: run a dry run first.")
    before = await queries.get_round(conn, round_id)
    if before["programme_id"] != programme_id:
        raise UnknownRound("There is no such round of this programme.")
    kept = await _whole(conn, before)
    head = replace(kept.head, rules=rules)
    was = {row["person_id"] for row in await conn.fetch(ROUNDS.unmatched_people, round_id)}
    there = {frozenset(row["people"]) for row in await conn.fetch(ROUNDS.members_of_round, round_id)}
    now: set[UUID] = set()
    same = 0
    async with _again(conn, round_id, head) as session:
        found = await session.ask(partial(tasks.run, kept.kind), head)
        async for page in session.pages():
            now.update(left.person for left in page.unmatched)
            same += sum(
                frozenset(one for one, _ in match.members) in there for legs in page.exchanges for match in legs
            )
    return {
        "round_id": round_id,
        "before": before,
        "after": {
            "asked": found.asked,
            "matched": found.asked - len(now),
            "unmatched": len(now),
            "unmatched_by_reason": found.reasons,
            "matches": found.matches,
            "value": found.value,
            "bound": found.bound,
            "gap": found.gap,
            "figures": found.figures,
            "report": {"unmatched": queries.reasons_told(found.reasons)},
        },
        "newly_matched": len(was - now),
        "no_longer_matched": len(now - was),
        "same_matches": same,
    }


async def replay(conn: Connection, round_id: UUID, out: BinaryIO | None = None) -> dict[str, Any]:
    """Compute a round again from what it kept: whether the same bytes came in and out; `out` gets what came out.

    Raises UnknownRound, RoundSolving, RoundOfAnotherEngine, RoundNotKept, SolverBusy, RoundTooLong or RoundTooLarge.
    """
    row = await queries.get_round(conn, round_id)
    kept = await _whole(conn, row)
    async with _again(conn, round_id, kept.head) as session:
        digest, output = await session.ask(partial(tasks.again, kept.kind), kept.head)
        if out is not None:
            async for some in session.pages():
                out.writelines(some)
    return {
        "round_id": round_id,
        "input_digest": digest,
        "output_digest": output,
        "same_input": digest == row["input_digest"],
        "same_output": output == row["output_digest"],
    }


@asynccontextmanager
async def _again(conn: Connection, round_id: UUID, head: Problem) -> AsyncIterator[solver.Session]:
    """A process that has the people of a round. Raises SolverBusy."""
    with solver.place():
        async with solver.Session(head.rules) as session:
            async for some in inputs.people(conn, round_id):
                await session.add(some)
            yield session


async def _whole(conn: Connection, row: Mapping[str, Any]) -> Kept:
    if row["solving"]:
        raise RoundSolving(f"The round is {row['state']}: nothing has come of it yet.", state=row["state"])
    if row["engine"] != VERSION:
        raise RoundOfAnotherEngine(
            f"Version {row['engine']} of the engine computed the round; this is version {VERSION}.",
            engine=row["engine"],
            current=VERSION,
        )
    kept = await inputs.kept(conn, row["round_id"])
    if kept is None:
        raise RoundNotKept("What the round was computed from is not kept any more.")
    if await conn.fetchval(ROUNDS.count_round_people, row["round_id"]) != kept.people:
        raise RoundNotKept("People of this round have been erased since: it cannot be computed again as it was.")
    return kept


def _changed(programme: Programme, changes: Mapping[str, Any]) -> Rules:
    """The programme's rules with these changes, checked."""
    stored = programme.rules.stored()
    weights = {**stored["weights"], **changes.get("weights", {})}
    rules = Rules.parse({**stored, **changes, "weights": weights})
    kind, functions = kind_of(programme.format), FUNCTIONS.get(programme.format, 1)
    check(kind, programme.size_max, functions, rules.stored(), stored)
    return rules
