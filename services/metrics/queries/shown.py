"""What was shown before: stored tables, what changed since, and the space their cells span."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any

from services.metrics.confidentiality.sets import Sums, of_staff, view_order
from services.metrics.domain.measure import Measure
from services.metrics.queries.kept import Kept
from services.metrics.queries.scope import Scope, Window
from shared import sql
from shared.db import Connection, Record

SQL = sql.load("services.metrics", "releases")
STAFF = frozenset({"participation", "reach"})
"""Families about everybody who could have come; each window and programme asks them another question."""
OF_MATCHES = frozenset({"matching", "pairs"})
"""Families about people who were proposed to each other."""
OF_HOSTS = frozenset({"hosting", "overload"})
"""Families about people who facilitate."""
OF_NEWCOMERS = frozenset({"newcomers", "newcomer_ties"})
"""Families about people who were hired."""
OF_PARTS = frozenset(
    {
        "feedback",
        "saved",
        "transfer",
        "first_use",
        "pulse",
        "form",
        "recommendation",
        "learned",
        "behaviour",
        "facilitation",
        "rounds",
    }
)
"""Families of what is told in parts, without a name: the parts of a measure are whom its numbers are about."""
SAME_PARTS = dict.fromkeys(("transfer_low", "transfer_high"), "scrap")
"""Measures that add up the same answers of the same parts."""
DAYS = ("transfer_30", "transfer_60", "transfer_90")
"""Measures of the answers of one day; `scrap` adds all of them up."""
PEOPLE = {"staff": STAFF, "matches": OF_MATCHES, "hosts": OF_HOSTS, "newcomers": OF_NEWCOMERS}
CLASSES = {
    "facts": SQL.classes,
    "staff": SQL.classes_of_staff,
    "matches": SQL.classes_of_matches,
    "hosts": SQL.classes_of_hosts,
    "newcomers": SQL.classes_of_newcomers,
}
CHANGED = {
    "facts": SQL.changed_people,
    "staff": SQL.changed_people,
    "matches": SQL.changed_people_of_matches,
    "hosts": SQL.changed_hosts,
    "newcomers": SQL.changed_newcomers,
}
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
    note: str | None = None


@dataclass(frozen=True)
class Edition:
    """A stored table: its cells, and which transactions they rest on."""

    seen: str
    k: int
    as_of: datetime
    cells: Mapping[str, Shown]


@dataclass
class View:
    """What tables that are judged on one view of the store share."""

    asked: Sequence[tuple[Measure, Scope]] = ()
    """All of them, so that one basis is made for all."""
    kept: Kept | None = None
    """What is known from earlier views of the store."""
    classes: dict[tuple[object, ...], Sequence[Record]] = field(default_factory=dict)
    sums: dict[tuple[object, ...], Sums] = field(default_factory=dict)


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
    found: int = await conn.fetchval(SQL.threshold, *window, k)
    return found


async def edition(conn: Connection, measure: Measure, scope: Scope) -> Edition | None:
    """The table as it was last shown; None for one never asked for."""
    return (await editions(conn, [(measure, scope)])).get((measure.name, scope.key))


async def editions(conn: Connection, tables: Sequence[tuple[Measure, Scope]]) -> dict[tuple[str, str], Edition]:
    """Those of these tables that were ever shown by their definition of now, by measure and scope."""
    asked = [measure.name for measure, _ in tables], [scope.key for _, scope in tables]
    cells: dict[tuple[str, str], dict[str, Shown]] = {}
    for row in await conn.fetch(SQL.shown, *asked):
        shown = Shown(*row[2:])
        cells.setdefault((row["measure"], row["scope"]), {})[shown.cell] = shown
    found = await conn.fetch(SQL.editions, *asked, [measure.definition_version for measure, _ in tables])
    return {
        (row["measure"], row["scope"]): Edition(
            row["seen"], row["k"], row["as_of"], cells.get((row["measure"], row["scope"]), {})
        )
        for row in found
    }


async def has_changed(conn: Connection, scope: Scope, seen: str, measure: Measure) -> bool:
    """Whether anything a table of this window rests on has changed."""
    found: bool
    if measure.family in OF_PARTS:
        window = scope.window
        found = await conn.fetchval(SQL.changed_answers, window.start, window.end, seen, measure.name)
        return found
    found = await conn.fetchval(SQL.changed, scope.earliest, rests_until(measure, scope), seen)
    return found


def rests_until(measure: Measure, scope: Scope) -> date:
    """The month before which a table's facts lie: of newcomers also those of their first ninety days."""
    return scope.window.back(-4).end if measure.family == "newcomer_ties" else scope.window.end


def settled(measure: Measure, scope: Scope, today: date) -> Scope:
    """The part of a window that can be counted: newcomers count when a whole month of them has been here so long.

    A number that grew by one newcomer a day would tell of that one, and one that grew by itself nobody would renew.
    """
    if measure.family not in OF_NEWCOMERS:
        return scope
    within = int(measure.name[-2:]) if measure.family == "newcomer_ties" else 0
    over = (today - timedelta(days=within)).replace(day=1)
    return replace(scope, window=Window(scope.window.start, max(scope.window.start, min(scope.window.end, over))))


async def changed_people(conn: Connection, measure: Measure, scope: Scope, before: Edition) -> dict[str, int]:
    """By cell, how many people's facts have changed since its number was counted."""
    window = scope.window
    query, of_measure = SQL.changed_parts, [measure.name]
    if measure.family not in OF_PARTS:
        query, of_measure = CHANGED[_people(measure)], []
    selection = (scope.by, window.start, window.end, scope.programme_id, scope.unit, scope.format)
    changed = {}
    for seen in {cell.seen for cell in before.cells.values()}:
        for row in await conn.fetch(query, *selection, seen, *of_measure):
            if row["cell"] in before.cells and before.cells[row["cell"]].seen == seen:
                changed[row["cell"]] = row["persons"]
    return changed


async def audiences(conn: Connection, scope: Scope) -> list[Mapping[str, Any]]:
    """Units beside the audiences of what is asked for."""
    window = scope.window
    asked = scope.by, window.start, window.end, scope.programme_id, scope.unit, scope.format
    return [dict(row) for row in await conn.fetch(SQL.audiences, *asked)]


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
        [cell.note for cell in cells],
    )
    told = [cell for cell in cells if not cell.reason]
    await conn.execute(
        SQL.store_sets,
        _people(measure),
        scope.window.start,
        scope.window.end,
        scope.by,
        scope.programme_id,
        scope.unit,
        scope.format,
        [cell.cell for cell in told],
        [cell.seen for cell in told],
    )
    await conn.execute(
        SQL.store_edition, measure.name, scope.key, edition.seen, edition.k, edition.as_of, measure.definition_version
    )


async def out_of_reach(
    conn: Connection,
    measure: Measure,
    scope: Scope,
    k: int,
    cells: Sequence[str],
    seen: str,
    paths: Mapping[str, Sequence[str]],
    view: View,
) -> set[str]:
    """Which of these cells would, with all that was ever shown of the same people, tell about fewer than k of them.

    `view` keeps what it takes to know for other tables on the same view of the store.
    """
    people = _people(measure)
    if people == "staff" and not of_staff(scope.row):
        return set()  # another programme's participants are another question: there is nothing to subtract
    window = scope.window.start, scope.window.end
    before: list[Mapping[str, Any]] = [
        row
        for row in map(dict, await conn.fetch(SQL.everything_shown, _together(people), *window))
        if people != "staff" or (of_staff(row) and (row["window_start"], row["window_end"]) == window)
    ]
    views = sorted({row["seen"] for row in before} - {seen}, key=view_order)
    asked = [{**scope.row, "people": people, "cell": cell, "seen": seen} for cell in cells]
    rows = [*before, *asked]
    start, end = min(row["window_start"] for row in rows), max(row["window_end"] for row in rows)
    depth = max(DEPTH, *(_depth(row, paths) for row in rows))
    within: tuple[Any, ...] = (start, end, depth, tuple(views))
    within = (
        (SQL.classes_of_parts, *within, _together(people)[0])
        if measure.family in OF_PARTS
        else (CLASSES[people], *within)
    )
    if within not in view.classes and people == "facts" and view.kept:
        view.classes[within] = await view.kept.classes(conn, start, end, depth, tuple(views), seen)
    elif within not in view.classes:
        view.classes[within] = await conn.fetch(*within)
    if not (classes := view.classes[within]):
        return set()
    if (sums := view.sums.get((*within, window, k))) is None or not sums.knows(rows):
        others = [
            {**other.row, "people": _people(each)}
            for each, other in view.asked
            if _people(each) in _together(people)
            and other.window == scope.window
            and _depth(other.row, paths) <= depth
            and (people != "staff" or of_staff(other.row))
        ]
        sums = await asyncio.to_thread(Sums, [dict(found) for found in classes], [*rows, *others], views, k)
        view.sums[*within, window, k] = sums
    return await asyncio.to_thread(sums.refused, before, asked)


def _people(measure: Measure) -> str:
    """Which people a measure is about: all that is shown of the same people is subtracted from each other."""
    if measure.family in OF_PARTS:
        return SAME_PARTS.get(measure.name, measure.name)
    return next((people for people, families in PEOPLE.items() if measure.family in families), "facts")


def _together(people: str) -> tuple[str, ...]:
    """All whose sums are subtracted from each other, first the one that holds the others."""
    return ("scrap", *DAYS) if people in {"scrap", *DAYS} else (people,)


def _depth(row: Mapping[str, Any], paths: Mapping[str, Sequence[str]]) -> int:
    """How far down a path a table tells people apart."""
    inside = len(paths.get(row["unit"], ())) if row["unit"] else 1
    return inside + 1 if row["by"] == "unit" else max(inside, 1)
