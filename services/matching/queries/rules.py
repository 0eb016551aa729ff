"""Versions of a programme's rules."""

from typing import Any
from uuid import UUID

from services.matching.domain.format import UnknownProgramme
from services.matching.engine.rules import ONE_SITE, Rules
from shared import sql
from shared.db import Connection, Record

SQL = sql.load("services.matching", "rules")


async def get_rules(conn: Connection, programme_id: UUID) -> dict[str, Any]:
    """The rules the next round goes by. Raises UnknownProgramme."""
    row = await conn.fetchrow(SQL.current_rules, programme_id)
    if row is None:
        raise UnknownProgramme("There is no such programme here.")
    return shown(row)


async def list_versions(conn: Connection, programme_id: UUID, after: int | None, limit: int) -> list[dict[str, Any]]:
    """Up to `limit` versions before `after`, newest first. Raises UnknownProgramme."""
    await get_rules(conn, programme_id)
    return [shown(row) for row in await conn.fetch(SQL.versions, programme_id, after, limit)]


def shown(row: Record) -> dict[str, Any]:
    """A version whole: what its row does not say has its default, and its format its due."""
    format_ = row["format"]
    told = {name: value for name, value in row.items() if name not in {"format", ONE_SITE}}
    return {**told, "rules": Rules.parse(row["rules"] | {ONE_SITE: row[ONE_SITE]}).of_format(format_).stored()}
