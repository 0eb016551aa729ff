"""Numbers, dates and moments in words a reader takes in at a glance. Pure."""

from datetime import UTC, date, datetime

from services.metrics.domain.measures import MEASURES

HIDDEN = "not shown"
NOTHING = "none yet"
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


def density(value: float | None) -> str:
    """All its digits: of two thousand people, 0.0004 of all pairs have met."""
    return NOTHING if value is None else f"{value:.12f}".rstrip("0").ljust(4, "0")


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
