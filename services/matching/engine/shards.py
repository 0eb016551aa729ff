"""A round of pairs cut where nothing is lost: between people whom no feasible pair joins, at any distance."""

from collections.abc import Callable, Sequence

import numpy as np

from services.matching.engine import market
from services.matching.engine.candidates import Pairs
from services.matching.engine.cells import LEVELS, Cells
from services.matching.engine.compiled import compiled, ones, shared_half_hours
from services.matching.engine.market import Learners, Near, Offers, Side
from services.matching.engine.people import Problem
from services.matching.engine.population import Bools, Ints, Population
from services.matching.engine.scoring import barred, speak
from services.matching.engine.trade import Trade
from services.matching.engine.trade import barred as barred_pairs

Trader = Callable[[Population, Problem, Ints, Ints], Trade]


LEAST = 5_000
"""Learners a part has at least, where there are so many: what is smaller goes together."""


def components(pop: Population, problem: Problem, learners: Ints, needs: Ints, least: int = LEAST) -> list[Ints]:
    """The learners of each independent part, largest first; those with no feasible pair are in the last."""
    if not len(needs):
        return [learners]
    root, joined = roots(pop, problem, learners, needs)
    _, part, size = np.unique(
        np.where(joined[learners], root[learners], len(pop)), return_inverse=True, return_counts=True
    )
    rank = np.empty(len(size), np.int64)
    rank[np.argsort(-size, kind="stable")] = np.arange(len(size))
    order = np.argsort(rank[part.reshape(-1)], kind="stable")
    ends, begin = [], 0
    for end in np.cumsum(np.sort(size)[::-1]).tolist():
        if end - begin >= least:
            ends.append(end)
            begin = end
    return [np.sort(each) for each in np.split(learners[order], ends) if len(each)]


def roots(pop: Population, problem: Problem, learners: Ints, needs: Ints) -> tuple[Ints, Bools]:
    """For each person who stands for their part, and whether any feasible pair joins them to somebody."""
    root = np.arange(len(pop))
    joined = np.zeros(len(pop), np.bool_)
    laid = market.build(pop, problem, learners, needs, barred_pairs(pop, problem))
    margin, half_hours = laid.knobs.margin, laid.knobs.half_hours
    _join(laid.cells, laid.offers, laid.learners, laid.near, laid.side, margin, half_hours, root, joined)
    return root, joined


def solve(trader: Trader, pop: Population, problem: Problem, parts: Sequence[Ints], needs: Ints) -> Trade:
    """Every part on its own; values and bounds add up, as no pair joins two parts."""
    owner = pop.needs.person[needs]
    found = [trader(pop, problem, part, needs[np.isin(owner, part)]) for part in parts]
    return Trade(
        Pairs(*(np.concatenate(columns) for columns in zip(*(one.pairs for one in found), strict=True))),
        np.concatenate([one.score for one in found]),
        np.concatenate([one.cost for one in found]),
        np.concatenate([one.mutual for one in found]),
        sum(one.bound for one in found),
        sum(one.unseen for one in found),
    )


@compiled
def _find(root: Ints, person: int) -> int:
    while root[person] != person:
        root[person] = root[root[person]]
        person = root[person]
    return person


@compiled
def _join(
    cells: Cells,
    offers: Offers,
    learners: Learners,
    near: Near,
    side: Side,
    margin: int,
    half_hours: int,
    root: Ints,
    joined: Bools,
) -> None:
    one = np.zeros(len(cells.hours), np.bool_)
    """Cells whose teachers are all of one part: a single feasible pair joins them all."""
    for row in range(len(learners.person)):
        me = learners.person[row]
        for need in range(learners.start[row], learners.start[row + 1]):
            bucket = learners.skill[need] * LEVELS
            lowest = min(LEVELS, max(0, learners.level[need] + margin))
            for cell in range(cells.at[bucket + lowest], cells.at[bucket + LEVELS]):
                if ones(cells.hours[cell] & side.hours[me]) < half_hours:
                    continue
                if shared_half_hours(cells.week, cell, side.week[me]) < half_hours:
                    continue
                missed = False
                for offer in range(cells.start[cell], cells.start[cell + 1]):
                    teacher = offers.teacher[offer]
                    mine, theirs = _find(root, me), _find(root, teacher)
                    if mine != theirs:
                        if (
                            offers.manager[offer] == me
                            or side.manager[me] == teacher
                            or not speak(offers.languages, offer, side.languages[me])
                            or barred(near, me, teacher)
                        ):
                            missed = True
                            continue
                        root[max(mine, theirs)] = min(mine, theirs)
                        joined[me] = joined[teacher] = True
                    if one[cell]:
                        missed = True
                        break
                one[cell] = one[cell] or not missed
    for person in range(len(root)):
        root[person] = _find(root, person)
