"""Invite natural teachers to show what they teach; they say whether they do."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from services.directory.domain.showcase import FEW, MANY, TAUGHT, WITHIN_DAYS, NotOffered
from shared import sql
from shared.db import Connection

SQL = sql.load("services.directory", "showcase")


async def invite_teachers(conn: Connection) -> int:
    """Invite whom peers endorse; returns how many. An invitation is seen by whom it is for, and by nobody else."""
    since = datetime.now(UTC).date() - timedelta(days=WITHIN_DAYS)
    done = await conn.execute(SQL.invite, since, FEW, MANY, TAUGHT)
    return int(done.rsplit(" ", 1)[-1])


async def show_skill(conn: Connection, person_id: UUID, skill_id: str, *, shown: bool) -> None:
    """Be found as somebody who teaches it, or not; declined once, nobody is invited again. Raises NotOffered."""
    if shown and not await conn.fetchval(SQL.may_show, person_id, skill_id, [{"skill_id": skill_id}]):
        raise NotOffered("Offer to teach it first: `offers` in your profile.")
    await conn.execute(SQL.set_state, person_id, skill_id, "shown" if shown else "declined")
