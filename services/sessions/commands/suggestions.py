"""Suggest something about a programme or an item, and answer it."""

from uuid import UUID, uuid4

from services.sessions.commands.founding import Caller
from services.sessions.commands.knowledge import lock as lock_item
from services.sessions.domain.programme import UnknownProgramme
from services.sessions.domain.suggestions import Answer, UnknownSuggestion, check_move
from shared import sql
from shared.db import Connection

SQL = sql.load("services.sessions", "suggestions")


async def suggest(
    conn: Connection, by: UUID, text: str, *, programme_id: UUID | None, item_id: UUID | None, named: bool
) -> None:
    """Keep it, under their name or without one. Raises UnknownProgramme, UnknownItem."""
    if programme_id is not None and not await conn.fetchval(SQL.may_suggest, programme_id, by):
        raise UnknownProgramme("There is no such programme, or it is not for you.")
    if item_id is not None:
        item = await lock_item(conn, item_id, Caller(by, oversees=False))
        programme_id = programme_id or item.programme_id
    await conn.execute(SQL.insert, uuid4(), programme_id, item_id, by if named else None, text)


async def answer(conn: Connection, suggestion_id: UUID, state: Answer, reply: str) -> None:
    """What becomes of it, and why; its author is told. Raises UnknownSuggestion, SuggestionSettled."""
    row = await conn.fetchrow(SQL.lock, suggestion_id)
    if row is None:
        raise UnknownSuggestion("There is no such suggestion.")
    check_move(row["state"], state)
    await conn.execute(SQL.answer, suggestion_id, state, reply)
