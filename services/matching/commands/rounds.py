"""A round: everybody of a programme matched at once, and whoever is left out told why."""

import secrets
from collections.abc import Collection
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from uuid_utils.compat import uuid7

from services.matching.commands import shards, solver
from services.matching.commands.problems import asking, problem_for
from services.matching.domain.format import ProgrammeNotPublished, kind_of
from services.matching.domain.match import tell
from services.matching.engine import round as engine
from services.matching.engine.people import Problem
from services.matching.queries import rounds as queries
from services.matching.store import inputs, matches, programmes, rounds
from services.matching.store.programmes import Programme
from shared import outbox, sql
from shared.db import Connection, Record
from shared.events.base import Event
from shared.events.matching import MatchKind, PersonLeftUnmatched, RoundCompleted

SQL = sql.load("services.matching", "rounds")


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
    UnknownProgramme, UnknownRound, ProgrammeNotPublished, FormatNotMatched, RoundTooLong or RoundTooLarge.
    """
    await conn.execute(SQL.deciding)
    programme = await published(conn, programme_id)
    kind = kind_of(programme.format)
    if left_out_of is not None:
        await queries.get_round(conn, left_out_of)
        again = {row["person_id"] for row in await conn.fetch(SQL.unmatched_people, left_out_of)}
        only = again if only is None else again.intersection(only)
    problem = await current(conn, programme, kind, secrets.randbits(48) if seed is None else seed)
    if only is not None:
        problem = replace(problem, asked=problem.asked.intersection(only))
    round_id = uuid7()
    if engine.is_cut(kind, problem):
        return queries.shown(
            await shards.offer(conn, problem, round_id=round_id, programme=programme, kind=kind, dry_run=dry_run)
        )
    run = await solver.solve(kind, problem)
    row = await rounds.insert(conn, run, problem, round_id=round_id, programme=programme, kind=kind, dry_run=dry_run)
    await inputs.insert(conn, round_id, problem)
    expires_at = datetime.now(UTC) + timedelta(days=programme.rules.expires_days)
    formed = [matches.propose(kind, match, programme_id, round_id, expires_at) for match in run.outcome.matches]
    await matches.insert(conn, [match.previewed() for match in formed] if dry_run else formed)
    if not dry_run:
        left = [(one.person, one.reason) for one in run.outcome.unmatched]
        told = [*(tell(match) for match in formed), *round_events(row, left)]
        await outbox.append_all(conn, [(event, None) for event in told])
    return queries.shown(row)


async def published(conn: Connection, programme_id: UUID) -> Programme:
    """A programme whose people may be matched. Raises UnknownProgramme or ProgrammeNotPublished."""
    programme = await programmes.get(conn, programme_id)
    if not programme.published:
        raise ProgrammeNotPublished("Publish the programme first: only published ones are matched.")
    return programme


async def current(conn: Connection, programme: Programme, kind: MatchKind, seed: int) -> Problem:
    """What a round of a programme would be asked now."""
    today = datetime.now(UTC).date()
    problem, known = await problem_for(conn, programme, today, seed)
    if kind != "buddy":
        return await asking(conn, programme, kind, problem, known)
    found = await rounds.newcomers(conn, today, programme_id=programme.programme_id)
    return replace(problem, asked=frozenset(person for person, _ in found))


def round_events(row: Record, unmatched: Collection[tuple[UUID, str]]) -> list[Event]:
    """What a published round tells: each person left out, then the whole."""
    common = {"round_id": row["round_id"], "programme_id": row["programme_id"]}
    left: list[Event] = [PersonLeftUnmatched(**common, person_id=person, reason=reason) for person, reason in unmatched]
    whole = RoundCompleted(
        **common,
        **{name: row[name] for name in ("kind", "asked", "matched", "unmatched", "seed", "rules_version")},
        input_digest=row["input_digest"],
    )
    return [*left, whole]
