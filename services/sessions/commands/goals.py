"""Renew a goal that has ended."""

from dataclasses import replace
from datetime import UTC, date, datetime
from uuid import UUID

from services.sessions.commands.programmes import save_changed
from services.sessions.domain.goals import renewed
from services.sessions.domain.programme import Programme, check_changeable
from services.sessions.store import programmes
from shared import sql
from shared.db import Connection
from shared.refusal import match_version

SQL = sql.load("services.sessions", "goals")


async def renew_goal(
    conn: Connection, programme_id: UUID, expected: int | None, measure: str, result: float, target: float, due: date
) -> Programme:
    """What came of it is where the next one begins; what was is kept, and the programme is told anew.

    Raises UnknownProgramme, PreconditionFailed, ProgrammeFixed, UnknownGoal, GoalStillRunning, InvalidRequest.
    """
    programme = await programmes.lock(conn, programme_id)
    match_version(programme.version, expected)
    check_changeable(programme, {"goals"})
    today = datetime.now(UTC).date()
    ended, goals = renewed(programme.goals, measure, result, target, due, today, programme.ends_on)
    await conn.execute(SQL.keep, programme_id, measure, ended.due, ended.baseline, ended.target, result)
    return await save_changed(conn, replace(programme, goals=goals))
