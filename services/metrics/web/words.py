"""Numbers, dates and reasons in words a reader takes in at a glance."""

from datetime import UTC, date, datetime

from services.metrics.domain.measures import MEASURES
from services.metrics.queries.overview import ProgrammeRow
from services.metrics.queries.release import Cell

HIDDEN = "not shown"
NOTHING = "none yet"
STATUSES = {
    "achieved": ("●", "Achieved"),
    "on_track": ("▲", "On track"),
    "at_risk": ("◆", "At risk"),
    "off_track": ("▼", "Off track"),
    None: ("○", "Not measured"),
}
MINUTE, HOUR = 60, 3600


def amount(value: float | None, measure: str) -> str:
    """A value with its unit: `43 %`, `1,204 h`, `4.2 of 5`, `0.81`."""
    if value is None:
        return NOTHING
    unit = MEASURES[measure].unit
    if unit == "ratio":
        return f"{value:.0%}".replace("%", "\N{NO-BREAK SPACE}%")
    if unit == "index":
        return f"{value:.2f}"
    if unit == "score":
        return f"{value:.1f}"
    return f"{value:,.0f}" + ("\N{NO-BREAK SPACE}h" if unit == "hours" else "")


def shown(cell: Cell | None, measure: str) -> str:
    """A cell as text: its value, or that it is not shown, or that there is nothing."""
    if cell is None:
        return NOTHING
    return HIDDEN if cell.suppressed else amount(cell.value, measure)


def seconds(value: float | None) -> str:
    """A lag as people say it."""
    if value is None:
        return NOTHING
    if value < MINUTE:
        return f"{value:.2f} s" if value < 1 else f"{value:.1f} s"
    return f"{value / MINUTE:.0f} min" if value < HOUR else f"{value / HOUR:.1f} h"


def day(value: date) -> str:
    """`21 Nov 2026`."""
    return f"{value.day} {value:%b %Y}"


def moment(value: datetime | None) -> str:
    """`21 Nov 2026, 22:57 UTC`."""
    return NOTHING if value is None else f"{day(value.astimezone(UTC))}, {value.astimezone(UTC):%H:%M} UTC"


def month(value: str) -> str:
    """`2026-11` as `Nov 2026`."""
    return f"{date.fromisoformat(f'{value}-01'):%b %Y}"


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
    "moment": moment,
    "month": month,
    "status_sign": status_sign,
    "status_word": status_word,
}
