"""Who is asked what, when: planned ahead, sent one a week, counted without names."""

from uuid import UUID

from services.sessions.domain.follow_up import TEACHING
from services.sessions.store import formats
from shared import outbox, sql
from shared.db import Connection
from shared.events.follow_up import ResponsesCounted

SQL = sql.load("services.sessions", "follow_up")
FACILITATION = sql.load("services.sessions", "facilitation")
AT_ONCE = 1000
MARK = "plan-prompts"


async def plan_prompts(conn: Connection) -> int:
    """Plan what is to be asked about sessions held since the last time, and by open surveys.

    The mark moves with the plan, so that an outage is caught up from where it began; what would come too late is not
    planned at all.
    """
    mark = await conn.fetchrow(SQL.mark, MARK)
    assert mark is not None
    since = mark["since"]
    silent = [name for name, shape in (await formats.known(conn)).items() if shape.feedback_form == "none"]
    planned = [await conn.execute(SQL.plan_feedback, since, silent), await conn.execute(SQL.plan_check_ins, since)]
    planned.append(await conn.execute(SQL.plan_surveys, TEACHING))
    planned.append(await conn.execute(FACILITATION.plan, since))
    await conn.execute(SQL.move_mark, MARK, mark["until"])
    return sum(map(_count, planned))


async def send_prompts(conn: Connection) -> int:
    """Queue one question a week at most for each person: the one that expires first."""
    return _count(await conn.execute(SQL.send_prompts, AT_ONCE))


async def count_responses(conn: Connection) -> int:
    """Tell how many of those who were asked have answered, in steps of five."""
    rows = await conn.fetch(SQL.count_responses)
    await outbox.append_all(conn, [(ResponsesCounted(**dict(row)), None) for row in rows])
    return len(rows)


async def prune_prompts(conn: Connection) -> int:
    """What was asked a year ago."""
    return _count(await conn.execute(SQL.prune_prompts))


async def mark_answered(conn: Connection, person_id: UUID, kind: str, subject_id: UUID) -> None:
    """They need not be asked any more."""
    await conn.execute(SQL.answer_prompt, person_id, kind, subject_id)


def _count(status: str) -> int:
    return int(status.rsplit(" ", 1)[-1])
