"""The skills taxonomy in the database."""

from collections.abc import Iterable, Sequence

from shared import sql
from shared.db import Connection
from shared.events.directory import SkillChanged

SQL = sql.load("services.directory", "skills")
TAXONOMY = 7_310_002


async def lock(conn: Connection, skill_ids: Iterable[str]) -> dict[str, SkillChanged]:
    """Those of these skills that are known; one transaction at a time may change the taxonomy."""
    await conn.execute(SQL.lock_taxonomy, TAXONOMY)
    rows = await conn.fetch(SQL.known_skills, list(skill_ids))
    return {row["skill_id"]: SkillChanged(**row) for row in rows}


async def save(conn: Connection, skills: Sequence[SkillChanged]) -> None:
    """Write skills in one statement."""
    if skills:
        columns = zip(*((skill.skill_id, skill.version, skill.label) for skill in skills), strict=True)
        await conn.execute(SQL.save_skills, *columns)
