"""Rounds and whom they left out."""

from typing import Any
from uuid import UUID

from services.matching.domain.format import UnknownPerson, UnknownRound
from services.matching.engine.explain import change, left_out
from shared import sql
from shared.db import Connection, Record

SQL = sql.load("services.matching", "rounds")


async def get_round(conn: Connection, round_id: UUID) -> dict[str, Any]:
    """One round. Raises UnknownRound."""
    row = await conn.fetchrow(SQL.get_round, round_id)
    if row is None:
        raise UnknownRound("There is no such round.")
    return shown(row)


async def list_rounds(
    conn: Connection, programme_id: UUID | None, after: UUID | None, limit: int
) -> list[dict[str, Any]]:
    """Up to `limit` rounds before `after`, newest first."""
    return [shown(row) for row in await conn.fetch(SQL.list_rounds, programme_id, after, limit)]


def shown(row: Record) -> dict[str, Any]:
    """A round with where it stands."""
    waiting = {"preview": "solving", "publish": "solving", "failed": "failed", None: "preview"}[row["solving"]]
    state = "published" if row["published"] else "discarded" if row["discarded_at"] else waiting
    return {**row, "state": state}


async def list_unmatched(conn: Connection, round_id: UUID, after: UUID | None, limit: int) -> list[dict[str, object]]:
    """Whom a round left out, with reasons in words. Raises UnknownRound."""
    await get_round(conn, round_id)
    return [_left(row) for row in await conn.fetch(SQL.list_unmatched, round_id, after, limit)]


async def list_unmatched_of(conn: Connection, person_id: UUID, after: UUID | None, limit: int) -> list[dict[str, Any]]:
    """Published rounds before `after` that left somebody out, newest first, with reasons. Raises UnknownPerson."""
    if not await conn.fetchval(SQL.is_known, person_id):
        raise UnknownPerson("There is no such person.")
    rows = await conn.fetch(SQL.unmatched_of, person_id, after, limit)
    names = ("round_id", "programme_id", "created_at")
    return [{**_left(row), **{name: row[name] for name in names}} for row in rows]


def _left(row: Record) -> dict[str, object]:
    return {
        "person_id": row["person_id"],
        "reason": row["reason"],
        "text": left_out(row["reason"]),
        "left": row["remaining"],
        "opens": row["opens"],
        "change": _change(row["change"]),
    }


def _change(stored: dict[str, Any] | None) -> dict[str, Any] | None:
    return stored and {**stored, "text": change(stored["code"], stored["detail"], stored.get("also", ()))}
