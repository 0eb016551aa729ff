"""Minutes people have for learning with peers: a month's, agreed with their manager, and a week's of their own."""

from collections import Counter
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from uuid import UUID

from services.sessions.domain.hours import DAY_MINUTES, moment


@dataclass(frozen=True, slots=True)
class Limit:
    """Minutes a calendar month and an ISO week (UTC); None is no limit."""

    month: int | None = None
    week: int | None = None


@lru_cache(maxsize=4096)
def _periods(day: int) -> tuple[Hashable, Hashable]:
    date = moment(day * DAY_MINUTES).date()
    return (date.year, date.month), (*date.isocalendar()[:2], "week")


@dataclass
class Budgets:
    """What is left of everybody's minutes while sessions are placed; preparation counts like the session itself."""

    limits: Mapping[UUID, Limit]
    _used: Counter[tuple[UUID, Hashable]] = field(default_factory=Counter)

    def allow(self, person: UUID, start: int, minutes: int) -> bool:
        """Whether somebody has that many minutes left in the month and the week of a start."""
        limit = self.limits.get(person)
        if limit is None:
            return True
        month, week = _periods(start // DAY_MINUTES)
        return (limit.month is None or self._used[person, month] + minutes <= limit.month) and (
            limit.week is None or self._used[person, week] + minutes <= limit.week
        )

    def spend(self, person: UUID, start: int, minutes: int) -> None:
        """Count what somebody is booked for."""
        for period in _periods(start // DAY_MINUTES):
            self._used[person, period] += minutes
