"""What a report says: the figures and goals of a page, in words, by the door all numbers leave by."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from services.metrics.domain.amounts import HIDDEN, NOTHING, amount, day
from services.metrics.domain.measures import MEASURES
from services.metrics.queries.goals import Goal
from services.metrics.queries.overview import get_overview
from services.metrics.queries.programme import get_programme
from services.metrics.queries.release import Cell
from services.metrics.queries.scope import Window
from shared.db import Connection

STATUSES = {
    "achieved": "Achieved",
    "on_track": "On track",
    "at_risk": "At risk",
    "off_track": "Off track",
    None: "Not measured",
}


@dataclass(frozen=True)
class Line:
    """One figure in words."""

    title: str
    value: str
    rests_on: str
    """How many people it is about, or why it is not shown."""


@dataclass(frozen=True)
class GoalLine:
    """One goal in words."""

    programme: str
    title: str
    now: str
    target: str
    due: str
    status: str


@dataclass(frozen=True)
class Report:
    """One report."""

    title: str
    path: str
    """Of the page with the same numbers."""
    since: str
    until: str
    k: int
    figures: list[Line]
    goals: list[GoalLine]


async def get_report(conn: Connection, k: int, programme_id: UUID | None) -> Report:
    """Of a programme over its run, or of the organization over three months. Raises NotFound."""
    if programme_id is None:
        overview = await get_overview(conn, k)
        return _report("What peer learning brought", "/", overview.window, k, overview.headlines, overview.goals)
    found = await get_programme(conn, k, programme_id)
    return _report(found.name, f"/programmes/{programme_id}", found.window, k, found.cells, found.goals)


def _report(
    title: str, path: str, window: Window, k: int, cells: Mapping[str, Cell | None], goals: Sequence[Goal]
) -> Report:
    figures = [_line(name, cell) for name, cell in cells.items()]
    return Report(title, path, day(window.start), day(window.last_day), k, figures, [_goal(goal) for goal in goals])


def _line(name: str, cell: Cell | None) -> Line:
    measure = MEASURES[name]
    if cell is None or (cell.value is None and not cell.suppressed):
        return Line(measure.title, NOTHING, (cell.reason if cell else None) or "")
    if cell.suppressed:
        return Line(measure.title, HIDDEN, cell.reason or "")
    return Line(measure.title, amount(cell.value, name), f"{cell.n:,} {measure.n_counts}" if cell.n else "")


def _goal(goal: Goal) -> GoalLine:
    return GoalLine(
        goal.programme,
        MEASURES[goal.measure].title + (" of the whole organization" if goal.of == "organization" else ""),
        HIDDEN if goal.suppressed else amount(goal.current, goal.measure),
        amount(goal.target, goal.measure),
        day(goal.due),
        HIDDEN.capitalize() if goal.suppressed else STATUSES[goal.status],
    )
