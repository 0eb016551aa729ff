"""What was shown before: stored tables, what changed since, and the space their cells span."""

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from services.metrics.confidentiality.audit import Audit
from services.metrics.domain.measure import Measure
from services.metrics.queries.scope import Scope
from shared import sql
from shared.db import Connection, Record

SQL = sql.load("services.metrics", "releases")
STAFF = frozenset({"participation", "reach"})
"""Families about everybody who could have come; each window and programme asks them another question."""
OF_MATCHES = frozenset({"matching", "pairs"})
"""Families about people who were proposed to each other."""
OF_HOSTS = frozenset({"hosting", "overload"})
"""Families about people who facilitate."""
DEPTH = 2
"""Classes are at least as fine as divisions, so that most tables share them."""


@dataclass(frozen=True)
class Shown:
    """A cell as it was shown, or the reason why it was not."""

    cell: str
    value: float | None
    half_interval: float | None
    n: int | None
    denominator: int | None
    persons: int
    reason: str | None
    as_of: datetime
    seen: str
    """Which transactions the number rests on."""


@dataclass(frozen=True)
class Edition:
    """A stored table: its cells, and which transactions they rest on."""

    seen: str
    k: int
    as_of: datetime
    cells: Mapping[str, Shown]


@asynccontextmanager
async def renewing(conn: Connection, *measures: Measure) -> AsyncIterator[str]:
    """One renewal of a measure at a time, all of it on one view of the store; yields the transactions seen."""
    if conn.is_in_transaction():
        yield await conn.fetchval(SQL.snapshot)
        return
    names = sorted(measure.name for measure in measures)
    for name in names:
        await conn.execute(SQL.lock_measure, name)
    try:
        async with conn.transaction(isolation="repeatable_read"):
            yield await conn.fetchval(SQL.snapshot)
    finally:
        for name in names:
            await conn.execute(SQL.unlock_measure, name)


async def threshold(conn: Connection, scope: Scope, k: int) -> int:
    """The fewest people of this window: what held when each of its months opened, whatever is set now."""
    window = scope.window.start, scope.window.end
    await conn.execute(SQL.freeze_thresholds, *window, k)
    found: int = await conn.fetchval(SQL.threshold, *window)
    return found


async def edition(conn: Connection, measure: Measure, scope: Scope) -> Edition | None:
    """The table as it was last shown; None for one never asked for."""
    return (await editions(conn, [(measure, scope)])).get((measure.name, scope.key))


async def editions(conn: Connection, tables: Sequence[tuple[Measure, Scope]]) -> dict[tuple[str, str], Edition]:
    """Those of these tables that were ever shown, by measure and scope."""
    asked = [measure.name for measure, _ in tables], [scope.key for _, scope in tables]
    cells: dict[tuple[str, str], dict[str, Shown]] = {}
    for row in await conn.fetch(SQL.shown, *asked):
        shown = Shown(*row[2:])
        cells.setdefault((row["measure"], row["scope"]), {})[shown.cell] = shown
    found = await conn.fetch(SQL.editions, *asked)
    return {
        (row["measure"], row["scope"]): Edition(
            row["seen"], row["k"], row["as_of"], cells.get((row["measure"], row["scope"]), {})
        )
        for row in found
    }


async def has_changed(conn: Connection, scope: Scope, seen: str) -> bool:
    """Whether anything a table of this window rests on has changed."""
    found: bool = await conn.fetchval(SQL.changed, scope.earliest, scope.window.end, seen)
    return found


async def changed_people(conn: Connection, measure: Measure, scope: Scope, before: Edition) -> dict[str, int]:
    """By cell, how many people's facts have changed since its number was counted."""
    query = _kind(measure, SQL.changed_people, SQL.changed_people_of_matches, SQL.changed_hosts)
    window = scope.window
    selection = (scope.by, window.start, window.end, scope.programme_id, scope.unit, scope.format)
    changed = {}
    for seen in {cell.seen for cell in before.cells.values()}:
        for row in await conn.fetch(query, *selection, seen):
            if row["cell"] in before.cells and before.cells[row["cell"]].seen == seen:
                changed[row["cell"]] = row["persons"]
    return changed


async def store(conn: Connection, measure: Measure, scope: Scope, edition: Edition) -> None:
    """Write down what is shown from now on; what was shown once stays in the book."""
    cells = list(edition.cells.values())
    await conn.execute(SQL.forget_cells, measure.name, scope.key, [cell.cell for cell in cells])
    await conn.execute(
        SQL.store_cells,
        measure.name,
        scope.key,
        scope.window.start,
        scope.window.end,
        scope.by,
        scope.programme_id,
        scope.unit,
        scope.format,
        measure.definition_version,
        [cell.cell for cell in cells],
        [cell.value for cell in cells],
        [cell.half_interval for cell in cells],
        [cell.n for cell in cells],
        [cell.denominator for cell in cells],
        [cell.persons for cell in cells],
        [cell.reason for cell in cells],
        [cell.as_of for cell in cells],
        [cell.seen for cell in cells],
    )
    await conn.execute(SQL.store_edition, measure.name, scope.key, edition.seen, edition.k, edition.as_of)


async def out_of_reach(
    conn: Connection,
    measure: Measure,
    scope: Scope,
    k: int,
    cells: Sequence[str],
    paths: Mapping[str, Sequence[str]],
    known: dict[tuple[object, ...], list[Record]],
) -> set[str]:
    """Which of these cells would, with all that was shown before, tell about fewer than k people.

    `known` keeps the classes of people for other tables on the same view of the store.
    """
    window = scope.window
    whole = window.start, window.end
    staff = measure.family in STAFF
    if staff and not _of_staff(scope.row):
        return set()  # another programme's participants are another question: there is nothing to subtract
    before: list[Mapping[str, Any]] = [
        dict(row)
        for row in await conn.fetch(SQL.everything_shown, measure.name, window.start, window.end)
        if (row["scope"] != scope.key or row["cell"] not in cells)
        and (not staff or (_of_staff(dict(row)) and (row["window_start"], row["window_end"]) == whole))
    ]
    rows = [*before, *({**scope.row, "cell": cell} for cell in cells)]
    start, end = min(row["window_start"] for row in rows), max(row["window_end"] for row in rows)
    depth = max(DEPTH, *(_depth(row, paths) for row in rows))
    of_facts = SQL.classes_of_staff if staff else SQL.classes
    asked = (_kind(measure, of_facts, SQL.classes_of_matches, SQL.classes_of_hosts), start, end, depth)
    if asked not in known:
        known[asked] = await conn.fetch(*asked)
    classes = known[asked]
    if not classes:
        return set()
    return await asyncio.to_thread(_refused, classes, rows, len(before), k)


def _kind(measure: Measure, of_facts: str, of_matches: str, of_hosts: str) -> str:
    """The query for whatever people a measure is about."""
    if measure.family in OF_MATCHES:
        return of_matches
    return of_hosts if measure.family in OF_HOSTS else of_facts


def _of_staff(row: Mapping[str, Any]) -> bool:
    return row["by"] in {"none", "unit"} and row["programme_id"] is None and row["format"] is None


def _depth(row: Mapping[str, Any], paths: Mapping[str, Sequence[str]]) -> int:
    """How far down a path a table tells people apart."""
    inside = len(paths.get(row["unit"], ())) if row["unit"] else 1
    return inside + 1 if row["by"] == "unit" else max(inside, 1)


def _refused(classes: Sequence[Record], rows: Sequence[Mapping[str, Any]], before: int, k: int) -> set[str]:
    signatures: dict[bytes, int] = {}
    places: list[list[int]] = [[] for _ in rows]
    sizes: list[int] = []
    for found in classes:
        inside = bytes(_holds(row, found) for row in rows)
        if inside not in signatures:
            signatures[inside] = len(sizes)
            for number, member in enumerate(inside):
                if member:
                    places[number].append(len(sizes))
            sizes.append(0)
        sizes[signatures[inside]] += found["persons"]
    audit = Audit(sizes, k)
    for members in places[:before]:
        audit.take(members)
    candidates = sorted(range(before, len(rows)), key=lambda number: (-sum(sizes[at] for at in places[number]), number))
    return {rows[number]["cell"] for number in candidates if places[number] and not audit.admit(places[number])}


def _holds(row: Mapping[str, Any], found: Record) -> bool:
    """Whether a class's people are among those of a cell."""
    month: date = found["month"]
    path: Collection[str] = found["unit_path"]
    return (
        row["window_start"] <= month < row["window_end"]
        and (row["programme_id"] is None or row["programme_id"] == found["programme_id"])
        and (row["format"] is None or row["format"] == found["format"])
        and (row["unit"] is None or row["unit"] in path)
        and _cell(row, found) == row["cell"]
    )


def _cell(row: Mapping[str, Any], found: Record) -> str:
    """As `cell_of()` in the database."""
    path: list[str] = found["unit_path"]
    if row["by"] == "unit":
        above = path.index(row["unit"]) if row["unit"] in path else 0
        return (path[above + 1 :] or path[-1:] or [""])[0]
    if row["by"] == "programme":
        return str(found["programme_id"])
    if row["by"] == "format":
        return str(found["format"])
    return f"{found['month']:%Y-%m}" if row["by"] == "month" else ""
