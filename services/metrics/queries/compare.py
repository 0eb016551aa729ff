"""A measure beside what it was before, or beside the whole: two released tables and the difference of their cells."""

from dataclasses import dataclass, fields, replace
from typing import Literal

from services.metrics.confidentiality.comparison import Side, difference
from services.metrics.domain.measures import Measure
from services.metrics.queries.measures import Table, get_measure
from services.metrics.queries.release import Cell, Release
from services.metrics.queries.scope import Scope
from shared.db import Connection
from shared.refusal import InvalidRequest

Against = Literal["before", "whole"]


@dataclass(frozen=True)
class Compared:
    """What a cell is compared with; `difference` is the cell less this."""

    against: Cell | None
    difference: float | None
    clear: bool | None
    suppressed: bool
    reason: str | None


@dataclass(frozen=True)
class ComparedCell(Cell):
    """A cell with what it is compared with."""

    compared: Compared | None = None


async def get_comparison(conn: Connection, release: Release, measure: Measure, scope: Scope, against: Against) -> Table:
    """The cells of a scope, each with its partner. Raises InvalidRequest.

    Both tables leave by the door all numbers leave by, so that each has been judged beside everything shown before.
    """
    if measure.family == "freshness":
        raise InvalidRequest.naming("compare", "freshness is one number of the last day")
    if against == "whole" and scope.by == "none":
        raise InvalidRequest.naming("compare", "the whole is compared with its parts: name `by`")
    table = await get_measure(conn, release, measure, scope)
    others = await _others(release, measure, scope, against)
    cells: list[Cell] = [compare(cell, others.get(_partner(cell, scope, against)), measure) for cell in table.cells]
    return replace(table, cells=cells)


def compare(cell: Cell, other: Cell | None, measure: Measure) -> ComparedCell:
    """A cell beside another, with the difference where both are shown."""
    found = difference(_side(cell), _side(other), measure.digits)
    compared = Compared(other, found.value, found.clear, found.suppressed, found.reason)
    return ComparedCell(**{each.name: getattr(cell, each.name) for each in fields(Cell)}, compared=compared)


async def _others(release: Release, measure: Measure, scope: Scope, against: Against) -> dict[str, Cell]:
    if against == "whole":
        cells = await release.cells(measure, replace(scope, by="none"))
    else:
        # A month is compared with the month before it, whatever the window; everything else with the window before.
        cells = await release.cells(
            measure, replace(scope, window=scope.window.back(1 if scope.by == "month" else None))
        )
    return {cell.group: cell for cell in cells}


def _partner(cell: Cell, scope: Scope, against: Against) -> str:
    """The group of the cell's partner."""
    if against == "whole":
        return ""
    if scope.by != "month" or not cell.group:  # one cell that says why there is none of any month
        return cell.group
    year, month = int(cell.group[:4]), int(cell.group[5:])
    return f"{year - (month == 1):04}-{(month - 2) % 12 + 1:02}"


def _side(cell: Cell | None) -> Side:
    return Side(cell.value, cell.suppressed, cell.half_interval) if cell else Side(None, suppressed=False)
