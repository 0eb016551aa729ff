"""Knowledge at risk: what few know and somebody leaves with is shadowed by a learner, or captured, before the day."""

import asyncio
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal
from uuid import UUID

from services.matching.commands.problems import asking, problem_for
from services.matching.domain.match import Match, tell
from services.matching.engine import pairs
from services.matching.store import left_alone, matches, programmes
from shared import outbox, sql
from shared.db import Connection, Record
from shared.events.matching import KnowledgeAtRisk, KnowledgeSettled

SQL = sql.load("services.matching", "knowledge")
ROUNDS = sql.load("services.matching", "rounds")
FEW = 2
"""Active holders up to whom a skill is at risk when one of them leaves."""
AHEAD = timedelta(days=180)
AT_ONCE = 20
SHADOWING = "job_shadowing"


async def find_risks(conn: Connection) -> int:
    """See what is at risk now, and propose something about what is new, has changed, or lost its shadowing.

    Returns how many were looked at. What is told is what is new; a risk that is over is told to be settled.
    """
    await conn.execute(ROUNDS.deciding)
    today = datetime.now(UTC).date()
    rows = await conn.fetch(SQL.at_risk, today, today + AHEAD, FEW)
    skills = [row["skill_id"] for row in rows]
    settled = [row["skill_id"] for row in await conn.fetch(SQL.settle, skills)]
    await outbox.append_all(conn, [(KnowledgeSettled(skill_id=skill), None) for skill in sorted(settled)])
    await conn.execute(SQL.upsert, skills, [row["holders"] for row in rows], [row["due_on"] for row in rows])
    open_ = await conn.fetch(SQL.to_look_at, AT_ONCE)
    for row in open_:
        await _look_at(conn, row, today)
    return len(open_)


async def _look_at(conn: Connection, row: Record, today: date) -> None:
    skill_id, due_on, standing = row["skill_id"], row["due_on"], row["standing"]
    match = None if standing else await _shadowing(conn, skill_id, today, due_on)
    if standing and await conn.fetchval(SQL.hurry, standing, datetime.combine(due_on, time(), UTC)):
        (match,) = await matches.lock(conn, [standing])
    proposed = standing or (match and match.match_id)
    proposal: Literal["shadowing", "capture"] = "shadowing" if proposed else "capture"
    risk = KnowledgeAtRisk(skill_id=skill_id, holders=row["holders"], due_on=due_on, proposal=proposal)
    told = risk.model_dump(mode="json") | {"match_id": str(proposed) if proposed else None}
    await conn.execute(SQL.propose, skill_id, proposal, proposed, told)
    await outbox.append_all(
        conn, [(event, None) for event in ((tell(match),) if match else ()) + ((risk,) if told != row["told"] else ())]
    )


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
    problem = await asking(conn, about, "pair", problem, known)
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
    (match,) = matches.proposals("pair", [[best]], programme, None, expires_at)
    await matches.insert(conn, [match])
    await left_alone.forget(conn, programme_id, [one.person_id for one in match.members if one.role == "learner"])
    return match
