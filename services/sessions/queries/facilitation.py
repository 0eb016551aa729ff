"""What somebody may know of how they lead."""

from statistics import fmean
from typing import Any
from uuid import UUID

from services.sessions.domain.facilitation import STATEMENTS, quality
from shared import sql
from shared.db import Connection

SQL = sql.load("services.sessions", "facilitation")


async def get_own(conn: Connection, facilitator_id: UUID) -> dict[str, Any]:
    """Quality by statement over all that was released about somebody; sums would tell what others have."""
    rows = await conn.fetch(SQL.of_one, facilitator_id)
    answers = rows[0]["answers"] if rows else 0
    if not answers:
        return {"answers": 0, "quality": None, "statements": []}
    found = [quality(row["total"], row["answers"], row["mean"]) for row in rows]
    statements = [
        {"code": code, "text": text, "quality": round(value, 2)}
        for (code, text), value in zip(STATEMENTS.items(), found, strict=True)
    ]
    return {"answers": answers, "quality": round(fmean(found), 2), "statements": statements}
