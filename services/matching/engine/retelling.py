"""The reasons of a circle that stands, of who is in it now."""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple
from uuid import UUID

import numpy as np

from services.matching.engine import circle
from services.matching.engine.circle import NONE
from services.matching.engine.people import Problem, Term
from services.matching.engine.population import build

ANY_BAND = 1 << 30
LOAD = "facilitator_load"


class Standing(NamedTuple):
    """A circle as it is now; `load` is what its facilitator's other circles cost when they were given this one."""

    participants: Sequence[UUID]
    leader: UUID | None
    skill: str | None
    load: int


def retell(problem: Problem, circles: Sequence[Standing]) -> list[tuple[Term, ...]]:
    """The terms of each of these circles.

    One that has lost the mix it was formed with stands all the same, so no rule about the mix is asked here.
    """
    problem = replace(problem, recent=frozenset())  # by now they have met here
    pop = build(problem.people, problem.seed)
    people, weights = circle.folk(pop, problem), problem.rules.weights
    rules = circle.rule(problem)._replace(min_functions=0, band=ANY_BAND)
    topics = {skill: place for place, skill in enumerate(pop.skills)}
    told = []
    for each in circles:
        rows = [pop.index[one] for one in each.participants if one in pop.index]
        terms = circle.terms(pop, people, rules, rows, topics.get(each.skill or "", NONE)) if rows else []
        if each.leader in pop.index:
            terms.append(Term("neutral_facilitator", weights["neutral_facilitator"]))
            if weights["cross_unit"] and not np.any(pop.unit[rows] == pop.unit[pop.index[each.leader]]):
                terms.append(Term("facilitator_from_outside", weights["cross_unit"]))
            if each.load:
                terms.append(Term(LOAD, each.load))
        told.append(tuple(terms))
    return told
