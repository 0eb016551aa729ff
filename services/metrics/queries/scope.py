"""What is asked: how to divide, which months, and which programme, unit or format."""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Self
from uuid import UUID

from services.metrics.domain.measure import By
from shared.refusal import InvalidRequest

LONGEST_MONTHS = 60
MONTHS_A_YEAR = 12


@dataclass(frozen=True)
class Window:
    """Whole UTC months, [start, end): days are never told apart, so that no two windows differ by one person's day."""

    start: date
    end: date

    @classmethod
    def covering(cls, starts_on: date | None, ends_on: date | None) -> Self:
        """The months that hold both days; by default the current month and the two before. Raises InvalidRequest."""
        today = datetime.now(UTC).date()
        last = ends_on or today
        first = starts_on or _month(last, -2)
        if first > last:
            raise InvalidRequest.naming("ends_on", "is before starts_on")
        if (last.year - first.year) * MONTHS_A_YEAR + last.month - first.month >= LONGEST_MONTHS:
            raise InvalidRequest.naming("starts_on", f"is more than {LONGEST_MONTHS} months before ends_on")
        return cls(_month(first), _month(last, 1))

    @classmethod
    def asked(cls, starts_on: date | None, ends_on: date | None) -> Self:
        """As `covering`, of months that have begun: nothing is counted ahead, and nought would look like a count."""
        if starts_on and starts_on > datetime.now(UTC).date():
            raise InvalidRequest.naming("starts_on", "is in the future: nothing is counted there yet")
        return cls.covering(starts_on, ends_on)

    @property
    def months(self) -> int:
        """How many months it has."""
        return (self.end.year - self.start.year) * MONTHS_A_YEAR + self.end.month - self.start.month

    @property
    def all_months(self) -> list[date]:
        """The first day of each."""
        return [_month(self.start, ahead) for ahead in range(self.months)]

    @property
    def last_day(self) -> date:
        """The last day inside."""
        return self.end - timedelta(days=1)

    def back(self, months: int | None = None) -> Self:
        """As long a window, so many months earlier; by default the one that ends where this begins."""
        ago = months or self.months
        return replace(self, start=_month(self.start, -ago), end=_month(self.end, -ago))


@dataclass(frozen=True)
class Scope:
    """A division into cells and a selection."""

    window: Window
    by: By = "none"
    programme_id: UUID | None = None
    unit: str | None = None
    format: str | None = None

    @property
    def key(self) -> str:
        """The scope as one word."""
        parts = (self.window.start, self.window.end, self.by, self.programme_id, self.unit, self.format)
        return "|".join("" if part is None else str(part) for part in parts)

    @property
    def row(self) -> dict[str, object]:
        """The scope as columns."""
        return {
            "window_start": self.window.start,
            "window_end": self.window.end,
            "by": self.by,
            "programme_id": self.programme_id,
            "unit": self.unit,
            "format": self.format,
        }

    @property
    def earliest(self) -> date:
        """The first month its numbers may rest on: retention looks at as many months before."""
        return _month(self.window.start, -self.window.months)

    def parents(self, unit_path: list[str]) -> list[tuple[Self, str]]:
        """For each filter: the table without it that the filter picks one cell of, and that cell.

        `unit_path` runs from the root to the filter's unit: every unit on it is a cell among its siblings.
        """
        found = []
        if self.programme_id:
            found.append((replace(self, by="programme", programme_id=None), str(self.programme_id)))
        if self.format:
            found.append((replace(self, by="format", format=None), self.format))
        if self.unit and len(unit_path) > 1:
            above = unit_path[-2] if len(unit_path) > 2 else None  # noqa: PLR2004 - the root's children
            found.append((replace(self, by="unit", unit=above), self.unit))
        return found


def _month(day: date, ahead: int = 0) -> date:
    """The first day of the month `ahead` months after that of `day`."""
    years, month = divmod(day.year * MONTHS_A_YEAR + day.month - 1 + ahead, MONTHS_A_YEAR)
    if not date.min.year < years < date.max.year:
        raise InvalidRequest.naming("starts_on", "is out of range")
    return date(years, month + 1, 1)
