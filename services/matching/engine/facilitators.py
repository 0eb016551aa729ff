"""A neutral facilitator for each circle: above nobody in it, at any distance, and by a fair, weighted rota."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

import numpy as np

from services.matching.engine import assign, circle
from services.matching.engine.circle import IMPOSSIBLE, NONE, Folk, Rule, can_meet, worth
from services.matching.engine.compiled import compiled, ones
from services.matching.engine.forming import Circles
from services.matching.engine.people import Problem, Term
from services.matching.engine.population import Ints, Population, build

LISTED = 40
"""Facilitators listed for a circle."""
TRIED_INSTEAD = 200
"""People without a circle who are tried in the place of a member who leads it."""
WHOLE = 100
"""The share of a month's agreed time, in this many parts of the pool's mean, that one circle takes."""


@dataclass(frozen=True)
class Facilitator:
    """A person's row and the terms they add to the circle's score."""

    person: int
    terms: tuple[Term, ...]


def rota(pop: Population, pool: Ints) -> tuple[Ints, Ints]:
    """What each person carries of their agreed time this month, and what one more circle adds to it.

    The rule is that of sessions: the least assigned for each agreed minute, and whoever became ready this month begins
    at the mean of the others, weighted by the time they give: nobody is flooded for having led nothing yet.
    """
    load, unit = np.zeros(len(pop), np.int64), np.full(len(pop), WHOLE, np.int64)
    if len(pool):
        whole = WHOLE * pop.agreed[pool].mean()
        unit[pool] = np.maximum(1, whole / pop.agreed[pool]).astype(np.int64)
        load[pool] = pop.hosted[pool] * unit[pool]
        is_new = pop.new_host[pool]
        new, others = pool[is_new], pool[~is_new]
        if len(others):
            load[new] += int(whole * pop.hosted[others].sum() / pop.agreed[others].sum())
    return load, unit


class Pool(NamedTuple):
    """Who may lead, least loaded first; for everybody how many circles more they may lead and what each one costs."""

    people: Ints
    room: Ints
    load: Ints
    unit: Ints
    cost: assign.Cost


def pool_of(pop: Population, problem: Problem) -> Pool:
    """Everybody ready to lead, by the rules of the rota."""
    weights = problem.rules.weights
    free = pop.ready & pop.available & (pop.places > 0) & (pop.facilitating < problem.rules.facilitator_circles)
    pool = np.flatnonzero(free)
    load, unit = rota(pop, pool)
    room = np.minimum(problem.rules.facilitator_circles - pop.facilitating, pop.places)
    return Pool(
        people=pool[np.lexsort((pop.lots[pool], load[pool]))],
        room=np.where(free, room, 0),
        load=load,
        unit=unit,
        cost=lambda load: np.minimum(weights["facilitator_load"] * load // WHOLE, weights["neutral_facilitator"] - 1),
    )


def most(pop: Population, problem: Problem) -> Ints:
    """What 0, 1, 2 and more facilitators could bring at the most: everybody neutral, from outside, the freest first.

    No longer than there are circles that could be led.
    """
    weights, pool = problem.rules.weights, pool_of(pop, problem)
    slots = assign.Slots(pool.room, pool.load, pool.cost, pool.unit)
    each = weights["neutral_facilitator"] + weights["cross_unit"] - np.sort(slots.cost)
    return np.concatenate(([0], np.cumsum(each)))


def choose(pop: Population, problem: Problem, circles: Circles) -> list[Facilitator | None]:
    """One facilitator a circle, None where nobody may; together as good and as evenly loaded as can be.

    Where fewer are ready than there are circles, those worth most are led.
    """
    weights = problem.rules.weights
    count = len(circles.size)
    pool = pool_of(pop, problem)
    people, rules = circle.folk(pop, problem), circle.rule(problem)
    row, column, outside = _list(people, rules, circles, pool.people, pop.unit, LISTED)
    if not len(row):
        return [None] * count
    value = np.array([worth(people, rules, *one) for one in zip(*circles, strict=True)], np.int64)
    graph = assign.Graph(
        row=row,
        column=column,
        score=np.maximum(0, value)[row] + weights["neutral_facilitator"] + weights["cross_unit"] * outside,
        lot=pop.draw(circles.members[row, 0], column),
        rows=count,
        load=pool.load,
        slots=pool.room,
        cost=pool.cost,
        unit=pool.unit,
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


class Led(NamedTuple):
    """Who leads a circle, and what that adds to its reasons."""

    person: UUID
    terms: tuple[Term, ...]


def find(problem: Problem, circles: Sequence[Sequence[UUID]]) -> list[Led | None]:
    """Facilitators for circles that stand already, None where nobody may."""
    if not circles:
        return []
    pop = build(problem.people, problem.seed)
    known = [[pop.index[person] for person in each if person in pop.index] for each in circles]
    most = max((len(each) for each in known), default=0)
    members = np.array([[*each, *([0] * (most + 1 - len(each)))] for each in known], np.int64).reshape(len(known), -1)
    sizes = np.array([len(each) for each in known], np.int64)
    laid = Circles(members, sizes, np.full(len(known), NONE, np.int64))
    return [None if found is None else Led(pop.ids[found.person], found.terms) for found in choose(pop, problem, laid)]


def step_out(
    pop: Population, people: Folk, rules: Rule, problem: Problem, circles: Circles, leaderless: Ints, waiting: Ints
) -> bool:
    """Of circles that nobody may lead let a member out who may, for one who waits or for nobody; whether any did.

    Where few are ready a circle may hold all who could have led it.
    """
    pool = pool_of(pop, problem)
    waiting = waiting[np.argsort(pop.lots[waiting], kind="stable")][:TRIED_INSTEAD]
    return bool(_step_out(people, rules, circles, leaderless, pool.room, waiting, problem.size_min))


@compiled
def _step_out(
    people: Folk, rules: Rule, circles: Circles, leaderless: Ints, room: Ints, waiting: Ints, least: int
) -> int:
    changed = 0
    for at in leaderless:
        size, topic = circles.size[at], circles.topic[at]
        best, leaver, entrant = IMPOSSIBLE, NONE, NONE
        for place in range(size):
            person = circles.members[at, place]
            if room[person] == 0:
                continue
            members = circles.members[at].copy()
            members[place] = members[size - 1]
            if size > least:
                value = worth(people, rules, members, size - 1, topic)
                if value > best and may_lead(people, rules, members, size - 1, person):
                    best, leaver, entrant = value, place, NONE
            for look in range(len(waiting)):
                members[size - 1] = waiting[look]
                value = worth(people, rules, members, size, topic)
                if value > best and may_lead(people, rules, members, size, person):
                    best, leaver, entrant = value, place, look
        if leaver == NONE:
            continue
        changed += 1
        person = circles.members[at, leaver]
        room[person] -= 1
        if entrant == NONE:
            circles.members[at, leaver] = circles.members[at, size - 1]
            circles.size[at] -= 1
        else:
            circles.members[at, leaver] = waiting[entrant]
            waiting[entrant] = person
    return changed


@compiled
def may_lead(people: Folk, rules: Rule, members: Ints, size: int, person: int) -> bool:
    """Whether a person is above no member and apart from none, and can meet and talk with all of them."""
    members[size] = person
    return neutral(people, members, size, person) and can_meet(people, rules, members, size + 1) != IMPOSSIBLE


@compiled
def neutral(people: Folk, members: Ints, size: int, person: int) -> bool:
    """Whether a person is no member, above none and apart from none, by no wish and by no way."""
    if size and people.place[person] != people.place[members[0]]:
        return False
    for place in range(size):
        member = members[place]
        if member == person or people.enters[person] < people.enters[member] <= people.leaves[person]:
            return False
        for barred in range(people.barred_at[person], people.barred_at[person + 1]):
            if people.barred[barred] == member:
                return False
    return True


@compiled
def _list(people: Folk, rules: Rule, circles: Circles, pool: Ints, unit: Ints, listed: int) -> tuple[Ints, Ints, Ints]:
    """Up to `listed` facilitators for each circle: the least loaded there are, as many as circles, work its hours.

    Of these each circle begins elsewhere, and goes on with the others where too few may lead. What its members have in
    common is laid out once; most people of the pool work at other hours, which one look tells.
    """
    count = len(circles.size)
    row = np.empty(count * min(listed, len(pool)), np.int64)
    column = np.empty(len(row), np.int64)
    outside = np.empty(len(row), np.int64)
    pool_hours = people.hours[pool]
    week, spoken = np.empty(people.week.shape[1], np.uint64), np.empty(people.languages.shape[1], np.uint64)
    awake = np.empty(len(pool), np.int64)
    found = 0
    for at in range(count):
        size, members = circles.size[at], circles.members[at]
        began = found
        hours = ~np.uint64(0)
        week[:], spoken[:] = hours, hours
        for place in range(size):
            hours &= people.hours[members[place]]
            week &= people.week[members[place]]
            spoken &= people.languages[members[place]]
        many = 0
        for place in range(len(pool)):
            if ones(hours & pool_hours[place]) >= rules.half_hours:
                awake[many] = pool[place]
                many += 1
        first = min(many, max(listed, count))
        for look in range(many):
            if found - began == listed or size == 0:
                break
            rest = many - first
            near = look < first
            person = awake[(at * 7919 + look) % first if near else first + (at * 7919 + look) % rest]
            both, talk = np.uint64(0), False
            for day in range(len(week)):
                both |= week[day] & people.week[person, day]
            for word in range(len(spoken)):
                talk = talk or spoken[word] & people.languages[person, word] != 0
            if talk and ones(both) >= rules.half_hours and neutral(people, members, size, person):
                row[found], column[found], outside[found] = at, person, 1
                for place in range(size):
                    if unit[members[place]] == unit[person]:
                        outside[found] = 0
                found += 1
    return row[:found], column[:found], outside[:found]
