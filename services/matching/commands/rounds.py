"""A round: everybody of a programme matched at once, and whoever is left out told why."""

import secrets
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

from uuid_utils.compat import uuid7

from services.matching.commands import solver
from services.matching.commands.problems import asking, problem_for
from services.matching.domain.format import ProgrammeNotPublished, kind_of
from services.matching.domain.match import tell
from services.matching.engine.people import Outcome, Problem
from services.matching.store import matches, programmes, rounds
from services.matching.store.programmes import Programme
from shared import outbox, sql
from shared.db import Connection, Record
from shared.events.base import Event
from shared.events.matching import MatchKind, PersonLeftUnmatched, RoundCompleted

SQL = sql.load("services.matching", "rounds")


async def run_round(
    conn: Connection, programme_id: UUID, seed: int | None = None, *, dry_run: bool = False
) -> dict[str, object]:
    """Match the people of a published programme; a dry run proposes nothing and keeps only what came of it.

    Returns the round. Raises UnknownProgramme, ProgrammeNotPublished, FormatNotMatched, RoundTooLong or
    RoundTooLarge.
    """
    await conn.execute(SQL.deciding)
    programme = await programmes.get(conn, programme_id)
    kind = kind_of(programme.format)
    if not programme.published:
        raise ProgrammeNotPublished("Publish the programme first: only published ones are matched.")
    seed = secrets.randbits(48) if seed is None else seed
    problem = await _problem(conn, programme, kind, seed)
    digest, outcome = await solver.solve(kind, problem)
    round_id = uuid7()
    row = await rounds.insert(
        conn,
        outcome,
        round_id=round_id,
        programme_id=programme_id,
        kind=kind,
        published=not dry_run,
        seed=seed,
        rules_version=programme.rules_version,
        digest=digest,
        asked=len(problem.asked),
    )
    if not dry_run:
        expires_at = datetime.now(UTC) + timedelta(days=programme.rules.expires_days)
        formed = [matches.propose(kind, match, programme_id, round_id, expires_at) for match in outcome.matches]
        await matches.insert(conn, formed)
        told: list[Event] = [tell(match) for match in formed]
        told += _round_events(row, outcome)
        await outbox.append_all(conn, [(event, None) for event in told])
    return dict(row)


async def _problem(conn: Connection, programme: Programme, kind: MatchKind, seed: int) -> Problem:
    today = datetime.now(UTC).date()
    problem, known = await problem_for(conn, programme, today, seed)
    if kind != "buddy":
        return await asking(conn, programme, kind, problem, known)
    found = await rounds.newcomers(conn, today, programme_id=programme.programme_id)
    return replace(problem, asked=frozenset(person for person, _ in found))


def _round_events(row: Record, outcome: Outcome) -> list[Event]:
    common = {"round_id": row["round_id"], "programme_id": row["programme_id"]}
    left: list[Event] = [
        PersonLeftUnmatched(**common, person_id=left.person, reason=left.reason) for left in outcome.unmatched
    ]
    whole = RoundCompleted(
        **common,
        **{name: row[name] for name in ("kind", "asked", "matched", "unmatched", "seed", "rules_version")},
        input_digest=row["input_digest"],
    )
    return [*left, whole]
