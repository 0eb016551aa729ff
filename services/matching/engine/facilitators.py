"""A neutral facilitator for each circle: above nobody in it, at any distance, and by a fair, weighted rota."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import numpy as np

from services.matching.engine import assign, circle
from services.matching.engine.circle import IMPOSSIBLE, NONE, Folk, Rule, can_meet
from services.matching.engine.compiled import compiled
from services.matching.engine.forming import Circles
from services.matching.engine.people import Problem, Term
from services.matching.engine.population import Ints, Population, build

LISTED = 40
"""Facilitators listed for a circle."""
WHOLE = 100
"""The share of a month's agreed time, in this many parts of the pool's mean, that one circle takes."""
NEW_DAYS = 30
"""Who is this new starts at the pool's mean: nobody is flooded for having led nothing yet."""


@dataclass(frozen=True)
class Facilitator:
    """A person's row and the terms they add to the circle's score."""

    person: int
    terms: tuple[Term, ...]


def rota(pop: Population, pool: Ints) -> tuple[Ints, Ints]:
    """What each person carries of their agreed time this month, and what one more circle adds to it."""
    load, unit = np.zeros(len(pop), np.int64), np.full(len(pop), WHOLE, np.int64)
    if len(pool):
        unit[pool] = np.maximum(1, WHOLE * pop.agreed[pool].mean() / pop.agreed[pool]).astype(np.int64)
        load[pool] = pop.hosted[pool] * unit[pool]
        new = pool[(pop.tenure[pool] < NEW_DAYS) & (pop.hosted[pool] == 0)]
        load[new] = int(load[pool].mean())
    return load, unit


def choose(pop: Population, problem: Problem, circles: Circles) -> list[Facilitator | None]:
    """One facilitator a circle, None where nobody may; together as good and as evenly loaded as can be."""
    weights = problem.rules.weights
    count = len(circles.size)
    free = pop.ready & pop.available & (pop.places > 0) & (pop.facilitating < problem.rules.facilitator_circles)
    pool = np.flatnonzero(free)
    load, unit = rota(pop, pool)
    pool = pool[np.lexsort((pop.lots[pool], load[pool]))]
    row, column, outside = _list(circle.folk(pop, problem), circle.rule(problem), circles, pool, pop.unit, LISTED)
    if not len(row):
        return [None] * count
    room = np.minimum(problem.rules.facilitator_circles - pop.facilitating, pop.places)
    graph = assign.Graph(
        row=row,
        column=column,
        score=weights["neutral_facilitator"] + weights["cross_unit"] * outside,
        lot=pop.draw(circles.members[row, 0], column),
        rows=count,
        load=load,
        slots=np.where(free, room, 0),
        cost=lambda load: np.minimum(weights["facilitator_load"] * load // WHOLE, weights["neutral_facilitator"] - 1),
        unit=unit,
    )
    choice = assign.solve(graph)
    chosen: list[Facilitator | None] = [None] * count
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
    known = [[pop.index[person] for person in each if person in pop.index] for each in circles]
    most = max((len(each) for each in known), default=0)
    members = np.array([[*each, *([0] * (most + 1 - len(each)))] for each in known], np.int64).reshape(len(known), -1)
    sizes = np.array([len(each) for each in known], np.int64)
    laid = Circles(members, sizes, np.full(len(known), NONE, np.int64))
    return [None if found is None else pop.ids[found.person] for found in choose(pop, problem, laid)]


@compiled
def may_lead(people: Folk, rules: Rule, members: Ints, size: int, person: int) -> bool:
    """Whether a person is above no member and apart from none, and can meet and talk with all of them."""
    for place in range(size):
        member = members[place]
        if member == person or people.enters[person] < people.enters[member] <= people.leaves[person]:
            return False
        for barred in range(people.barred_at[person], people.barred_at[person + 1]):
            if people.barred[barred] == member:
                return False
    members[size] = person
    return can_meet(people, rules, members, size + 1) != IMPOSSIBLE


@compiled
def _list(people: Folk, rules: Rule, circles: Circles, pool: Ints, unit: Ints, listed: int) -> tuple[Ints, Ints, Ints]:
    """Up to `listed` facilitators for each circle, each circle beginning elsewhere in the pool."""
    count = len(circles.size)
    row = np.empty(count * min(listed, len(pool)), np.int64)
    column = np.empty(len(row), np.int64)
    outside = np.empty(len(row), np.int64)
    found = 0
    for at in range(count):
        size = circles.size[at]
        members = circles.members[at].copy()
        began = found
        for look in range(len(pool)):
            if found - began == listed or size == 0:
                break
            person = pool[(at * 7919 + look) % len(pool)]
            if may_lead(people, rules, members, size, person):
                row[found], column[found], outside[found] = at, person, 1
                for place in range(size):
                    if unit[members[place]] == unit[person]:
                        outside[found] = 0
                found += 1
    return row[:found], column[:found], outside[:found]
