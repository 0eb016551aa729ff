"""Whom a newcomer should meet."""

from typing import Any
from uuid import UUID

from services.matching.engine.explain import reason
from shared import sql
from shared.db import Connection

SQL = sql.load("services.matching", "introductions")


async def list_introductions(conn: Connection, newcomer_id: UUID, seen_by: UUID | None) -> list[dict[str, Any]] | None:
    """A newcomer's introductions, best first; None where `seen_by` is neither they nor their buddy."""
    if seen_by is not None and not await conn.fetchval(SQL.may_see, newcomer_id, seen_by):
        return None
    return [
        {**row, "reasons": [{**term, "text": reason(term["code"])} for term in row["reasons"]]}
        for row in await conn.fetch(SQL.list_introductions, newcomer_id)
    ]
