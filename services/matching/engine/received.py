"""How pairs more or less alike were received: how useful those who learnt found their sessions, in classes of pairs."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from fractions import Fraction
from itertools import product
from types import MappingProxyType

import numpy as np

from services.matching.engine.compiled import lean
from services.matching.engine.people import Heard, Problem
from services.matching.engine.population import Bools, Ints, Population

FAR = 2
"""Job levels between two people from which more of them make no other class."""
PRIOR = 25
"""Answers like the mean of all that each class has beside its own.

Answers differ by about one, the means of classes by about a fifth: the one squared by the other squared.
"""
LEAST = 20
"""Answers to pairs of a class below which they say nothing."""
FULL = 2
"""A class has all the points from half a step (of one to five) above the mean on: one over that."""


@lean
def number(another_unit: bool, same_site: bool, apart: int) -> int:
    """The number of a class, by what it is made of; `apart` is how many job levels are between the two."""
    return (2 * int(another_unit) + int(same_site)) * (FAR + 1) + min(apart, FAR)


def likeness(*, another_unit: bool, same_site: bool, apart: int) -> str:
    """The name of a class, as events have it."""
    unit, site = ("another" if another_unit else "same"), ("same" if same_site else "another")
    return f"{unit}_unit.{site}_site.{min(apart, FAR)}"


CLASSES: Mapping[str, int] = MappingProxyType(
    {
        likeness(another_unit=unit, same_site=site, apart=apart): number
        for number, (unit, site, apart) in enumerate(product((False, True), (False, True), range(FAR + 1)))
    }
)
"""Their numbers, as `number` counts them."""


def points(heard: Iterable[Heard], most: int, *, sites: bool) -> Ints:
    """Points for a pair of each class, by its number; without `sites` it is all the same where the two work.

    The mean of a class is drawn towards that of all by PRIOR answers, and what it is above that brings points.
    """
    known = [one for one in heard if one.likeness in CLASSES]
    totals: dict[str, tuple[int, int]] = defaultdict(lambda: (0, 0))
    for one in known:
        answers, total = totals[one.format]
        totals[one.format] = answers + one.answers, total + one.usefulness
    ahead: dict[int, Fraction] = defaultdict(Fraction)
    many: dict[int, int] = defaultdict(int)
    for one in known:
        kind = _regardless(CLASSES[one.likeness], sites=sites)
        answers, total = totals[one.format]
        ahead[kind] += one.usefulness - one.answers * Fraction(total, answers)
        many[kind] += one.answers
    found = np.zeros(len(CLASSES), np.int64)
    for number in CLASSES.values():
        kind = _regardless(number, sites=sites)
        if many[kind] >= LEAST:
            found[number] = max(0, min(most, int(most * FULL * ahead[kind] / (PRIOR + many[kind]))))
    return found


def _regardless(number: int, *, sites: bool) -> int:
    """A class, or the one of them that stands for all that differ in the site alone."""
    same_site = number // (FAR + 1) % 2
    return number if sites else number - same_site * (FAR + 1)


def of_problem(problem: Problem) -> Ints:
    """Points for a pair of each class in a round."""
    return points(problem.heard, problem.rules.weights["well_received"], sites=problem.in_person)


def of(pop: Population, problem: Problem, left: Ints, right: Ints) -> Ints:
    """Points for each of these pairs."""
    another_unit: Bools = pop.unit[left] != pop.unit[right]
    same_site: Bools = pop.site[left] == pop.site[right]
    apart = np.minimum(np.abs(pop.level[left] - pop.level[right]), FAR)
    found: Ints = of_problem(problem)[(2 * another_unit + same_site) * (FAR + 1) + apart]
    return found
