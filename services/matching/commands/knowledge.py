"""Knowledge at risk: what few know and somebody leaves with is shadowed by a learner, or captured, before the day."""

import asyncio
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

from services.matching.commands.problems import asking, problem_for
from services.matching.domain.match import Match, tell
from services.matching.engine import pairs
from services.matching.store import matches, programmes
from shared import outbox, sql
from shared.db import Connection
from shared.events.matching import KnowledgeAtRisk

SQL = sql.load("services.matching", "knowledge")
ROUNDS = sql.load("services.matching", "rounds")
FEW = 2
"""Active holders up to whom a skill is at risk when one of them leaves."""
AHEAD = timedelta(days=180)
AT_ONCE = 20
SHADOWING = "job_shadowing"


async def find_risks(conn: Connection) -> int:
    """See what is at risk now, and propose something about what nothing stands for; returns how many proposals."""
    await conn.execute(ROUNDS.deciding)
    today = datetime.now(UTC).date()
    rows = await conn.fetch(SQL.at_risk, today, today + AHEAD, FEW)
    skills = [row["skill_id"] for row in rows]
    await conn.execute(SQL.settle, skills)
    await conn.execute(SQL.upsert, skills, [row["holders"] for row in rows], [row["due_on"] for row in rows])
    open_ = await conn.fetch(SQL.unanswered, AT_ONCE)
    for row in open_:
        match = await _shadowing(conn, row["skill_id"], today, row["due_on"])
        proposal = "shadowing" if match else "capture"
        await conn.execute(SQL.propose, row["skill_id"], proposal, match.match_id if match else None)
        risk = KnowledgeAtRisk(
            skill_id=row["skill_id"], holders=row["holders"], due_on=row["due_on"], proposal=proposal
        )
        await outbox.append_all(conn, [(event, None) for event in ((tell(match), risk) if match else (risk,))])
    return len(open_)


async def _shadowing(conn: Connection, skill_id: str, today: date, due_on: date) -> Match | None:
    """Who shall shadow whoever leaves, in a published programme of shadowing; None where nobody can."""
    leavers = [row["person_id"] for row in await conn.fetch(SQL.leavers, skill_id, today, today + AHEAD)]
    wanting = [row["person_id"] for row in await conn.fetch(SQL.wanting, skill_id)]
    if not wanting:
        return None
    for row in await conn.fetch(ROUNDS.published_programmes, SHADOWING):
        match = await _in_programme(conn, row["programme_id"], skill_id, leavers, wanting, today, due_on)
        if match:
            return match
    return None


async def _in_programme(
    conn: Connection,
    programme_id: UUID,
    skill_id: str,
    leavers: list[UUID],
    wanting: list[UUID],
    today: date,
    due_on: date,
) -> Match | None:
    programme = await programmes.get(conn, programme_id)
    if programme.skills and skill_id not in programme.skills:
        return None
    only = sorted({*leavers, *wanting})
    problem, known = await problem_for(conn, programme, today, today.toordinal(), only=only)
    problem = replace(problem, skills=frozenset({skill_id}))
    about = replace(programme, skills=problem.skills)
    problem = await asking(conn, about, "pair", problem, known, only)
    teachers = tuple(one if one.id in leavers else one._replace(offers=()) for one in problem.people)
    outcome = await asyncio.to_thread(
        pairs.solve, replace(problem, people=teachers, rules=replace(problem.rules, exchange=False))
    )
    if not outcome.matches:
        return None
    best = max(outcome.matches, key=lambda one: one.score)
    until = datetime.combine(due_on, time(), UTC)
    expires_at = max(
        datetime.now(UTC) + timedelta(days=1),
        min(until, datetime.now(UTC) + timedelta(days=programme.rules.expires_days)),
    )
    match = matches.propose("pair", best, programme_id, None, expires_at)
    await matches.insert(conn, [match])
    return match
