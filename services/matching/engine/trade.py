"""Who learns from whom: an auction over short lists of candidates, which its prices renew until nobody is missed."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from operator import itemgetter

import numpy as np

from services.matching.engine import alike, assign, auction, candidates, listing, market, scan
from services.matching.engine.assign import Slots
from services.matching.engine.auction import EVEN, NEVER, STEPS, Bidders, Places
from services.matching.engine.candidates import Pairs
from services.matching.engine.compiled import EMPTY, compiled
from services.matching.engine.listing import SCALE, Listed
from services.matching.engine.market import Market, Small
from services.matching.engine.people import Problem
from services.matching.engine.population import Bools, Ints, Population, pair_keys

TURNS = 12
"""How often lists are renewed at most; the finest step goes on while that brings something."""
MERGED = 2
"""How many lists' length of candidates a learner keeps."""
DRAFTED = 256
"""Offers read for a need before anything has a price, when none can be left out for being dear."""
LEFT_LISTED, LEFT_RENEWED = 60, 20
"""Teachers listed for each of those left over, and how many of them each auction's prices can replace."""
ROLES, ROLES_SETTLED = 8, 0.001
"""Auctions among those left over at most: once everybody does both, then whatever they are worth more for; and the
share by which what is proved has to change for another."""
GOOD_ENOUGH = 0.0002
"""A proved gap below which lists are not renewed any more."""
SETTLED, NEAR_ENOUGH = 0.0005, 0.003
"""What renewed lists bring, or a finer auction, below which it was the last, where the proved gap is below the second;
shares of the bound as well."""
FAR = 0.005
"""A proved gap above which teachers alike cost the same."""
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


def load_cost(weights: Mapping[str, int], sure: str = "need_met") -> assign.Cost:
    """What one more learner costs a teacher who has some: always less than what each match is `sure` to be worth."""
    dearest = max(0, min(DEAREST, weights[sure] - 1))
    return lambda load: np.minimum(weights["teacher_load"] * load, dearest).astype(np.int64)


class _Sides:
    """What each person can take on: as a teacher while a commitment is kept for their own learning, and in all."""

    def __init__(self, pop: Population, problem: Problem, learners: Ints, needs: Ints) -> None:
        self.pop = pop
        self.cost = load_cost(problem.rules.weights)
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
    """The first choice alone, with the prices that prove it.

    Where lists at the last prices prove less than those before, everybody runs after the same cheap places: the next
    are drawn at the mean of these prices and of those that prove most. Far from the proof teachers alike cost the same,
    as does what differs by less than a bid: the lot decides whom of them each lists.
    """
    sides = _Sides(pop, problem, learners, needs)
    laid = sides.laid(problem, needs)
    width, looks = problem.rules.candidates, problem.rules.looks
    floor, like = _Floor(sides, laid), alike.kinds(pop, laid, needs)
    offer, score, value = floor.offer, floor.score, 0
    known = listing.empty(len(learners), MERGED * width)
    scan.renew(laid, floor.price, known, width, min(looks, DRAFTED))
    bound, proof, calm = NEVER, floor.price, True
    for turn in range(TURNS):
        step = STEPS[min(turn, len(STEPS) - 1)]
        floor.open(known, step)
        gained = floor.value - value
        if gained > 0:
            offer, score, value = floor.offer, floor.score, floor.value
        price = floor.price if calm else (floor.price + proof) // 2
        if bound - value > FAR * bound:
            price = alike.even(price, like) // step * step
        missed = scan.renew(laid, price, known, width, looks) // SCALE
        proved = sides.bound(known, price)
        settled = calm and turn >= len(STEPS) - 1 and min(gained, missed) <= SETTLED * bound
        settled = settled and bound - value <= NEAR_ENOUGH * bound
        calm = proved <= bound
        bound, proof = min((bound, proof), (proved, price), key=itemgetter(0))
        if settled or bound - value <= GOOD_ENOUGH * bound:
            break
    won = told(pop, sides.learners, laid, offer)
    cost = assign.costs(won.teacher, pop.load, sides.cost)
    mutual = scan.mutuals(laid, won.learner, won.teacher)
    return Trade(won, score[offer != EMPTY], cost, mutual, bound, int(known.unseen.sum()), proof)


def chosen(pop: Population, problem: Problem, learners: Ints, needs: Ints, pairs: Pairs, price: Ints) -> Trade:
    """A first choice made elsewhere, priced here: the bound that `price` proves holds for all pairs of these people."""
    sides = _Sides(pop, problem, learners, needs)
    laid = sides.laid(problem, needs)
    listed = scan.scan(laid, price, 1, problem.rules.looks)
    mutual = scan.mutuals(laid, pairs.learner, pairs.teacher)
    score = candidates.total(candidates.terms(pop, problem, pairs, mutual))
    cost = assign.costs(pairs.teacher, pop.load, sides.cost)
    return Trade(pairs, score, cost, mutual, sides.bound(listed, price), int(listed.unseen.sum()), price)


class _Floor:
    """Where learners bid: what each holds, and what a place with each teacher costs, from one turn to the next."""

    def __init__(self, sides: _Sides, laid: Market) -> None:
        rows = len(sides.learners)
        self._sides, self._laid = sides, laid
        self._places: Places | None = None
        self._place = np.full(rows, EMPTY, np.int64)
        self.offer = np.full(rows, EMPTY, np.int64)
        self.score = np.zeros(rows, np.int64)
        self.price = np.zeros(len(sides.pop), np.int64)

    @property
    def value(self) -> int:
        """What the pairs are worth now."""
        teacher = self._laid.offers.teacher[self.offer[self.offer != EMPTY]].astype(np.int64)
        return int(self.score.sum() - assign.costs(teacher, self._sides.pop.load, self._sides.cost).sum())

    def open(self, listed: Listed, step: int) -> None:
        """Let everybody choose among what they have listed, by bids of `step`; a small choice is exact instead."""
        if not listed.size.any():
            return
        held = listing.hold(listed, self.offer, self.score)
        first = np.arange(len(held), dtype=np.int64) * listed.offer.shape[1]
        if int(listed.size.sum() * max(1, self._sides.slots.max(initial=0))) <= assign.EXACT:
            self._places = None
            edge, asked = _exactly(self._sides, listed, first, self._laid.offers.teacher)
        else:
            edge, asked = self._auction(listed, first, held, step)
        self.offer = np.where(edge != EMPTY, listed.offer.reshape(-1)[edge], EMPTY).astype(np.int64)
        self.score = np.where(edge != EMPTY, listed.score.reshape(-1)[edge], 0).astype(np.int64)
        self.price = np.where(asked >= NEVER, 0, asked)

    def _auction(self, listed: Listed, first: Ints, held: Ints, step: int) -> tuple[Ints, Ints]:
        teacher, score = self._laid.offers.teacher, listed.score.reshape(-1)
        column = teacher[listed.offer.reshape(-1)]
        bidders = Bidders(first, first + listed.size, column, score, held, self._place)
        if self._places is None:
            self._places = assign.fresh(self._sides.kept)
            bidders.edge[:], bidders.place[:] = EMPTY, EMPTY
            auction.bid(bidders, self._places, np.argsort(self._sides.pop.lots[self._sides.learners]), step)
        else:
            queue = auction.rethink(bidders, self._places, step)
            auction.bid(bidders, self._places, queue, step)
            bidders, column = bidders._replace(column=teacher), teacher  # nobody reads them now, and edges are as many
            at, edges = auction.by_column(listed, teacher, len(self._sides.pop))
            auction.lower(bidders, self._places, at, edges, listed.offer.shape[1], EVEN, step)
        return bidders.edge, auction.asks(self._places)


def _exactly(sides: _Sides, listed: Listed, first: Ints, teachers: Small) -> tuple[Ints, Ints]:
    column, score = teachers[listed.offer.reshape(-1)], listed.score.reshape(-1)
    row = np.repeat(np.arange(len(first)), listed.size)
    place = first[row] + np.arange(len(row)) - np.repeat(np.cumsum(listed.size) - listed.size, listed.size)
    open_ = sides.slots[column[place]] > 0
    row, place = row[open_], place[open_]
    order = np.lexsort((-score[place].astype(np.int64), column[place], row))
    row, place = row[order], place[order]
    best = np.ones(len(row), np.bool_)  # of what a teacher offers a learner: the rest would never be chosen
    best[1:] = (np.diff(row) != 0) | (np.diff(column[place]) != 0)
    row, place = row[best], place[best]
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


def complete(pop: Population, problem: Problem, learners: Ints, needs: Ints, found: Trade) -> Trade:
    """Let those who found no teacher teach with the time that was kept for their learning, the best pairs first.

    Who has time for one commitment learns or teaches, whichever is worth more where all bid; or the best pair comes
    first, where that brings more.
    """
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
    listed = scan.scan(laid, price, LEFT_LISTED, problem.rules.looks)
    if not listed.size.any():
        return found
    time = pop.places - taught
    won, most = _second(left_over, laid, sides.cost, pop.load + taught, time, listed)
    row = np.repeat(np.arange(len(learners)), listed.size)
    place = np.arange(len(row)) - np.repeat(np.cumsum(listed.size) - listed.size, listed.size)
    offers, scores = listed.offer[row, place], listed.score[row, place].astype(np.int64)
    teacher = laid.offers.teacher[offers].astype(np.int64)
    drawn = pop.draw(learners[row], teacher)
    chosen = max(
        (
            _fit(order, row, learners, teacher, time, room)
            for order in (np.lexsort((drawn, -scores, offers != won[row])), np.lexsort((drawn, -scores)))
        ),
        key=lambda edges: int((scores[edges] - assign.costs(teacher[edges], pop.load + taught, sides.cost)).sum()),
    )
    offer = np.full(len(learners), EMPTY, np.int64)
    offer[row[chosen]] = offers[chosen]
    more = told(pop, learners, laid, offer)
    cost = assign.costs(more.teacher, pop.load + taught, sides.cost)
    return Trade(
        Pairs(*(np.concatenate(both) for both in zip(found.pairs, more, strict=True))),
        np.concatenate((found.score, scores[chosen])),
        np.concatenate((found.cost, cost)),
        np.concatenate((found.mutual, scan.mutuals(laid, more.learner, more.teacher))),
        found.bound + most,
        found.unseen + int(listed.unseen.sum()),
        found.price,
    )


@compiled
def _fit(order: Ints, row: Ints, learners: Ints, teacher: Ints, time: Ints, room: Ints) -> Ints:
    """The pairs that fit into everybody's time, one after the other; in the order of their learners."""
    chosen = np.full(len(learners), EMPTY, np.int64)
    time, room = time.copy(), room.copy()
    for at in order:
        me, other = learners[row[at]], teacher[at]
        if chosen[row[at]] == EMPTY and time[me] > 0 and time[other] > 0 and room[other] > 0:
            chosen[row[at]] = at
            time[me] -= 1
            time[other] -= 1
            room[other] -= 1
    found: Ints = chosen[chosen != EMPTY]
    return found


def _second(
    pop: Population, laid: Market, cost: assign.Cost, load: Ints, time: Ints, listed: Listed
) -> tuple[Ints, int]:
    """Which offer each wins where everybody does what they are worth most for, and what no choice can exceed.

    Whoever's time is all taken by teaching, and would learn too, takes one commitment less, and teaches for no less
    than they gain by that. Many would each time do what they did not do before; at the mean of all prices since, they
    settle.
    """
    rows, width = listed.offer.shape
    first = np.arange(rows, dtype=np.int64) * width
    whole, tight = Slots(pop.slots, load, cost), time <= pop.slots
    teaches, learns = np.zeros((2, len(pop)), np.bool_)
    price, bound, before = np.zeros(len(pop), np.int64), NEVER, NEVER
    for turn in range(ROLES):
        slots = Slots(pop.slots - learns, load, cost)
        size = np.where(teaches[laid.learners.person], 0, listed.size)
        offer: Small = listed.offer.reshape(-1)
        column, score = laid.offers.teacher[offer], listed.score.reshape(-1)
        bidders, places = assign.empty_handed(first, first + size, column, score), assign.fresh(slots)
        auction.bid(bidders, places, np.arange(rows), STEPS[-1])
        edge, asked = bidders.edge, auction.asks(places)
        won = np.where(edge != EMPTY, offer[edge], EMPTY).astype(np.int64)
        points = np.where(edge != EMPTY, score[edge], 0).astype(np.int64)
        price = np.where(asked >= NEVER, price, (price + asked) // 2 if turn else asked)
        scan.renew(laid, price, listed, LEFT_RENEWED, 1 << 40)
        listing.hold(listed, won, points)
        value = assign.slot_values(whole, price)
        gain, last = np.zeros((2, len(pop)), np.int64)
        gain[laid.learners.person] = listed.best
        last[whole.column] = value
        proved = int(listed.best.sum() + value.sum() - np.minimum(gain, last)[tight].sum()) // SCALE
        bound = min(bound, proved)
        if turn and abs(before - proved) <= ROLES_SETTLED * bound:
            break
        before = proved
        teaches, learns = tight & (last > 0) & (last >= gain), tight & (last < gain)
        price = np.where(learns, price - last + gain, price)
    return won, bound


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
