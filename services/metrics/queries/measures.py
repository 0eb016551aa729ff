"""Published values of a measure, by cell, with names people know."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace

from services.metrics.domain.measures import COUNTED, MEASURES, By, Measure
from services.metrics.queries.freshness import get_freshness
from services.metrics.queries.known import check_format, check_programme, check_unit
from services.metrics.queries.release import Cell, Release
from services.metrics.queries.scope import Scope, Window
from shared import sql
from shared.db import Connection
from shared.refusal import InvalidRequest, NotFound, Refused

SQL = sql.load("services.metrics", "dimensions")
UNKNOWN = "Not known"


class UnknownMeasure(NotFound):
    """The catalogue has no such measure."""


class NotCountedHere(Refused):
    """The measure is defined; its value is read elsewhere, or waits for figures that no service has."""

    status = 409


@dataclass(frozen=True)
class Table:
    """One measure over one division."""

    measure: str
    by: By
    definition_version: str
    cells: list[Cell]


def find(name: str) -> Measure:
    """The measure of that name. Raises UnknownMeasure, NotCountedHere."""
    if name in COUNTED:
        return COUNTED[name]
    if name in MEASURES:
        detail = f"{MEASURES[name].title} is defined and not counted here: {MEASURES[name].shown_at}."
        raise NotCountedHere(detail, shown_at=MEASURES[name].shown_at)
    raise UnknownMeasure("There is no measure of that name.", measures=sorted(COUNTED))


async def check_selection(conn: Connection, scope: Scope) -> None:
    """Raises InvalidRequest for a unit, a programme or a format that nobody has told of."""
    await check_unit(conn, scope.unit)
    await check_programme(conn, scope.programme_id)
    await check_format(conn, scope.format)


async def get_measure(conn: Connection, release: Release, measure: Measure, scope: Scope) -> Table:
    """A measure's cells in order of label, months in order of time. Raises InvalidRequest."""
    if measure.family == "freshness":
        cells = [await _freshness(conn, measure, scope)]
    else:
        cells = await release.cells(measure, scope)
    labels = await name_cells(conn, scope.by, {cell.group for cell in cells})
    return Table(measure.name, scope.by, measure.definition_version, named(cells, scope.by, labels))


async def get_page(
    conn: Connection, release: Release, window: Window, tables: Iterable[tuple[str, By]]
) -> dict[tuple[str, By], list[Cell]]:
    """The tables of a page, each as `get_measure` gives it; what they share is looked up once."""
    asked = {(name, by): Scope(window, by) for name, by in tables}
    await release.prepare((MEASURES[name], scope) for (name, _), scope in asked.items())
    found = {(name, by): await release.cells(MEASURES[name], scope) for (name, by), scope in asked.items()}
    labels = {
        by: await name_cells(conn, by, {cell.group for (_, of), cells in found.items() if of == by for cell in cells})
        for by in {by for _, by in found}
    }
    return {(name, by): named(cells, by, labels[by]) for (name, by), cells in found.items()}


def named(cells: Iterable[Cell], by: By, labels: Mapping[str, str]) -> list[Cell]:
    """Cells with their labels and in order of these, months in order of time."""
    found = [replace(cell, label=labels[cell.group]) for cell in cells]
    return sorted(found, key=lambda cell: (cell.group if by == "month" else cell.label.casefold(), cell.group))


async def name_cells(conn: Connection, by: By, groups: Collection[str]) -> dict[str, str]:
    """What people call the cells of a division."""
    if by in {"unit", "programme"}:
        rows = await conn.fetch(SQL.unit_names if by == "unit" else SQL.programme_names, groups)
        known = {row["cell"]: row["label"] for row in rows}
        return {group: known.get(group, group or UNKNOWN) for group in groups}
    if by == "format":
        return {group: format_name(group) for group in groups}
    return {group: group or "All" for group in groups}


def format_name(code: str) -> str:
    """A format as words."""
    return code.replace("_", " ").capitalize() or UNKNOWN


async def _freshness(conn: Connection, measure: Measure, scope: Scope) -> Cell:
    if scope.by != "none" or scope.programme_id or scope.unit or scope.format:
        raise InvalidRequest.naming("by", "freshness is one number for the whole store")
    found = await get_freshness(conn)
    value = measure.rounded(found.p95)
    return Cell("", value, found.events, None, scope.window, suppressed=False, reason=None, as_of=found.as_of)
