"""Imports of a taxonomy in the database: every line waits there until it is taken in."""

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from services.directory.domain.taxonomy import Entry
from services.directory.domain.taxonomy_files import Line
from shared import sql
from shared.db import Connection

SQL = sql.load("services.directory", "skill_imports")
LINES_AT_ONCE = 2000


class Import(NamedTuple):
    """An import that is not done."""

    import_id: UUID
    format: str
    language: str


async def insert(conn: Connection, import_id: UUID, form: str, language: str, lines: Sequence[Line]) -> None:
    """Keep an import with all its lines; those that say nothing are refused at once."""
    await conn.execute(SQL.insert_import, import_id, form, language, len(lines))
    rows = [
        (
            line.number,
            line.entry and line.entry.model_dump(mode="json", exclude_none=True),
            None if line.entry else "refused",
            line.detail,
        )
        for line in lines
    ]
    for start in range(0, len(rows), LINES_AT_ONCE):
        columns = zip(*rows[start : start + LINES_AT_ONCE], strict=True)
        await conn.execute(SQL.insert_lines, import_id, *columns)


async def lock_open(conn: Connection) -> Import | None:
    """The oldest import that is not done."""
    row = await conn.fetchrow(SQL.lock_open_import)
    return Import(**row) if row else None


async def waiting(conn: Connection, import_id: UUID, limit: int) -> list[tuple[int, Entry]]:
    """The next lines of an import, with their numbers."""
    rows = await conn.fetch(SQL.waiting_lines, import_id, limit)
    return [(row["line"], Entry.model_validate(row["entry"])) for row in rows]


async def answer(conn: Connection, import_id: UUID, answers: Sequence[tuple[int, str, str | None]]) -> None:
    """Note of lines what came of them."""
    await conn.execute(SQL.answer_lines, import_id, *zip(*answers, strict=True))


async def finish(conn: Connection, import_id: UUID) -> None:
    """Note that every line has its answer."""
    await conn.execute(SQL.finish_import, import_id)


async def prune(conn: Connection) -> None:
    """Forget imports of long ago."""
    await conn.execute(SQL.prune_imports)
