"""Hard constraints: each a reason code, in the order they are tried; a pair that breaks one is never formed."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from services.matching.engine.people import Count, Unmatched
from services.matching.engine.population import Bools, Ints, Population, contains

Failures = NDArray[np.uint16]
"""One bit per constraint a pair breaks, in the order of its stages."""


def speechless(pop: Population, left: Ints, right: Ints) -> Bools:
    """They have no language in common."""
    common = pop.languages[left] & pop.languages[right]
    return np.asarray(~common.any(axis=-1))


def few_hours(pop: Population, left: Ints, right: Ints, half_hours: int) -> Bools:
    """Their working days have too few half-hours, or no weekday, in common."""
    short = np.bitwise_count(pop.hours[left] & pop.hours[right]) < half_hours
    few: Bools = short | ((pop.days[left] & pop.days[right]) == 0)
    return few


def in_line(pop: Population, left: Ints, right: Ints) -> Bools:
    """One reports to the other."""
    line: Bools = (pop.manager[left] == right) | (pop.manager[right] == left)
    return line


def above_or_below(pop: Population, left: Ints, right: Ints) -> Bools:
    """One stands above the other, at any distance."""
    return pop.above(left, right) | pop.above(right, left)


def unavailable(pop: Population, left: Ints, right: Ints) -> Bools:
    """`right` may not be offered to `left`. Why stays here: a confidential wish looks like any other absence."""
    return ~pop.available[right] | contains(pop.apart, pop.keys(left, right))


def pack(*broken: Bools) -> Failures:
    """One bit per constraint, the first tried lowest."""
    bits = np.zeros(broken[0].shape, np.uint16)
    for place, mask in enumerate(broken):
        bits |= mask.astype(np.uint16) << np.uint16(place)
    return bits


class Funnel:
    """Counts, for each row asked about, how many candidates every stage leaves and each one alone holds back."""

    def __init__(self, stages: Sequence[str], rows: int) -> None:
        self._stages = tuple(stages)
        self._left = np.zeros((rows, len(stages)), np.int64)
        self._opens = np.zeros((rows, len(stages)), np.int64)

    def add_one(self, row: int, failed: Failures) -> None:
        """Count candidates considered for one row."""
        passed = np.ones(len(failed), np.bool_)
        for place in range(len(self._stages)):
            bit = np.uint16(1 << place)
            passed = passed & ((failed & bit) == 0)
            self._left[row, place] += np.count_nonzero(passed)
            self._opens[row, place] += np.count_nonzero(failed == bit)

    def explain(self, pop: Population, person: int, row: int, otherwise: str) -> Unmatched:
        """The first stage that left nobody; `otherwise` when candidates were left and others got them."""
        left = [Count(stage, int(count)) for stage, count in zip(self._stages, self._left[row], strict=True)]
        opens = zip(self._stages, self._opens[row].tolist(), strict=True)
        return Unmatched(
            person=pop.ids[person],
            reason=next((stage for stage, count in left if count == 0), otherwise),
            left=tuple(left),
            opens=tuple(Count(stage, count) for stage, count in opens if count),
        )
