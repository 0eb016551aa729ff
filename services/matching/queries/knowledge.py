"""What is at risk of leaving with somebody."""

from datetime import date
from typing import Any

from shared import sql
from shared.db import Connection

SQL = sql.load("services.matching", "knowledge")


async def list_risks(conn: Connection, after: tuple[date, str] | None, limit: int) -> list[dict[str, Any]]:
    """Up to `limit` open risks after a day and a skill, the nearest day first."""
    day, skill = after or (None, None)
    return [dict(row) for row in await conn.fetch(SQL.list_risks, day, skill, limit)]
