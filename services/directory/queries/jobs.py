"""Job profiles as they are read."""

from shared import sql
from shared.db import Connection, Record

SQL = sql.load("services.directory", "jobs")


async def get_job(conn: Connection, job_code: str) -> Record | None:
    """One job profile."""
    return await conn.fetchrow(SQL.get_job, job_code)


async def list_jobs(conn: Connection, after: str | None, limit: int) -> list[Record]:
    """Job profiles by code; one more than `limit` where there are more."""
    return list(await conn.fetch(SQL.list_jobs, after, limit + 1))
