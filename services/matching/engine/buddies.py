"""A buddy for every newcomer: somebody near them who has been here for a while and has room for one more."""

from time import perf_counter
from typing import NamedTuple

import numpy as np

from services.matching.engine import assign, received
from services.matching.engine.candidates import suits, total
from services.matching.engine.constraints import (
    SITE,
    Failures,
    Funnel,
    apart,
    elsewhere,
    few_hours,
    in_line,
    own,
    pack,
    speechless,
    unavailable,
)
from services.matching.engine.listing import SCALE
from services.matching.engine.market import waited
from services.matching.engine.people import Change, Match, Outcome, Problem, Term, Unmatched
from services.matching.engine.population import Ints, Population, build, contains, pair_keys
from services.matching.engine.trade import load_cost

STAGES = (
    "nobody_experienced",
    "not_available",
    "capacity_full",
    "reporting_line",
    "no_common_language",
    "too_few_common_hours",
    "matched_recently",
)


LISTED = 256
"""Buddies listed for each newcomer at most; prices bring in others."""
RENEWALS = 4
CLOSE = 1000
"""Lists are renewed until no more than this part of the bound could be gained."""


class Edges(NamedTuple):
    """Who is listed for whom: newcomers by their place among those asked, in this order, and the score of each."""

    row: Ints
    buddy: Ints
    score: Ints


class Chosen(NamedTuple):
    """Who was given whom, what each costs, the total, and what no choice among everybody can exceed."""

    row: Ints
    buddy: Ints
    cost: Ints
    value: int
    bound: int


def solve(problem: Problem) -> Outcome:
    """Match every newcomer asked with one buddy."""
    began = perf_counter()
    pop = build(problem.people, problem.seed)
    newcomers = np.array(sorted(pop.index[person] for person in problem.asked if person in pop.index), np.int64)
    ready = perf_counter()
    funnel = Funnel(stages(problem), len(newcomers))
    found = choose(pop, problem, newcomers, funnel)
    newcomer = newcomers[found.row]
    told = terms(pop, problem, newcomer, found.buddy)
    matches = []
    for place, cost in enumerate(found.cost.tolist()):
        reasons = [Term(code, int(points[place])) for code, points in told.items() if points[place]]
        reasons += [Term("teacher_load", -cost)] if cost else []
        pair = ((pop.ids[int(newcomer[place])], "newcomer"), (pop.ids[int(found.buddy[place])], "buddy"))
        matches.append(Match(pair, None, tuple(reasons)))
    served = set(found.row.tolist())
    unmatched: list[Unmatched] = [
        funnel.explain(pop, person, place, "everyone_taken", _otherwise(pop, problem, person))
        for place, person in enumerate(newcomers.tolist())
        if place not in served
    ]
    timings = {"build": ready - began, "solve": perf_counter() - ready}
    ordered = tuple(sorted(matches, key=lambda match: match.members))
    return Outcome(ordered, tuple(unmatched), found.value, found.bound, timings=timings)


def stages(problem: Problem) -> tuple[str, ...]:
    """The constraints of a round, in the order they are tried."""
    return (*STAGES, SITE) if problem.one_site else STAGES


def choose(pop: Population, problem: Problem, newcomers: Ints, funnel: Funnel, listed: int = LISTED) -> Chosen:
    """The best choice among the best so many of each newcomer, and the proof of how good it is.

    As many as there are newcomers are all that matter: of them one is always left that nobody else was given. Of more
    newcomers than are listed the lists are renewed by price, and the bound is over everybody.
    """
    cost = load_cost(problem.rules.weights, "experienced")
    price = SCALE * cost(pop.load)
    edges, _ = _lists(pop, problem, newcomers, price, min(listed, len(newcomers)), funnel)
    choice = best = _solved(pop, newcomers, edges, cost)
    kept, bound = edges, choice.bound
    slots = assign.Slots(np.minimum(pop.slots, len(newcomers)), pop.load, cost)
    for turn in range(RENEWALS if len(edges.row) and listed < len(newcomers) else 0):
        more, gain = _lists(pop, problem, newcomers, choice.price, listed)
        proved = int(gain + assign.slot_values(slots, choice.price).sum()) // SCALE
        bound = min(proved, bound) if turn else proved
        if CLOSE * (bound - best.value) <= bound:
            break
        edges = _together(edges, more, len(pop))
        choice = _solved(pop, newcomers, edges, cost)
        if choice.value > best.value:
            kept, best = edges, choice
    row, buddy, _ = (column[best.edges] for column in kept)
    return Chosen(row, buddy, best.cost, best.value, bound)


def _solved(pop: Population, newcomers: Ints, edges: Edges, cost: assign.Cost) -> assign.Choice:
    lot = pop.draw(newcomers[edges.row], edges.buddy)
    return assign.solve(assign.Graph(*edges, lot, len(newcomers), pop.load, pop.slots, cost))


def _lists(
    pop: Population, problem: Problem, newcomers: Ints, price: Ints, most: int, funnel: Funnel | None = None
) -> tuple[Edges, int]:
    """The best so many of each newcomer at these prices, and what all of them would gain by the best; both scaled.

    Nothing is kept of who is not listed. With a funnel everybody who may not be theirs is counted too.
    """
    recent = pair_keys(pop.index, problem.recent)
    free = (pop.tenure >= problem.rules.buddy_tenure_days) & pop.available & (pop.slots > 0)
    among = np.flatnonzero(free) if funnel is None else np.arange(len(pop))
    lists: list[tuple[Ints, Ints]] = []
    gain = 0
    for place, person in enumerate(newcomers.tolist()):
        mine = newcomers[place : place + 1]
        failed = _failed(pop, problem, recent, mine, among)
        others = among != person
        if funnel is not None:
            funnel.add_one(pop, place, among[others], failed[others])
        near = among[(failed == 0) & others]
        near = near[~apart(pop, mine, near)]
        score = total(terms(pop, problem, mine, near))
        worth = score * SCALE - price[near]
        gain += int(max(0, worth.max(initial=0)))
        if len(near) > most:
            few = np.flatnonzero(worth >= np.partition(worth, -most)[-most])
            few = few[np.lexsort((-pop.draw(mine, near[few]), -worth[few]))[:most]]
            few.sort()
            near, score = near[few], score[few]
        lists.append((near, score))
    none = np.zeros(0, np.int64)
    row = np.repeat(np.arange(len(lists)), [len(near) for near, _ in lists])
    buddy = np.concatenate((none, *(near for near, _ in lists)))
    score = np.concatenate((none, *(score for _, score in lists)))
    return Edges(row, buddy, score), gain


def _failed(pop: Population, problem: Problem, recent: Ints, mine: Ints, others: Ints) -> Failures:
    """What keeps each of the others from being the buddy of one newcomer."""
    return pack(
        pop.tenure[others] < problem.rules.buddy_tenure_days,
        unavailable(pop, mine, others),
        pop.slots[others] <= 0,
        in_line(pop, mine, others),
        speechless(pop, mine, others),
        few_hours(pop, mine, others, problem.rules.common_half_hours),
        contains(recent, pop.keys(mine, others)),
        *((elsewhere(pop, mine, others),) if problem.one_site else ()),
    )


def _together(one: Edges, other: Edges, size: int) -> Edges:
    """All that is listed in either."""
    joined = Edges(*(np.concatenate(columns) for columns in zip(one, other, strict=True)))
    first = np.unique(joined.row * size + joined.buddy, return_index=True)[1]
    return Edges(*(column[first] for column in joined))


def _otherwise(pop: Population, problem: Problem, person: int) -> Change:
    """What helps where nobody fits, or all who do are taken."""
    first = own(pop, person, problem.rules.common_half_hours)
    return Change(first, 0, also=("another_buddy",)) if first else Change("another_buddy", 0)


def terms(pop: Population, problem: Problem, newcomer: Ints, buddy: Ints) -> dict[str, Ints]:
    """Each term of the score in points, one array a code."""
    weights = problem.rules.weights
    same_unit, same_division = pop.unit[newcomer] == pop.unit[buddy], pop.division[newcomer] == pop.division[buddy]
    same_function = (pop.function[newcomer] >= 0) & (pop.function[newcomer] == pop.function[buddy])
    spare = pop.common(newcomer, buddy) - problem.rules.common_half_hours
    apart = np.abs(pop.level[newcomer] - pop.level[buddy])
    liked = suits(pop, newcomer, buddy, problem.rules.common_half_hours)
    found = {
        "waited": waited(pop, problem, newcomer),
        "preferred_time": weights["preferred_time"] * liked,
        "experienced": np.full(len(newcomer), weights["experienced"]),
        "same_site": weights["same_site"] * (pop.site[newcomer] == pop.site[buddy]),
        "near_unit": np.where(same_unit, weights["near_unit"], np.where(same_division, weights["near_unit"] // 2, 0)),
        "same_function": weights["same_function"] * same_function,
        "seniority": np.maximum(0, weights["seniority"] - 3 * apart),
        "common_hours": np.clip(spare // 2, 0, weights["common_hours"]),
        "well_received": received.of(pop, problem, newcomer, buddy),
    }
    return {code: points.astype(np.int64) for code, points in found.items()}
