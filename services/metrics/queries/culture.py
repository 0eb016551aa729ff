"""Culture as a trend: made of numbers that were released, so that it tells nothing they do not."""

from dataclasses import dataclass

from services.metrics.domain.culture import PARTS, trend
from services.metrics.domain.measures import MEASURES
from services.metrics.queries.release import Cell, Release
from services.metrics.queries.scope import Scope, Window

FEWEST_MONTHS = 2
TOO_FEW = "A trend needs two months in which all four parts are shown."
MISSING = "Not every part is shown for this month."


@dataclass(frozen=True)
class Month:
    """One month: its parts as they are shown, and where it lies on the trend; without an index, `reason` says why."""

    month: str
    index: float | None
    reason: str | None
    parts: dict[str, Cell | None]


async def get_culture(release: Release, window: Window) -> list[Month]:
    """The months of a window that any part has, oldest first."""
    scope = Scope(window, "month")
    await release.prepare((MEASURES[name], scope) for name in PARTS.values())
    cells = {
        part: {cell.group: cell for cell in await release.cells(MEASURES[name], scope) if cell.group}
        for part, name in PARTS.items()
    }
    months = sorted({month for found in cells.values() for month in found})
    values = {
        part: {month: cell.value for month, cell in found.items() if cell.value is not None}
        for part, found in cells.items()
    }
    whole = [month for month in months if all(month in found for found in values.values())]
    enough = len(whole) >= FEWEST_MONTHS
    scored = trend({part: [found[month] for month in whole] for part, found in values.items()}) if enough else []
    index = dict(zip(whole, scored, strict=True)) if enough else {}
    return [
        Month(
            month,
            MEASURES["culture_index"].rounded(index.get(month)),
            None if month in index else TOO_FEW if month in whole else MISSING,
            {part: found.get(month) for part, found in cells.items()},
        )
        for month in months
    ]
