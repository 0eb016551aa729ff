"""Rounds and whom they left out."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from services.matching.domain.format import UnknownPerson, UnknownRound
from services.matching.engine.explain import ABOUT_SKILLS, change, left_out, not_asked
from services.matching.queries.matches import skill_labels
from shared import sql
from shared.db import Connection, Record

SQL = sql.load("services.matching", "rounds")
FEWEST = 5
"""How many fewer candidates than these there are is not told: each could be known by name."""


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
    told = "published" if row["published"] else "publishing" if row["publishing"] else None
    state = told or ("discarded" if row["discarded_at"] else waiting)
    others = (row["setting"] or {}).get("others", {})
    spared = [{"code": code, "people": people, "text": not_asked(code)} for code, people in sorted(others.items())]
    return {**row, "state": state, "report": {**row["report"], "not_asked": spared}}


async def list_unmatched(conn: Connection, round_id: UUID, after: UUID | None, limit: int) -> list[dict[str, object]]:
    """Whom a round left out, with reasons in words. Raises UnknownRound."""
    await get_round(conn, round_id)
    return await _left(conn, await conn.fetch(SQL.list_unmatched, round_id, after, limit))


async def list_unmatched_of(conn: Connection, person_id: UUID, after: UUID | None, limit: int) -> list[dict[str, Any]]:
    """Published rounds and changes before `after` that left somebody out, newest first. Raises UnknownPerson."""
    if not await conn.fetchval(SQL.is_known, person_id):
        raise UnknownPerson("There is no such person.")
    rows = await conn.fetch(SQL.unmatched_of, person_id, after, limit)
    names = ("round_id", "programme_id", "created_at", "told")
    told = await _left(conn, rows)
    return [{**one, **{name: row[name] for name in names}} for one, row in zip(told, rows, strict=True)]


async def _left(conn: Connection, rows: Sequence[Record]) -> list[dict[str, Any]]:
    changes = [row["would_help"] or row["change"] for row in rows]
    about = (each["detail"] for each in changes if each and each["code"] in ABOUT_SKILLS)
    labels = await skill_labels(conn, about)
    return [
        {
            "person_id": row["person_id"],
            "reason": row["reason"],
            "text": left_out(row["reason"]),
            "left": list(map(_few, row["remaining"])),
            "opens": list(map(_few, row["opens"])),
            "change": _change(each, labels),
        }
        for row, each in zip(rows, changes, strict=True)
    ]


def _change(stored: dict[str, Any] | None, labels: Mapping[str, str]) -> dict[str, Any] | None:
    if stored is None:
        return None
    detail = labels.get(stored["detail"]) if stored["code"] in ABOUT_SKILLS else stored["detail"]
    return {**_few(stored), "text": change(stored["code"], detail, stored.get("also", ()))}


def _few(count: Mapping[str, Any]) -> dict[str, Any]:
    few = 0 < count["people"] < FEWEST
    return {**count, "people": FEWEST - 1, "fewer_than": FEWEST} if few else dict(count)
