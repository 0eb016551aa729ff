"""The readiness checklist and who has completed what, in the database."""

from collections.abc import Iterable, Sequence
from datetime import date
from uuid import UUID

from services.directory.domain.checklist import Item
from shared import sql
from shared.db import Connection

SQL = sql.load("services.directory", "facilitation")


async def lock(conn: Connection) -> int:
    """The checklist's version."""
    return int(await conn.fetchval(SQL.lock_checklist))


async def items(conn: Connection) -> list[Item]:
    """The checklist."""
    return [Item(**row) for row in await conn.fetch(SQL.list_items)]


async def replace(conn: Connection, items_: Sequence[Item]) -> None:
    """Write the checklist whole; its version counts up."""
    await conn.execute(SQL.forget_items)
    rows = [(item.code, place, item.title, item.kind, item.required) for place, item in enumerate(items_, 1)]
    if rows:
        await conn.execute(SQL.insert_items, *zip(*rows, strict=True))
    await conn.execute(SQL.count_checklist)


async def find_people(conn: Connection, numbers: Iterable[str]) -> dict[str, UUID]:
    """Ids of those who are here, by employee number."""
    rows = await conn.fetch(SQL.find_people, list(numbers))
    return {row["employee_number"]: row["person_id"] for row in rows}


async def complete(conn: Connection, done: Iterable[tuple[UUID, str, date]]) -> set[tuple[UUID, str]]:
    """Keep completions, the latest of each; returns which were news."""
    latest: dict[tuple[UUID, str], date] = {}
    for person_id, code, day in done:
        latest[person_id, code] = max(day, latest.get((person_id, code), day))
    if not latest:
        return set()
    columns = zip(*((*name, day) for name, day in latest.items()), strict=True)
    return {(row["person_id"], row["code"]) for row in await conn.fetch(SQL.save_completions, *columns)}


async def undo(conn: Connection, person_id: UUID, code: str) -> None:
    """Forget a completion."""
    await conn.execute(SQL.delete_completion, person_id, code)
