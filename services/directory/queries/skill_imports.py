"""Imports as they are followed."""

from typing import Any
from uuid import UUID

from shared import sql
from shared.db import Connection, Record

SQL = sql.load("services.directory", "skill_imports")


async def get_import(conn: Connection, import_id: UUID) -> Record | None:
    """One import with the counts of its lines."""
    return await conn.fetchrow(SQL.get_import, import_id)


async def list_imports(conn: Connection, after: tuple[Any, ...] | None, limit: int) -> list[Record]:
    """The newest first; one more than `limit` where there are more."""
    return list(await conn.fetch(SQL.list_imports, *(after or (None, None)), limit + 1))


async def list_lines(conn: Connection, import_id: UUID, after: int, result: str | None, limit: int) -> list[Record]:
    """Lines that have an answer; one more than `limit` where there are more."""
    return list(await conn.fetch(SQL.list_lines, import_id, after, result, limit + 1))
