"""Numbers, dates and reasons in words a reader takes in at a glance."""

from services.metrics.domain.amounts import HIDDEN, NOTHING, amount, day, density, moment, month, seconds
from services.metrics.queries.overview import ProgrammeRow
from services.metrics.queries.release import Cell

STATUSES = {
    "achieved": ("●", "Achieved"),
    "on_track": ("▲", "On track"),
    "at_risk": ("◆", "At risk"),
    "off_track": ("▼", "Off track"),
    None: ("○", "Not measured"),
}


def shown(cell: Cell | None, measure: str) -> str:
    """A cell as text: its value, or that it is not shown, or that there is nothing."""
    if cell is None:
        return NOTHING
    return HIDDEN if cell.suppressed else amount(cell.value, measure)


def status_sign(value: str | None) -> str:
    """A status as a shape, for those who see no colours."""
    return STATUSES[value][0]


def status_word(value: str | None) -> str:
    """A status as a word."""
    return STATUSES[value][1]


def cells_of(rows: list[ProgrammeRow]) -> list[Cell]:
    """Every cell of a table."""
    return [cell for row in rows for cell in row.cells.values()]


FILTERS = {
    "amount": amount,
    "shown": shown,
    "seconds": seconds,
    "day": day,
    "density": density,
    "moment": moment,
    "month": month,
    "status_sign": status_sign,
    "status_word": status_word,
}
