"""Teachers whom everybody sees alike cost the same."""

import numpy as np

from services.matching.engine import market
from services.matching.engine.cells import cell_of
from services.matching.engine.compiled import EMPTY
from services.matching.engine.market import Market
from services.matching.engine.population import Ints, Population

FEW = 8
"""Teachers alike below which each has a price of their own."""


def kinds(pop: Population, laid: Market, needs: Ints) -> Ints:
    """For each person the number of those who teach alike, EMPTY where they are few.

    They offer the one thing that somebody asks of them, at one level and in one cell, and ask to be taught it at the
    same level or not at all. Who offers more is like nobody: each of it is wanted by others, at another price.
    Where that is more than one teacher in four, nobody is like anybody.
    """
    skill = pop.offers.skill[laid.offers.row]
    row = np.flatnonzero(np.isin(skill, pop.needs.skill[needs]))
    teacher, cell = laid.offers.teacher[row].astype(np.int64), cell_of(laid.cells)[row].astype(np.int64)
    level = market.asked(pop, needs, teacher, skill[row])
    _, group, size = np.unique(cell * (market.UNASKED + 1) + level, return_inverse=True, return_counts=True)
    kind = np.full(len(pop), EMPTY, np.int64)
    one = (np.bincount(teacher, minlength=len(pop))[teacher] == 1) & (size[group] >= FEW)
    kind[teacher[one]] = group[one]
    if 4 * np.count_nonzero(kind != EMPTY) < 3 * len(np.unique(teacher)):
        kind[:] = EMPTY
    return kind


def even(price: Ints, kind: Ints) -> Ints:
    """Prices at their mean among those alike."""
    many = np.flatnonzero(kind != EMPTY)
    count = np.bincount(kind[many], minlength=1)
    total = np.zeros(len(count), np.int64)
    np.add.at(total, kind[many], price[many])
    evened = price.copy()
    evened[many] = (total // np.maximum(1, count))[kind[many]]
    return evened
