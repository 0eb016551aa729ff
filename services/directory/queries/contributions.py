"""What somebody has given to others' learning."""

from uuid import UUID

from services.directory.domain.badge import Contribution, Skill
from shared import sql
from shared.db import Connection

SQL = sql.load("services.directory", "attendances")
MOST_SKILLS = 20


async def get_contribution(conn: Connection, person_id: UUID) -> Contribution:
    """Sessions attended, what was given in them, and what peers endorse; zeros where there is nothing."""
    counts = await conn.fetchrow(SQL.contributions_of, person_id)
    skills = await conn.fetch(SQL.endorsed_skills, person_id, MOST_SKILLS)
    trainings = await conn.fetch(SQL.completed_trainings, person_id)
    return Contribution(
        **dict(counts or {}),
        skills=[Skill(row["skill_id"], row["label"], row["level"], row["endorsements"]) for row in skills],
        trainings=[row["title"] for row in trainings],
    )
