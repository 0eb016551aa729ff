"""A place in a circle that stands, for whoever lost theirs: under the constraints the circle was formed by."""

from collections.abc import Sequence
from uuid import UUID

import numpy as np

from services.matching.engine import circle
from services.matching.engine.circle import NONE, TERMS, Folk, Rule
from services.matching.engine.facilitators import may_lead
from services.matching.engine.people import Problem
from services.matching.engine.population import Population, build


def join(
    problem: Problem, people: Sequence[UUID], circles: Sequence[Sequence[UUID]], leaders: Sequence[UUID | None]
) -> list[int | None]:
    """For each person the circle they fit in, the smallest first; None where they fit in none.

    Nobody joins a circle that would stay below the least size with all who do.
    """
    pop = build(problem.people, problem.seed)
    folk, rule = circle.folk(pop, problem), circle.rule(problem)
    open_ = list(range(len(circles)))
    while True:
        rows = [[pop.index[one] for one in each if one in pop.index] for each in circles]
        found = _join(pop, folk, rule, problem, people, rows, leaders, open_)
        short = {at for at in found if at is not None and len(rows[at]) < problem.size_min}
        if not short:
            return found
        open_ = [at for at in open_ if at not in short]


def _join(
    pop: Population,
    folk: Folk,
    rule: Rule,
    problem: Problem,
    people: Sequence[UUID],
    rows: list[list[int]],
    leaders: Sequence[UUID | None],
    open_: Sequence[int],
) -> list[int | None]:
    """One after the other into the circles that are open; their `rows` grow."""
    found: list[int | None] = []
    for person in people:
        row = pop.index.get(person, NONE)
        smallest = sorted(open_, key=lambda at: (len(rows[at]), at))
        fitting = (
            at
            for at in smallest
            if row != NONE
            and pop.available[row]
            and len(rows[at]) < problem.size_max
            and _fits(pop, folk, rule, rows[at], row, leaders[at])
        )
        place = next(fitting, None)
        if place is not None:
            rows[place].append(row)
        found.append(place)
    return found


def _fits(pop: Population, folk: Folk, rule: Rule, inside: list[int], row: int, leader: UUID | None) -> bool:
    """Whether a person may be in a circle with these people and this facilitator."""
    size = len(inside) + 1
    members = np.array([*inside, row, 0], np.int64)
    if not circle.tell(folk, rule, members[:size], size, NONE, np.zeros(len(TERMS), np.int64)):
        return False
    return leader is None or (leader in pop.index and bool(may_lead(folk, rule, members, size, pop.index[leader])))
