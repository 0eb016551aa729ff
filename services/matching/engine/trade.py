"""Who learns from whom: an auction over short lists of candidates, which its prices renew until nobody is missed."""

from dataclasses import dataclass, field, replace

import numpy as np

from services.matching.engine import assign, candidates, market, scan
from services.matching.engine.assign import Slots
from services.matching.engine.auction import EMPTY, NEVER
from services.matching.engine.candidates import Pairs
from services.matching.engine.market import Market, Small
from services.matching.engine.people import Problem
from services.matching.engine.population import Bools, Ints, Population, pair_keys
from services.matching.engine.scan import SCALE, Listed

STEPS = (4 * SCALE, 2 * SCALE, SCALE, SCALE // 4)
"""How fine each auction is; after each the lists are renewed by its prices."""
MERGED = 3
"""How many lists' length of candidates a learner keeps."""
GOOD_ENOUGH = 0.0002
"""A proved gap below which they are not renewed any more."""
DEAREST = 90
"""No load costs more than this, so that a willing teacher is never left idle for it."""


@dataclass(frozen=True)
class Trade:
    """Pairs with their scores and what each costs its teacher's load, and what no choice at all can exceed."""

    pairs: Pairs
    score: Ints
    cost: Ints
    mutual: Bools
    bound: int
    unseen: int
    """Offers that nobody looked at, over all learners: 0 unless the limit was reached."""
    price: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    """What a place with each person costs, scaled: the proof of the bound, where prices prove it."""

    @property
    def value(self) -> int:
        """What all pairs are worth together."""
        return int(self.score.sum() - self.cost.sum())


def load_cost(weight: int) -> assign.Cost:
    """What one more learner costs a teacher who has some."""
    return lambda load: np.minimum(weight * load, DEAREST).astype(np.int64)


class _Sides:
    """What each person can take on: as a teacher while a commitment is kept for their own learning, and in all."""

    def __init__(self, pop: Population, problem: Problem, learners: Ints, needs: Ints) -> None:
        self.pop = pop
        self.cost = load_cost(problem.rules.weights["teacher_load"])
        self.learners = learners
        self.learns = np.zeros(len(pop), np.bool_)
        self.learns[pop.needs.person[needs]] = True
        self.most = np.where(pop.available, np.minimum(pop.slots, pop.places), 0)
        self.slots = np.minimum(self.most, pop.places - self.learns)
        self.kept = Slots(self.slots, pop.load, self.cost)

    def laid(self, problem: Problem, needs: Ints) -> Market:
        """Offers and needs of the first choice."""
        return market.build(
            replace(self.pop, slots=self.slots), problem, self.learners, needs, barred(self.pop, problem)
        )

    def bound(self, listed: Listed, price: Ints) -> int:
        """What no first choice can exceed, by what the best of all offers is worth at these prices."""
        return int(listed.best.sum() + assign.slot_values(self.kept, price).sum()) // SCALE


def barred(pop: Population, problem: Problem) -> Ints:
    """Keys of the pairs that must not meet."""
    return np.union1d(pop.apart, pair_keys(pop.index, problem.recent))


def trade(pop: Population, problem: Problem, learners: Ints, needs: Ints) -> Trade:
    """At most one teacher for each learner, within everybody's capacity and time; all feasible pairs count.

    Who asks keeps time for learning and teaches with the rest. Those nobody could teach then teach with what was
    kept. The bound holds for the first choice over all pairs, and for the second given the first.
    """
    return complete(pop, problem, learners, needs, first(pop, problem, learners, needs))


def first(pop: Population, problem: Problem, learners: Ints, needs: Ints) -> Trade:
    """The first choice alone, with the prices that prove it."""
    sides = _Sides(pop, problem, learners, needs)
    laid = sides.laid(problem, needs)
    width, looks = problem.rules.candidates, problem.rules.looks
    offer = np.full(len(learners), EMPTY, np.int64)
    score = np.zeros(len(learners), np.int64)
    price = np.zeros(len(pop), np.int64)
    proof, value, bound, unseen = price, 0, -1, 0
    known: Listed | None = None
    for turn in range(len(STEPS) + 1):
        listed = scan.scan(laid, price, width, looks, turn)
        proved = sides.bound(listed, price)
        if bound < 0 or proved < bound:
            proof, bound = price, proved
        unseen = max(unseen, int(listed.unseen.sum()))
        if turn == len(STEPS) or bound - value <= GOOD_ENOUGH * bound or not listed.size.any():
            break
        known = listed if known is None else scan.merge(laid, known, listed, price, MERGED * width)
        _keep(known, offer, score)
        new_offer, new_score, asked = _choose(laid, sides, known, STEPS[turn])
        new_value = _value(sides, laid, new_offer, new_score)
        if new_value > value:
            offer, score, value = new_offer, new_score, new_value
        price = np.where(asked >= NEVER, 0, asked)
    won = told(pop, sides.learners, laid, offer)
    cost = assign.costs(won.teacher, pop.load, sides.cost)
    mutual = scan.mutuals(laid, won.learner, won.teacher)
    return Trade(won, score[offer != EMPTY], cost, mutual, bound, unseen, proof)


def chosen(pop: Population, problem: Problem, learners: Ints, needs: Ints, pairs: Pairs, price: Ints) -> Trade:
    """A first choice made elsewhere, priced here: the bound that `price` proves holds for all pairs of these people."""
    sides = _Sides(pop, problem, learners, needs)
    laid = sides.laid(problem, needs)
    listed = scan.scan(laid, price, 1, problem.rules.looks)
    mutual = scan.mutuals(laid, pairs.learner, pairs.teacher)
    score = candidates.total(candidates.terms(pop, problem, pairs, mutual))
    cost = assign.costs(pairs.teacher, pop.load, sides.cost)
    return Trade(pairs, score, cost, mutual, sides.bound(listed, price), int(listed.unseen.sum()), price)


def _keep(listed: Listed, offer: Ints, score: Ints) -> None:
    """Put what each learner has into their list, instead of the last where it is full."""
    has = np.flatnonzero((offer != EMPTY) & (listed.size > 0))
    place = np.arange(listed.offer.shape[1])[None, :]
    inside = ((listed.offer[has] == offer[has, None]) & (place < listed.size[has, None])).any(1)
    rows = has[~inside]
    at = np.minimum(listed.size[rows], listed.offer.shape[1] - 1)
    listed.offer[rows, at] = offer[rows]
    listed.score[rows, at] = score[rows]
    listed.size[rows] = at + 1


def _choose(laid: Market, sides: _Sides, listed: Listed, step: int) -> tuple[Ints, Ints, Ints]:
    """The offer and score each learner gets of their list, EMPTY for none, and the prices of the teachers."""
    rows, width = listed.offer.shape
    first = np.arange(rows, dtype=np.int64) * width
    offers: Small = listed.offer.reshape(-1)
    column, score = laid.offers.teacher[offers], listed.score.reshape(-1)
    lots = sides.pop.lots[sides.learners]
    if int((listed.size.sum()) * max(1, sides.slots.max(initial=0))) <= assign.EXACT:
        edge, price = _exactly(sides, listed, first, column, score)
    else:
        edge, price = assign.auctioned(first, first + listed.size, column, score, np.argsort(lots), sides.kept, step)
    won = edge != EMPTY
    offer = np.where(won, offers[edge], EMPTY).astype(np.int64)
    return offer, np.where(won, score[edge], 0).astype(np.int64), price


def _exactly(sides: _Sides, listed: Listed, first: Ints, column: Small, score: Small) -> tuple[Ints, Ints]:
    row = np.repeat(np.arange(len(first)), listed.size)
    place = first[row] + np.arange(len(row)) - np.repeat(np.cumsum(listed.size) - listed.size, listed.size)
    open_ = sides.slots[column[place]] > 0
    row, place = row[open_], place[open_]
    teacher = column[place].astype(np.int64)
    graph = assign.Graph(
        row=row,
        column=teacher,
        score=score[place].astype(np.int64),
        lot=sides.pop.draw(sides.learners[row], teacher),
        rows=len(first),
        load=sides.pop.load,
        slots=sides.slots,
        cost=sides.cost,
    )
    choice = assign.solve(graph)
    edge = np.full(len(first), EMPTY, np.int64)
    edge[row[choice.edges]] = place[choice.edges]
    return edge, choice.price


def _value(sides: _Sides, laid: Market, offer: Ints, score: Ints) -> int:
    teacher = laid.offers.teacher[offer[offer != EMPTY]].astype(np.int64)
    return int(score.sum() - assign.costs(teacher, sides.pop.load, sides.cost).sum())


def complete(pop: Population, problem: Problem, learners: Ints, needs: Ints, found: Trade) -> Trade:
    """Let those who found no teacher teach with the time that was kept for their learning, the best pairs first."""
    sides = _Sides(pop, problem, learners, needs)
    taught = np.bincount(found.pairs.teacher, minlength=len(pop))
    lacks = sides.learns.copy()
    lacks[found.pairs.learner] = False
    room = np.where(lacks, np.minimum(sides.most, pop.places) - taught, 0)
    if not room.any():
        return found
    learners = np.flatnonzero(lacks)
    left_over = replace(pop, slots=room)
    laid = market.build(left_over, problem, learners, needs[lacks[pop.needs.person[needs]]], barred(pop, problem))
    price = sides.cost(pop.load + taught) * SCALE
    listed = scan.scan(laid, price, problem.rules.candidates, problem.rules.looks)
    if not listed.size.any():
        return found
    row = np.repeat(np.arange(len(learners)), listed.size)
    place = np.arange(len(row)) - np.repeat(np.cumsum(listed.size) - listed.size, listed.size)
    offers = listed.offer[row, place]
    teacher = laid.offers.teacher[offers].astype(np.int64)
    time = pop.places - taught
    bound = found.bound + _second_bound(left_over, laid, sides.cost, pop.load + taught, time, listed)
    offer = np.full(len(learners), EMPTY, np.int64)
    scores = listed.score[row, place].astype(np.int64)
    for at in np.lexsort((pop.draw(learners[row], teacher), -scores)).tolist():
        me, other = int(learners[row[at]]), int(teacher[at])
        if offer[row[at]] == EMPTY and time[me] > 0 and time[other] > 0 and room[other] > 0:
            offer[row[at]] = at
            time[me] -= 1
            time[other] -= 1
            room[other] -= 1
    won = offer[offer != EMPTY]
    offer[offer != EMPTY] = offers[won]
    more = told(pop, learners, laid, offer)
    cost = assign.costs(more.teacher, pop.load + taught, sides.cost)
    return Trade(
        Pairs(*(np.concatenate(both) for both in zip(found.pairs, more, strict=True))),
        np.concatenate((found.score, scores[won])),
        np.concatenate((found.cost, cost)),
        np.concatenate((found.mutual, scan.mutuals(laid, more.learner, more.teacher))),
        bound,
        found.unseen + int(listed.unseen.sum()),
        found.price,
    )


def _second_bound(pop: Population, laid: Market, cost: assign.Cost, load: Ints, time: Ints, listed: Listed) -> int:
    """What those left over could be worth to each other at most, whoever has time for one commitment taking one."""
    slots = Slots(pop.slots, load, cost)
    rows, width = listed.offer.shape
    first = np.arange(rows, dtype=np.int64) * width
    column = laid.offers.teacher[listed.offer.reshape(-1)]
    _, asked = assign.auctioned(
        first, first + listed.size, column, listed.score.reshape(-1), np.arange(rows), slots, STEPS[-1]
    )
    price = np.where(asked >= NEVER, 0, asked)
    best = scan.scan(laid, price, 1, 1 << 40).best
    value = assign.slot_values(slots, price)
    gain, last = np.zeros(len(pop), np.int64), np.zeros(len(pop), np.int64)
    gain[laid.learners.person] = best
    last[slots.column] = value
    tight = time <= pop.slots
    return int(best.sum() + value.sum() - np.minimum(gain, last)[tight].sum()) // SCALE


def told(pop: Population, learners: Ints, laid: Market, offer: Ints) -> Pairs:
    """The pairs of learners with the offers they got."""
    rows = np.flatnonzero(offer != EMPTY)
    learner = learners[rows]
    source = laid.offers.row[offer[rows]]
    skill = pop.offers.skill[source]
    asks = laid.learners
    size = max(1, len(pop.skills))
    need = np.searchsorted(np.repeat(asks.person, np.diff(asks.start)) * size + asks.skill, learner * size + skill)
    offered = laid.offers.level[offer[rows]].astype(np.int64)
    return Pairs(learner, pop.offers.person[source], skill, asks.level[need], asks.target[need], offered)
