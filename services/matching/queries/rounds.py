"""Rounds and whom they left out."""

from collections.abc import Iterable, Mapping, Sequence
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
    return await shown(conn, row)


async def list_rounds(
    conn: Connection, programme_id: UUID | None, after: UUID | None, limit: int
) -> list[dict[str, Any]]:
    """Up to `limit` rounds before `after`, newest first."""
    return await _shown(conn, await conn.fetch(SQL.list_rounds, programme_id, after, limit))


async def shown(conn: Connection, row: Record) -> dict[str, Any]:
    """A round as it is told."""
    return (await _shown(conn, [row]))[0]


async def _shown(conn: Connection, rows: Sequence[Record]) -> list[dict[str, Any]]:
    """Rounds with where they stand, and in words whom they left out and what would help."""
    labels = await skill_labels(conn, _skills(each for row in rows for each in row["report"].get("changes", ())))
    return [{**row, "state": _state(row), "report": {**row["report"], **_words(row, labels)}} for row in rows]


def _state(row: Record) -> str:
    waiting = {"preview": "solving", "publish": "solving", "failed": "failed", None: "preview"}[row["solving"]]
    told = "published" if row["published"] else "publishing" if row["publishing"] else None
    return told or ("discarded" if row["discarded_at"] else waiting)


def _words(row: Record, labels: Mapping[str, str]) -> dict[str, Any]:
    others = sorted((row["setting"] or {}).get("others", {}).items())
    return {
        "changes": [_change(each, labels) for each in row["report"].get("changes", ())],
        "unmatched": reasons_told(row["unmatched_by_reason"]),
        "not_asked": [{"code": code, "people": people, "text": not_asked(code)} for code, people in others],
    }


def reasons_told(people_by_reason: Mapping[str, int]) -> list[dict[str, Any]]:
    """How many were left out for which reason, in words."""
    return [
        {"code": code, "people": people, "text": left_out(code)} for code, people in sorted(people_by_reason.items())
    ]


def _skills(changes: Iterable[dict[str, Any] | None]) -> Iterable[str | None]:
    return (each["detail"] for each in changes if each and each["code"] in ABOUT_SKILLS)


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
    labels = await skill_labels(conn, _skills(changes))
    return [
        {
            "person_id": row["person_id"],
            "reason": row["reason"],
            "text": left_out(row["reason"]),
            "left": list(map(_few, row["remaining"])),
            "opens": list(map(_few, row["opens"])),
            "change": _change(each and _few(each), labels),
        }
        for row, each in zip(rows, changes, strict=True)
    ]


def _change(stored: dict[str, Any] | None, labels: Mapping[str, str]) -> dict[str, Any] | None:
    if stored is None:
        return None
    detail = labels.get(stored["detail"]) if stored["code"] in ABOUT_SKILLS else stored["detail"]
    named = {"skill": detail} if stored["code"] in ABOUT_SKILLS else {}
    return {**stored, **named, "text": change(stored["code"], detail, stored.get("also", ()))}


def _few(count: Mapping[str, Any]) -> dict[str, Any]:
    few = 0 < count["people"] < FEWEST
    return {**count, "people": FEWEST - 1, "fewer_than": FEWEST} if few else dict(count)
