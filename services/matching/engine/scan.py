"""The best few teachers of each learner in one pass over the offers, and what the best of all is worth to them."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.matching.engine import listing
from services.matching.engine.cells import LEVELS, Cells, cell_of
from services.matching.engine.compiled import EMPTY, compiled, lean, mix, place_in, shared_half_hours
from services.matching.engine.kin import Told, kins
from services.matching.engine.listing import LOT_BITS, SCALE, Listed, has, put, sort
from services.matching.engine.market import Market, Near, Offers, Returns, Side, challenges
from services.matching.engine.population import Ints, Population
from services.matching.engine.scoring import (
    Ask,
    Self,
    in_common,
    kinship,
    likely,
    likeness,
    meet,
    mutual,
    overlap,
    step,
)

BLOCK = 1 << 16
"""Learners whose lists are drawn at a time."""


def scan(market: Market, price: Ints | None, width: int, looks: int) -> Listed:
    """List the offers worth most to each learner after its teacher's price (scaled, a number a person, None for 0).

    Offers that cannot be better than those listed are not read. Where more than `looks` offers would meet a need each
    cell is read by its share, the cheapest first; `best` takes what was left unread at the most it could be.
    """
    listed = listing.empty(len(market.learners.person), width)
    for rows, found in _drawn(market, price, width, looks, listing.empty(len(listed.size), 0)):
        listed.size[rows], listed.offer[rows], listed.score[rows] = found.size, found.offer, found.score
        listed.best[rows], listed.unseen[rows] = found.best, found.unseen
    return listed


def renew(market: Market, price: Ints, known: Listed, width: int, looks: int) -> int:
    """As `scan`, into the lists that learners have already; returns what those missed, as `listing.merge` does."""
    missed = 0
    for rows, found in _drawn(market, price, width, looks, known):
        missed += listing.merge(market.offers.teacher, price, known, rows, found)
    return missed


def _drawn(market: Market, price: Ints | None, width: int, looks: int, known: Listed) -> Iterator[tuple[Ints, Listed]]:
    """Rows of some learners at a time, who ask for the same, and their lists, so that few are held at once.

    What they know already is listed first: what is worth no more need not be read.
    """
    priced, sorted_ = _priced(market, price)
    alike, order = _alike(market, sorted_), _order(market)
    keys, told = np.zeros(width, np.int64), Told(*np.zeros((3, len(market.cells.hours)), np.int64))
    for begin in range(0, len(order), BLOCK):
        rows = order[begin : begin + BLOCK]
        listed = listing.empty(len(rows), width)
        _scan(priced, sorted_, alike, rows, looks, known, listed, keys, told)
        yield rows, listed


def _priced(market: Market, price: Ints | None) -> tuple[Market, Offers]:
    """The market at these prices, and its offers once more with the cheapest first in each cell."""
    offers = market.offers
    if price is None or not len(offers.at):
        return market, offers
    offers = offers._replace(price=price[offers.teacher])
    order = np.lexsort((offers.price, cell_of(market.cells)))
    columns: list[Any] = [column[order] for column in offers]
    return market._replace(offers=offers, returns=_in_order(market.returns, offers.price)), Offers(*columns)


def _in_order(returns: Returns, price: Ints) -> Returns:
    """The cheapest of each run first, and how many cost the same from each on."""
    each = np.arange(len(returns.end))
    long_ = np.flatnonzero(returns.end > each + 1)
    if not len(long_):
        return returns
    long_ = np.union1d(long_, returns.end[long_] - 1)
    end = returns.end[long_]
    offer, alike = returns.offer.copy(), returns.alike.copy()
    offer[long_] = offer[long_[np.lexsort((price[offer[long_]], end))]]
    last = np.append((np.diff(end) != 0) | (np.diff(price[offer[long_]]) != 0), True)
    upto = np.flatnonzero(last)
    alike[long_] = long_[upto[np.cumsum(np.append(False, last[:-1]))]] + 1 - long_
    return returns._replace(offer=offer, alike=alike)


def _alike(market: Market, offers: Offers) -> Ints:
    """How many offers of each cell cost as little as its cheapest."""
    start = market.cells.start
    ends = np.append(np.flatnonzero(np.diff(offers.price)) + 1, len(offers.price))
    after = ends[np.searchsorted(ends, start[:-1], "right")] if len(start) > 1 else start[:0]
    alike: Ints = np.minimum(after, start[1:]) - start[:-1]
    return alike


def _order(market: Market) -> Ints:
    """Learners who ask for the same one after the other, so that what they read is at hand."""
    asks, side = market.learners, market.side
    some = np.flatnonzero(np.diff(asks.start))
    skill, level, target = np.zeros((3, len(asks.person)), np.int64)
    for column, told in ((skill, asks.skill), (level, asks.level), (target, asks.target)):
        column[some] = told[asks.start[some]]
    who = asks.person
    return np.lexsort((side.liked[who], side.site[who], side.rank[who], target, level, side.kind[who], skill))


@compiled
def _mutuals(near: Near, side: Side, margin: int, learner: Ints, teacher: Ints) -> NDArray[np.bool_]:
    found = np.zeros(len(learner), np.bool_)
    for place in range(len(learner)):
        found[place] = mutual(near, side, margin, learner[place], teacher[place])
    return found


def mutuals(market: Market, learner: Ints, teacher: Ints) -> NDArray[np.bool_]:
    """`mutual` for each pair of people."""
    found: NDArray[np.bool_] = _mutuals(market.near, market.side, market.knobs.margin, learner, teacher)
    return found


def shared(pop: Population, learner: Ints, teacher: Ints) -> Ints:
    """For each pair a challenge of both, as `market.challenges` numbers them; EMPTY for none."""
    at, marks = challenges(pop)
    found = np.empty(len(learner), np.int64)
    _shared(at, marks, learner, teacher, found)
    return found


@lean
def _shared(at: Ints, marks: Ints, learner: Ints, teacher: Ints, found: Ints) -> None:
    for place in range(len(learner)):
        found[place] = in_common(at, marks, learner[place], teacher[place])


@lean
def _within_hours(cells: Cells, first: int, last: int, me: Self, half_hours: int, common: Ints) -> None:
    """What each of these cells' working weeks shares with the learner's, EMPTY where that is too little."""
    for cell in range(first, last):
        shared = shared_half_hours(cells.week, cell, me.week)
        common[cell - first] = shared if shared >= half_hours else EMPTY


@lean
def _tell(market: Market, me: Self, ask: Ask, first: int, last: int, told: Told) -> int:
    """What the cells of a skill may bring a learner; returns how many offers those that are for them have."""
    cells, offers, knobs = market.cells, market.offers, market.knobs
    total = 0
    for cell in range(first, last):
        place, at = cell - first, cells.start[cell]
        told.hope[place] = EMPTY
        if told.common[place] == EMPTY or offers.level[at] < ask.level + knobs.margin:
            continue
        total += cells.start[cell + 1] - at
        sure = step(knobs, ask.level, ask.target, offers.level[at]) + overlap(knobs, told.common[place])
        told.sure[place] = sure
        told.hope[place] = sure + (likely(offers, at, knobs, me) if cells.even[cell] else ask.rest)
    return total


@lean
def _relist(market: Market, known: Listed, asking: int, me: Self, keys: Ints, row: int, listed: Listed) -> None:
    """List what a learner knows already, at the prices of now."""
    offers = market.offers
    for place in range(known.size[asking]):
        at, score = known.offer[asking, place], known.score[asking, place]
        put(keys, listed, row, score * SCALE - offers.price[at], mix(me.lot ^ offers.lot[at]), at, score)


@lean
def _scan(
    market: Market,
    offers: Offers,
    alike: Ints,
    rows: Ints,
    looks: int,
    known: Listed,
    listed: Listed,
    keys: Ints,
    told: Told,
) -> None:
    cells, asks, near, side, knobs = market.cells, market.learners, market.near, market.side, market.knobs
    width = listed.offer.shape[1]
    skill, kind, total = EMPTY, EMPTY, 0  # whom `told` tells of: the next as a rule asks for the same at the same hours
    before = (EMPTY, EMPTY, EMPTY, EMPTY, side.liked[0])
    joined = knobs.reciprocity + knobs.shared_challenge
    received = 0
    for points in knobs.received:
        received = max(received, points)
    for row in range(len(rows)):
        asking = rows[row]
        who = asks.person[asking]
        me = Self(
            who,
            side.week[who],
            side.languages[who],
            side.manager[who],
            side.unit[who],
            side.site[who],
            side.rank[who],
            side.liked[who],
            side.lots[who],
            near.barred[near.barred_at[who] : near.barred_at[who + 1]],
        )
        _relist(market, known, asking, me, keys, row, listed)
        kin = side.kin[who] if joined else np.uint64(0)
        rest = knobs.cross_unit + knobs.same_site + knobs.seniority + received
        rest += 0 if me.liked >> np.uint64(63) else knobs.preferred_time
        for need in range(asks.start[asking], asks.start[asking + 1]):
            sure = asks.bonus[asking] + knobs.need_met
            ask = Ask(asks.skill[need], asks.level[need], asks.target[need], sure, rest)
            begins, ends = cells.at[ask.skill * LEVELS], cells.at[ask.skill * LEVELS + LEVELS]
            if skill != ask.skill or kind != side.kind[who]:
                skill, kind, before = ask.skill, side.kind[who], (EMPTY, EMPTY, EMPTY, EMPTY, me.liked)
                _within_hours(cells, begins, ends, me, knobs.half_hours, told.common)
            if before != (ask.level, ask.target, me.rank, me.site, me.liked):
                before = (ask.level, ask.target, me.rank, me.site, me.liked)
                total = _tell(market, me, ask, begins, ends, told)
            whole = not joined or kins(market, me, ask, told, keys, row, looks, listed)
            for cell in range(begins, ends):
                if told.hope[cell - begins] == EMPTY:
                    continue
                begin, end = int(cells.start[cell]), int(cells.start[cell + 1])
                most = (ask.sure + told.hope[cell - begins] + (0 if whole else joined)) * SCALE
                full = listed.size[row] == width
                if full and most - offers.price[begin] < keys[0] >> LOT_BITS:
                    continue
                many = end - begin
                read = many if total <= looks else max(1, looks * many // total)
                at = begin + (place_in(me.lot, alike[cell]) if read < alike[cell] else 0)
                unread = many - read
                dearest = offers.price[begin if at > begin else min(at + read, end - 1)]
                for look in range(read):
                    here = at + look if at + look < end else at + look - many
                    full = listed.size[row] == width
                    if full and most - offers.price[here] < keys[0] >> LOT_BITS:
                        unread = unread if at > begin else 0
                        break
                    score = ask.sure + told.sure[cell - begins] + likeness(offers, here, knobs, me)
                    worth = score * SCALE - offers.price[here]
                    kindred = offers.wish[here] & kin
                    if full and worth + (joined * SCALE if kindred else 0) < keys[0] >> LOT_BITS:
                        continue
                    if has(listed, row, offers.at[here]) or not meet(offers, here, me):
                        continue
                    points = kinship(near, side, knobs, who, offers.teacher[here]) if kindred else 0
                    if points and whole:
                        continue
                    score, worth = score + points, worth + points * SCALE
                    put(keys, listed, row, worth, mix(me.lot ^ offers.lot[here]), offers.at[here], score)
                if unread:
                    listed.unseen[row] += unread
                    listed.best[row] = max(listed.best[row], most - dearest)
        if not known.offer.shape[1]:
            sort(keys, listed.offer[row], listed.score[row], listed.size[row])
