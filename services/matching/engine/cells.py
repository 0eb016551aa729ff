"""Offers of one skill and level whose teachers work at the same half-hours, side by side."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from services.matching.engine.compiled import EMPTY, compiled, mix
from services.matching.engine.population import Bools, Ints, Masks, Population

LEVELS = 6
PARTED = 128
"""Offers of a cell above which those of teachers of another rank, liked hours or site are a cell of their own."""


class Cells(NamedTuple):
    """Runs of offers of one skill and level whose teachers work at the same half-hours of the week.

    The cells from `at[skill * LEVELS + level]` on are theirs, the offers `start[c]:start[c + 1]` those of cell `c`.
    """

    at: Ints
    start: Ints
    hours: Masks
    week: Masks
    even: Bools
    """Whether all its teachers are of one rank and site and like the same hours."""


def lay(pop: Population, teaches: Bools, likeness: Sequence[NDArray[Any]]) -> tuple[Cells, Ints, NDArray[np.int32]]:
    """The cells, the rows of the population's offers in their order, and which of all weeks everybody works.

    `likeness` are columns of what else a teacher is scored by, the same of everybody in a cell.
    """
    row = np.flatnonzero(teaches[pop.offers.person])
    level = np.clip(pop.offers.level[row], 0, LEVELS - 1)
    person = pop.offers.person[row]
    first, kind = _kinds(pop.week)
    order = np.lexsort((person, kind[person], level, pop.offers.skill[row]))
    row, person = row[order], person[order]
    bucket, at_work = pop.offers.skill[row] * LEVELS + level[order], kind[person]
    cell = np.cumsum(differ(bucket, at_work)) - 1
    for column in likeness:
        cell, within = _parted(cell, column[person])
        row, person = row[within], person[within]
    new = differ(cell)
    start, uneven = np.flatnonzero(new), ~new & differ(*(column[person] for column in likeness))
    at = np.searchsorted(bucket[start], np.arange(len(pop.skills) * LEVELS + 1)).astype(np.int64)
    week = pop.week[first[at_work[start]]]
    even = np.bincount(cell[uneven], minlength=len(start)) == 0
    return Cells(at, np.append(start, len(row)).astype(np.int64), pop.hours[person[start]], week, even), row, kind


def differ(*columns: NDArray[Any]) -> Bools:
    """Where rows differ from the one before, and the first."""
    new = np.zeros(len(columns[0]) if columns else 0, np.bool_)
    for column in columns:
        new[1:] |= column[1:] != column[:-1]
    new[:1] = True
    return new


def _parted(cell: Ints, column: NDArray[Any]) -> tuple[Ints, Ints]:
    """Large cells parted by a column: the number of each row's cell, and the order the rows then lie in."""
    within = np.arange(len(cell))
    large = np.flatnonzero(np.bincount(cell, minlength=1)[cell] > PARTED)
    within[large] = large[np.lexsort((column[large], cell[large]))]
    part = np.zeros(len(cell), column.dtype)
    part[large] = column[within[large]]
    return np.cumsum(differ(cell, part)) - 1, within


@compiled
def _kinds(week: Masks) -> tuple[Ints, NDArray[np.int32]]:
    """The first row of each kind of week, and which kind every row is."""
    size = 1
    while size < 2 * len(week):
        size *= 2
    table = np.full(size, EMPTY, np.int32)
    first, kind, count = np.empty(len(week), np.int64), np.empty(len(week), np.int32), 0
    for row in range(len(week)):
        key = np.uint64(0)
        for day in range(week.shape[1]):
            key = mix(key ^ week[row, day])
        place = np.int64(key & np.uint64(size - 1))
        while table[place] != EMPTY and (week[first[table[place]]] != week[row]).any():
            place = (place + 1) % size
        if table[place] == EMPTY:
            table[place], first[count] = count, row
            count += 1
        kind[row] = table[place]
    return first[:count].copy(), kind


def cell_of(cells: Cells) -> NDArray[np.int32]:
    """Of each offer."""
    return np.repeat(np.arange(len(cells.hours), dtype=np.int32), np.diff(cells.start))
