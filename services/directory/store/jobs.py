"""What jobs ask for, in the database."""

from collections.abc import Mapping

from shared import sql
from shared.db import Connection, Record

SQL = sql.load("services.directory", "jobs")


async def lock(conn: Connection, job_code: str) -> Record | None:
    """One job profile."""
    return await conn.fetchrow(SQL.lock_job, job_code)


async def save(conn: Connection, job_code: str, title: str, targets: Mapping[str, int]) -> None:
    """Write a job profile; its version counts up."""
    aims = [{"skill_id": skill_id, "level": level} for skill_id, level in sorted(targets.items())]
    await conn.fetchrow(SQL.save_job, job_code, title, aims)


async def delete(conn: Connection, job_code: str) -> None:
    """Delete a job profile."""
    await conn.execute(SQL.delete_job, job_code)
