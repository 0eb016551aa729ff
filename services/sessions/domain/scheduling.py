"""The best common time of people in several zones: inside everybody's hours and budgets, and fair over a series."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from types import MappingProxyType
from typing import NamedTuple, TypeAlias
from uuid import UUID

import numpy as np
import numpy.typing as npt

from services.sessions.domain.budget import Budgets
from services.sessions.domain.hours import Hours, Span, common_hours, minute, moment

GRID = 15
"""Sessions start on the quarter hour."""
DAY_COST = 60
"""A day's delay is as bad as an hour away from somebody's mid-day."""
TIE = 1e-3
"""Of times that are equally hard for whoever has it hardest, the one that is easier for the others."""
Ints: TypeAlias = npt.NDArray[np.int64]
Floats: TypeAlias = npt.NDArray[np.float64]
Borne: TypeAlias = dict[Hours, float]
"""Strain borne so far in a series, by the hours people work: who has had the early and late ones."""


class Slot(NamedTuple):
    """A time for a session. `strain`: minutes between its middle and the mid-day that is furthest from it.

    Whoever likes a half of their working day has their mid-day in the middle of that.

    `outside`: the most minutes it may lie outside of somebody's working hours.
    """

    start: int
    end: int
    strain: float
    outside: int = 0


@dataclass(frozen=True, slots=True)
class Request:
    """One session to place for these people, inside the local days [due, last], not before an instant.

    Requests of one `series` share its early and late hours. `preparation`: minutes of each person, in their order.
    `stretch`: minutes outside of working hours that are allowed where there is no common time inside.
    """

    people: tuple[UUID, ...]
    minutes: int
    due: date
    last: date
    not_before: int
    series: UUID | None = None
    preparation: tuple[int, ...] = ()
    stretch: int = 0
    limited_from: int = 0
    """Instant from which budgets may refuse it: what has happened already has taken its time."""

    def spending(self) -> Iterator[tuple[UUID, int]]:
        """Each person, and the minutes the session costs them."""
        preparation = self.preparation or (0,) * len(self.people)
        return ((person, self.minutes + extra) for person, extra in zip(self.people, preparation, strict=True))


def place(
    requests: Iterable[Request],
    hours: Mapping[UUID, Hours],
    busy: dict[UUID, list[Span]],
    budgets: Budgets | None = None,
    begun: Mapping[UUID, Borne] = MappingProxyType({}),
) -> list[Slot | None]:
    """A slot for each request, in their order; each goes into `busy` and `budgets`, so that nobody is booked twice.

    `begun`: what people have borne in a series before.
    """
    placed = []
    borne: defaultdict[UUID | None, Borne] = defaultdict(dict, {series: dict(share) for series, share in begun.items()})
    for request in requests:
        weeks = [hours[person] for person in request.people]
        taken = [busy.get(person, []) for person in request.people]
        share = borne[request.series] if request.series else {}
        slot = find(request, weeks, taken, share, budgets)
        if slot is not None:
            take(request, Span(slot.start, slot.end), busy, budgets)
            _bear(share, slot, weeks)
        placed.append(slot)
    return placed


def burdens(spans: Iterable[Span], weeks: Sequence[Hours]) -> Borne:
    """What people with these hours have borne in sessions they had."""
    share: Borne = {}
    for span in spans:
        _bear(share, Slot(span.start, span.end, 0.0), weeks)
    return share


def _bear(share: Borne, slot: Slot, weeks: Sequence[Hours]) -> None:
    for week, strain in strains(slot, weeks).items():
        share[week] = share.get(week, 0.0) + strain


def take(request: Request, span: Span, busy: dict[UUID, list[Span]], budgets: Budgets | None) -> None:
    """Nobody is booked twice, and every minute counts once."""
    for person, minutes in request.spending():
        busy.setdefault(person, []).append(span)
        if budgets is not None:
            budgets.spend(person, span.start, minutes)


def find(
    request: Request,
    weeks: Sequence[Hours],
    busy: Sequence[Sequence[Span]],
    borne: Borne | None = None,
    budgets: Budgets | None = None,
) -> Slot | None:
    """The cheapest slot the budgets allow; where there is none inside working hours, one as far outside as allowed."""
    return next(affordable(request, weeks, busy, borne or {}, budgets), None)


def affordable(
    request: Request, weeks: Sequence[Hours], busy: Sequence[Sequence[Span]], borne: Borne, budgets: Budgets | None
) -> Iterator[Slot]:
    """Every slot the budgets allow, best first: those inside working hours, then those as far outside as allowed."""
    for outside in sorted({0, request.stretch}):
        for slot in ranked(request, weeks, busy, borne, outside):
            if budgets is None or not overdrawn(request, slot.start, budgets):
                yield slot


def overdrawn(request: Request, start: int, budgets: Budgets) -> list[UUID]:
    """Whose month or week has not so many minutes left, the session's and those of their preparation."""
    if start < request.limited_from:
        return []
    return [person for person, minutes in request.spending() if not budgets.allow(person, start, minutes)]


def ranked(
    request: Request, weeks: Sequence[Hours], busy: Sequence[Sequence[Span]], borne: Borne, outside: int = 0
) -> Iterator[Slot]:
    """Every free time on the grid, best first; of equal ones the earliest.

    What counts is the share of whoever has borne most once this one is added, plus the delay since the due day.
    """
    distinct = tuple(sorted(set(weeks)))
    starts, mids = _starts(request, tuple(week.stretched(outside) for week in distinct))
    if not len(starts):
        return
    free = _free(starts, request.minutes, busy)
    starts, mids = starts[free], mids[free]
    strain: Floats = np.abs(starts[:, None] + request.minutes / 2 - mids)
    shares: Floats = strain + np.array([borne.get(week, 0.0) for week in distinct])
    due = minute(datetime.combine(request.due, time(), UTC))
    delay = DAY_COST * np.maximum(0, (starts - due) // 1440)
    cost: Floats = shares.max(axis=1) + TIE * strain.sum(axis=1) + delay
    for each in np.lexsort((starts, cost)):
        start = int(starts[each])
        yield Slot(start, start + request.minutes, float(strain[each].max()), outside)


def _starts(request: Request, weeks: tuple[Hours, ...]) -> tuple[Ints, Floats]:
    """Every start on the grid at which everybody works to the end, and the mid-days around it."""
    starts, mids = [], []
    for window in common_hours(weeks, request.due, request.last):
        first = -(-max(window.start, request.not_before) // GRID) * GRID
        grid = np.arange(first, window.end - request.minutes + 1, GRID, dtype=np.int64)
        if len(grid):
            starts.append(grid)
            mids.append(np.tile(np.array(window.mids), (len(grid), 1)))
    if not starts:
        return np.empty(0, np.int64), np.empty((0, len(weeks)))
    return np.concatenate(starts), np.concatenate(mids)


def _free(starts: Ints, minutes: int, busy: Sequence[Sequence[Span]]) -> npt.NDArray[np.bool_]:
    """Which starts collide with nothing: taken spans are merged, so the first that ends later decides."""
    merged: list[list[int]] = []
    for span in sorted({span for spans in busy for span in spans}):
        if merged and span.start <= merged[-1][1]:
            merged[-1][1] = max(merged[-1][1], span.end)
        else:
            merged.append([span.start, span.end])
    if not merged:
        return np.ones(len(starts), np.bool_)
    begins, ends = np.array(merged, np.int64).T
    following = np.searchsorted(ends, starts, side="right")
    begin = np.append(begins, np.iinfo(np.int64).max)[following]
    free: npt.NDArray[np.bool_] = begin >= starts + minutes
    return free


def strains(slot: Slot, weeks: Sequence[Hours]) -> dict[Hours, float]:
    """Minutes between a slot's middle and the mid-day of each way of working."""
    distinct = tuple(sorted(set(weeks)))
    around, day = moment(slot.start).date(), timedelta(days=1)
    longer = tuple(week.stretched(slot.outside) for week in distinct)
    for window in common_hours(longer, around - day, around + day):
        if window.start <= slot.start and slot.end <= window.end:
            middle = (slot.start + slot.end) / 2
            return {week: abs(middle - mid) for week, mid in zip(distinct, window.mids, strict=True)}
    return dict.fromkeys(distinct, slot.strain)


def fits(slot: Span, weeks: Sequence[Hours], busy: Sequence[Sequence[Span]]) -> bool:
    """Whether everybody works then and nobody is taken."""
    around, day = moment(slot.start).date(), timedelta(days=1)
    windows = common_hours(tuple(sorted(set(weeks))), around - day, around + day)
    clash = any(span.start < slot.end and slot.start < span.end for spans in busy for span in spans)
    return not clash and any(window.start <= slot.start and slot.end <= window.end for window in windows)


def why_not(request: Request, weeks: Sequence[Hours], busy: Sequence[Sequence[Span]]) -> str:
    """What was missing for a request that found no slot."""
    longest = tuple(sorted({week.stretched(request.stretch) for week in weeks}))
    if not len(_starts(request, longest)[0]):
        return "The members have no working hours in common"
    if next(ranked(request, weeks, busy, {}, request.stretch), None) is None:
        return "The members have no working hours in common that are free"
    return "A member's time budget is used up"
