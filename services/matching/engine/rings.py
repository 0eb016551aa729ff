"""Exchanges: who learns also teaches, two each other, or three in a ring where no two suit each other."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from services.matching.engine import assign, market, packing, scan
from services.matching.engine.compiled import EMPTY
from services.matching.engine.listing import SCALE, Listed
from services.matching.engine.people import Match, Problem
from services.matching.engine.population import Ints, Population, contains
from services.matching.engine.trade import Trade, barred, load_cost, told

LISTED = 60
"""Teachers looked at for each learner: so many of the best, and so many of those whom the learner could teach."""
MUTUAL = 1 << 20
"""Points by which whom the learner could teach comes first in the second list, more than any score has."""
BLOCK = 1 << 20
LARGEST = 3
BOTH = 2
"""Commitments an exchange takes: to learn and to teach."""


class Edges(NamedTuple):
    """Who could learn from whom, by learner and teacher (places among the learners), one offer each."""

    learner: Ints
    teacher: Ints
    worth: Ints
    score: Ints
    offer: Ints


class Laid(NamedTuple):
    """Who could exchange with whom, as far as it was looked at."""

    edges: Edges
    market: market.Market
    inside: Ints
    """People who could both learn and teach, by place."""
    top: Ints
    """What the best of all teachers, listed or not, is worth to each of them."""
    unread: int
    """Offers that no list has for want of room or of looks."""


def choose(pop: Population, edges: Edges, people: int) -> tuple[Ints, int]:
    """Places of the edges of disjoint rings of two and three, and what no choice of rings of these can exceed."""
    rings = list(_rings(edges, people))
    if not any(len(each) for each in rings):
        return np.zeros(0, np.int64), 0
    ring = np.concatenate(rings)
    real = ring != EMPTY
    value = np.where(real, edges.worth[ring], 0).sum(1)
    member = np.where(real, edges.learner[ring], EMPTY)
    lot = pop.draw(member[:, 0], member[:, 1])
    chosen, bound = packing.pack(packing.Sets(member, value, lot), people)
    taken = ring[chosen]
    return taken[taken != EMPTY], bound


def lay(pop: Population, problem: Problem, learners: Ints, needs: Ints) -> Laid:
    """The edges among those who could both learn and teach: of each the best teachers, and whom they could teach."""
    wants = np.zeros(len(pop), np.bool_)
    wants[pop.needs.person[needs]] = True
    able = wants & pop.available & (pop.slots > 0) & (pop.places >= BOTH)
    inside = learners[able[learners]]
    laid = market.build(
        replace(pop, slots=np.where(able, pop.slots, 0)),
        problem,
        inside,
        needs[able[pop.needs.person[needs]]],
        barred(pop, problem),
    )
    looks = problem.rules.looks
    best = scan.scan(laid, None, LISTED, looks)
    first = laid.knobs._replace(reciprocity=laid.knobs.reciprocity + MUTUAL)
    mutual = scan.scan(laid._replace(knobs=first), None, LISTED, looks)
    edges = _edges(pop, problem, laid, inside, (best, mutual))
    unread = int(best.unseen.sum() + (best.size == LISTED).sum())
    return Laid(edges, laid, inside, best.best // SCALE, unread)


def _edges(pop: Population, problem: Problem, laid: market.Market, inside: Ints, lists: Sequence[Listed]) -> Edges:
    """What the lists have, by learner and teacher, of each two the offer that is worth most."""
    taken = [np.arange(each.offer.shape[1]) < each.size[:, None] for each in lists]
    row = np.concatenate([np.nonzero(mask)[0] for mask in taken])
    offer = np.concatenate([each.offer[mask] for each, mask in zip(lists, taken, strict=True)]).astype(np.int64)
    score = np.concatenate([each.score[mask] for each, mask in zip(lists, taken, strict=True)]).astype(np.int64)
    score = np.where(score >= MUTUAL, score - MUTUAL, score)
    teacher = laid.offers.teacher[offer].astype(np.int64)
    where = np.full(len(pop), EMPTY, np.int64)
    where[inside] = np.arange(len(inside))
    cost = load_cost(problem.rules.weights)(pop.load[teacher])
    order = np.lexsort((offer, -score, where[teacher], row))
    row, at, score, worth, offer = (x[order] for x in (row, where[teacher], score, score - cost, offer))
    first = np.ones(len(row), np.bool_)
    first[1:] = (np.diff(row) != 0) | (np.diff(at) != 0)
    return Edges(*(x[first] for x in (row, at, worth, score, offer)))


def trade(pop: Population, problem: Problem, learners: Ints, needs: Ints) -> Trade:
    """Rings of two and of three, a person in one at most, within everybody's capacity and time.

    The bound holds over all rings: nobody learns more than from their best teacher, listed or not.
    """
    edges, laid, inside, top, unread = lay(pop, problem, learners, needs)
    chosen, bound = choose(pop, edges, len(inside))
    most = int(top.sum())
    offer = np.full(len(inside), EMPTY, np.int64)
    score = np.zeros(len(inside), np.int64)
    offer[edges.learner[chosen]] = edges.offer[chosen]
    score[edges.learner[chosen]] = edges.score[chosen]
    pairs = told(pop, inside, laid, offer)
    cost = assign.costs(pairs.teacher, pop.load, load_cost(problem.rules.weights))
    both = scan.mutuals(laid, pairs.learner, pairs.teacher)
    return Trade(pairs, score[offer != EMPTY], cost, both, most if unread else min(bound, most), unread)


def _rings(edges: Edges, people: int) -> Iterator[Ints]:
    """Rings as places of their edges, three a line, EMPTY where two are enough; each begins with its first person."""
    if not len(edges.learner):
        return
    keys = edges.learner * people + edges.teacher
    back = edges.teacher * people + edges.learner
    two = np.flatnonzero((edges.learner < edges.teacher) & contains(keys, back))
    yield np.stack((two, np.searchsorted(keys, back[two]), np.full(len(two), EMPTY)), 1)
    start = np.searchsorted(edges.learner, np.arange(people + 1))
    onward = np.diff(start)[edges.teacher]
    total = np.concatenate(([0], np.cumsum(onward)))
    begin = 0
    while begin < len(keys):
        end = max(begin + 1, int(np.searchsorted(total, total[begin] + BLOCK, "right")) - 1)
        count = onward[begin:end]
        one = np.repeat(np.arange(begin, end), count)
        other = np.arange(len(one)) - np.repeat(total[begin:end] - total[begin], count)
        other += start[edges.teacher[one]]
        home = edges.teacher[other] * people + edges.learner[one]
        first = edges.learner[one]
        good = (first < edges.teacher[one]) & (first < edges.teacher[other]) & contains(keys, home)
        one, other, home = one[good], other[good], home[good]
        yield np.stack((one, other, np.searchsorted(keys, home)), 1)
        begin = end


def legs(matches: Sequence[Match]) -> Iterator[list[Match]]:
    """The matches of each exchange: whoever teaches learns from the next, until the first is reached again."""
    by_learner = {match.members[0][0]: match for match in matches}
    while by_learner:
        first, match = by_learner.popitem()
        ring = [match]
        while len(ring) < LARGEST and (after := by_learner.get(ring[-1].members[1][0])):
            ring.append(after)
        whole = ring if ring[-1].members[1][0] == first else ring[:1]
        for leg in whole[1:]:
            del by_learner[leg.members[0][0]]
        yield whole
