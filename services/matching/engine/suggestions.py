"""Whom one person could learn from: the same constraints and scores as a round, for one, without a choice."""

from uuid import UUID

import numpy as np

from services.matching.engine import candidates
from services.matching.engine.people import Match, Problem
from services.matching.engine.population import build


def suggest(problem: Problem, person: UUID, limit: int) -> list[Match]:
    """The best `limit` teachers for a person, best first. Nobody who breaks a hard constraint is among them."""
    pop = build(problem.people, problem.seed)
    row = pop.index.get(person)
    if row is None:
        return []
    row_of = np.full(len(pop), 0, np.int64)
    found = candidates.edges(pop, problem, np.flatnonzero(pop.needs.person == row), row_of, 1)
    lots = pop.draw(found.pairs.learner, found.pairs.teacher)
    best = np.lexsort((-lots, -found.score))[:limit]
    pairs = found.pairs.take(best)
    mutual = found.pairs.learner * len(pop) + found.pairs.teacher
    return [
        Match(((person, "learner"), (pop.ids[teacher], "teacher")), pop.skills[skill], terms)
        for teacher, skill, terms in zip(
            pairs.teacher.tolist(), pairs.skill.tolist(), candidates.explain(pop, problem, pairs, mutual), strict=True
        )
    ]
