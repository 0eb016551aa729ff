"""A handful of colleagues a newcomer should meet beside their buddy: near, and not all of one team."""

from uuid import UUID

import numpy as np

from services.matching.engine import buddies
from services.matching.engine.constraints import apart, few_hours, in_line, speechless, unavailable
from services.matching.engine.people import Match, Problem, Term
from services.matching.engine.population import Population, build

HANDFUL = 5
ANOTHER_UNIT = 10
"""What a unit nobody chosen so far is from is worth: five from one team are one introduction."""
LOOKED_AT = 200


def introduce(problem: Problem, wanted: dict[UUID, int], known: dict[UUID, frozenset[UUID]]) -> list[Match]:
    """So many colleagues for each newcomer, best first; `known` are those they have met or are about to."""
    pop = build(problem.people, problem.seed)
    return [
        match
        for newcomer in sorted(wanted)
        if newcomer in pop.index
        for match in _for_one(pop, problem, newcomer, wanted[newcomer], known.get(newcomer, frozenset()))
    ]


def _for_one(pop: Population, problem: Problem, newcomer: UUID, count: int, known: frozenset[UUID]) -> list[Match]:
    row = pop.index[newcomer]
    everybody = np.arange(len(pop))
    left = np.full(len(pop), row)
    barred = np.isin(everybody, [pop.index[one] for one in known if one in pop.index])
    fits = ~(
        barred
        | (everybody == row)
        | (pop.tenure < 0)
        | unavailable(pop, left, everybody)
        | apart(pop, left, everybody)
        | in_line(pop, left, everybody)
        | speechless(pop, left, everybody)
        | few_hours(pop, left, everybody, problem.rules.common_half_hours)
    )
    near = np.flatnonzero(fits)
    found = buddies.terms(pop, problem, np.full(len(near), row), near)
    del found["experienced"], found["well_received"]  # a colleague is met once, and nobody is asked how that was
    score = np.array(sum(found.values()), np.int64)
    order = np.lexsort((pop.draw(np.full(len(near), row), near), -score))[:LOOKED_AT]
    chosen: list[int] = []
    seen: set[int] = set()
    while len(chosen) < min(count, len(order)):
        rest = [place for place in order.tolist() if place not in chosen]
        best = max(rest, key=lambda place: score[place] + ANOTHER_UNIT * (int(pop.unit[near[place]]) not in seen))
        chosen.append(best)
        seen.add(int(pop.unit[near[best]]))
    return [
        Match(
            ((newcomer, "newcomer"), (pop.ids[int(near[place])], "colleague")),
            None,
            tuple(Term(code, int(points[place])) for code, points in found.items() if points[place]),
        )
        for place in chosen
    ]
