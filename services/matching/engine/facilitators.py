"""A neutral facilitator for each circle: above nobody in it, at any distance, and no harder worked than the others."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import numpy as np

from services.matching.engine import assign
from services.matching.engine.constraints import pack
from services.matching.engine.people import Problem, Term
from services.matching.engine.population import Bools, Ints, Population, build, contains

STAGES = ("not_available", "not_neutral", "no_common_language", "too_few_common_hours")


@dataclass(frozen=True)
class Facilitator:
    """A person's row and the terms they add to the circle's score."""

    person: int
    terms: tuple[Term, ...]


def eligible(pop: Population, problem: Problem, members: Ints) -> Ints:
    """Rows of the people who may facilitate these members."""
    pool = np.flatnonzero(pop.ready & pop.available & (pop.facilitating < problem.rules.facilitator_circles))
    one, all_ = pool[:, None], members[None, :]
    failed = pack(
        np.asarray(contains(pop.apart, pop.keys(one, all_)).any(1)),
        _not_neutral(pop, one, all_),
        (pop.languages[pool] & np.bitwise_and.reduce(pop.languages[members]) == 0).all(-1),
        _too_few(pop, problem, pool, members),
    )
    found: Ints = pool[failed == 0]
    return found


def _not_neutral(pop: Population, one: Ints, members: Ints) -> Bools:
    return np.asarray((pop.above(one, members) | (one == members)).any(1))


def _too_few(pop: Population, problem: Problem, pool: Ints, members: Ints) -> Bools:
    common = pop.hours[pool] & np.bitwise_and.reduce(pop.hours[members])
    days = pop.days[pool] & np.bitwise_and.reduce(pop.days[members])
    short: Bools = (np.bitwise_count(common) < problem.rules.common_half_hours) | (days == 0)
    return short


def choose(pop: Population, problem: Problem, circles: Sequence[Ints]) -> list[Facilitator | None]:
    """One facilitator a circle, None where nobody may; together as good and as evenly loaded as can be."""
    weights = problem.rules.weights
    pools = [eligible(pop, problem, members) for members in circles]
    if not any(len(pool) for pool in pools):
        return [None] * len(circles)
    row = np.repeat(np.arange(len(circles)), [len(pool) for pool in pools])
    column = np.concatenate(pools)
    outside = np.concatenate(
        [~np.isin(pop.unit[pool], pop.unit[members]) for pool, members in zip(pools, circles, strict=True)]
    )
    anchor = np.array([members[0] for members in circles], np.int64)
    score = weights["neutral_facilitator"] + weights["cross_unit"] * outside
    graph = assign.Graph(
        row=row,
        column=column,
        score=score.astype(np.int64),
        lot=pop.draw(anchor[row], column),
        rows=len(circles),
        load=pop.facilitating,
        slots=np.where(pop.ready, np.maximum(0, problem.rules.facilitator_circles - pop.facilitating), 0),
        cost=lambda load: np.minimum(weights["facilitator_load"] * load, weights["neutral_facilitator"] - 1),
    )
    choice = assign.solve(graph)
    chosen: list[Facilitator | None] = [None] * len(circles)
    for place, cost in zip(choice.edges.tolist(), choice.cost.tolist(), strict=True):
        terms = [Term("neutral_facilitator", weights["neutral_facilitator"])]
        if outside[place] and weights["cross_unit"]:
            terms.append(Term("facilitator_from_outside", weights["cross_unit"]))
        if cost:
            terms.append(Term("facilitator_load", -int(cost)))
        chosen[int(row[place])] = Facilitator(int(column[place]), tuple(terms))
    return chosen


def find(problem: Problem, circles: Sequence[Sequence[UUID]]) -> list[UUID | None]:
    """Facilitators for circles that stand already, None where nobody may."""
    pop = build(problem.people, problem.seed)
    rows = [np.array([pop.index[person] for person in circle if person in pop.index], np.int64) for circle in circles]
    return [None if found is None else pop.ids[found.person] for found in choose(pop, problem, rows)]
