"""Suggestions as their readers may see them."""

from dataclasses import dataclass
from uuid import UUID

from services.sessions.domain.suggestions import SuggestionState
from shared import sql
from shared.db import Connection, Record

SQL = sql.load("services.sessions", "suggestions")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is looked for; None and False do not narrow."""

    programme_id: UUID | None = None
    item_id: UUID | None = None
    state: SuggestionState | None = None
    mine: bool = False


async def get_suggestion(conn: Connection, suggestion_id: UUID, reader: UUID | None) -> Record | None:
    """One, as whoever oversees programmes sees it."""
    return await conn.fetchrow(SQL.list, suggestion_id, reader, True, None, None, None, False, None, 1)


async def list_suggestions(
    conn: Connection, wanted: Wanted, reader: UUID | None, *, oversees: bool, after: UUID | None, limit: int
) -> list[Record]:
    """In order of id, which says nothing, one more than `limit`."""
    narrowed = (wanted.programme_id, wanted.item_id, wanted.state, wanted.mine)
    return await conn.fetch(SQL.list, None, reader, oversees, *narrowed, after, limit + 1)
