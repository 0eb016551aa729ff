"""Whether people who were brought together may still meet: the constraints of a round, asked of what stands."""

from collections.abc import Sequence
from uuid import UUID

import numpy as np

from services.matching.engine.people import Problem
from services.matching.engine.population import Ints, Population, build


def hindrance(problem: Problem, members: Sequence[Sequence[UUID]]) -> list[str | None]:
    """For each match the constraint its people break by now, None where it holds."""
    pop = build(problem.people, problem.seed)
    return [_hindrance(pop, problem, [pop.index[one] for one in each if one in pop.index]) for each in members]


def _hindrance(pop: Population, problem: Problem, rows: list[int]) -> str | None:
    together: Ints = np.array(rows, np.int64)
    if len(together) < 2:  # noqa: PLR2004 - nobody to meet
        return None
    if not np.bitwise_and.reduce(pop.languages[together], axis=0).any():
        return "no_common_language"
    common = np.bitwise_or.reduce(np.bitwise_and.reduce(pop.week[together], axis=0))
    if np.bitwise_count(common) < problem.rules.common_half_hours:
        return "too_few_common_hours"
    if problem.one_site and (pop.site[together] != pop.site[together[0]]).any():
        return "another_site"
    return None
