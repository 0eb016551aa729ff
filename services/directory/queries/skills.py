"""Skills as they are searched."""

from typing import Any

from shared import sql
from shared.db import Connection, Record

SQL = sql.load("services.directory", "skills")


async def search_skills(conn: Connection, words: str, after: tuple[Any, ...] | None, limit: int) -> list[Record]:
    """Skills whose label holds the words, those that begin with them first; one more than `limit` if there are more."""
    rank, label, skill_id = after or (None, None, None)
    return list(await conn.fetch(SQL.search_skills, words.lower(), rank, label, skill_id, limit + 1))
