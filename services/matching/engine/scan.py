"""The best few teachers of each learner in one pass over the offers, and what the best of all is worth to them."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.matching.engine import listing
from services.matching.engine.compiled import EMPTY, compiled, lean, mix, place_in, shared_half_hours
from services.matching.engine.listing import LOT_BITS, SCALE, Listed, has, put, sort
from services.matching.engine.market import LEVELS, Cells, Market, Near, Offers, Returns, Side, challenges
from services.matching.engine.population import Ints, Population
from services.matching.engine.scoring import Ask, Self, in_common, kinship, likeness, meet, mutual, overlap, step

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
    keys, shares = np.zeros(width, np.int64), np.zeros(len(market.cells.hours), np.int64)
    for begin in range(0, len(order), BLOCK):
        rows = order[begin : begin + BLOCK]
        listed = listing.empty(len(rows), width)
        _scan(priced, sorted_, alike, rows, looks, known, listed, keys, shares)
        yield rows, listed


def _priced(market: Market, price: Ints | None) -> tuple[Market, Offers]:
    """The market at these prices, and its offers once more with the cheapest first in each cell."""
    offers = market.offers
    if price is None or not len(offers.at):
        return market, offers
    offers = offers._replace(price=price[offers.teacher])
    cell = np.repeat(np.arange(len(market.cells.hours)), np.diff(market.cells.start))
    order = np.lexsort((offers.price, cell))
    columns: list[Any] = [column[order] for column in offers]
    return market._replace(offers=offers), Offers(*columns)


def _alike(market: Market, offers: Offers) -> Ints:
    """How many offers of each cell cost as little as its cheapest."""
    start = market.cells.start
    ends = np.append(np.flatnonzero(np.diff(offers.price)) + 1, len(offers.price))
    after = ends[np.searchsorted(ends, start[:-1], "right")] if len(start) > 1 else start[:0]
    alike: Ints = np.minimum(after, start[1:]) - start[:-1]
    return alike


def _order(market: Market) -> Ints:
    """Learners who ask for the same one after the other, so that what they read is at hand."""
    asks = market.learners
    skill = np.zeros(len(asks.person), np.int64)
    some = np.flatnonzero(np.diff(asks.start))
    skill[some] = asks.skill[asks.start[some]]
    return np.lexsort((market.side.kind[asks.person], skill))


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
def _of_mark(returns: Returns, skill: int, mark: int) -> tuple[int, int]:
    """The offers of a skill whose teachers have a challenge: from the first to before the last."""
    low, high = returns.at[skill], returns.at[skill + 1]
    end = high
    while low < high:
        middle = (low + high) // 2
        if returns.mark[middle] < mark:
            low = middle + 1
        else:
            high = middle
    last = low
    while last < end and returns.mark[last] == mark:
        last += 1
    return low, last


@lean
def _kin(
    market: Market, me: Self, ask: Ask, shares: Ints, mark: int, keys: Ints, row: int, looks: int, listed: Listed
) -> bool:
    """List the teachers one of whose challenges the learner knows or shares; False where the limit left some unread."""
    offers, side, knobs = market.offers, market.side, market.knobs
    first, last = _of_mark(market.returns, ask.skill, mark)
    many = last - first
    begins = market.cells.at[ask.skill * LEVELS]
    begin = place_in(me.lot, many) if many > looks else 0
    for look in range(min(many, looks)):
        place = first + (begin + look) % many
        at, common = market.returns.offer[place], shares[market.returns.cell[place] - begins]
        offered = offers.level[at]
        if common == EMPTY or offered < ask.level + knobs.margin:
            continue
        score = ask.sure + step(knobs, ask.level, ask.target, offered) + overlap(knobs, common)
        hoped = (score + ask.rest) * SCALE - offers.price[at]
        if listed.size[row] == len(keys) and hoped < keys[0] >> LOT_BITS:
            continue
        score += likeness(offers, at, knobs, me)
        hoped = (score + knobs.reciprocity + knobs.shared_challenge) * SCALE - offers.price[at]
        if listed.size[row] == len(keys) and hoped < keys[0] >> LOT_BITS:
            continue
        if has(listed, row, at) or not meet(offers, at, me):
            continue
        points = kinship(market.near, side, knobs, me.person, offers.teacher[at])
        if points:
            score += points
            put(keys, listed, row, score * SCALE - offers.price[at], mix(me.lot ^ offers.lot[at]), at, score)
    return bool(many <= looks)


@lean
def _within_hours(cells: Cells, first: int, last: int, me: Self, half_hours: int, common: Ints) -> None:
    """What each of these cells' working weeks shares with the learner's, EMPTY where that is too little."""
    for cell in range(first, last):
        shared = shared_half_hours(cells.week, cell, me.week)
        common[cell - first] = shared if shared >= half_hours else EMPTY


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
    shares: Ints,
) -> None:
    cells, asks, near, side, knobs = market.cells, market.learners, market.near, market.side, market.knobs
    width = listed.offer.shape[1]
    skill, kind = EMPTY, EMPTY  # whose hours `shares` tells: the next as a rule asks for the same at the same hours
    joined = knobs.reciprocity + knobs.shared_challenge
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
        likely = knobs.cross_unit + knobs.same_site + knobs.seniority
        likely += 0 if me.liked >> np.uint64(63) else knobs.preferred_time
        for need in range(asks.start[asking], asks.start[asking + 1]):
            sure = asks.bonus[asking] + knobs.need_met
            ask = Ask(asks.skill[need], asks.level[need], asks.target[need], sure, likely + joined)
            begins, ends = cells.at[ask.skill * LEVELS], cells.at[ask.skill * LEVELS + LEVELS]
            lowest = cells.at[ask.skill * LEVELS + min(LEVELS, max(0, ask.level + knobs.margin))]
            if skill != ask.skill or kind != side.kind[who]:
                skill, kind = ask.skill, side.kind[who]
                _within_hours(cells, begins, ends, me, knobs.half_hours, shares)
            whole = True
            if joined:
                for place in range(near.knows_at[who], near.knows_at[who + 1]):
                    whole &= _kin(market, me, ask, shares, near.knows[place], keys, row, looks, listed)
                for place in range(near.marks_at[who], near.marks_at[who + 1]):
                    whole &= _kin(market, me, ask, shares, near.marks[place], keys, row, looks, listed)
            rest = likely if whole else ask.rest
            total = 0
            for cell in range(lowest, ends):
                total += 0 if shares[cell - begins] == EMPTY else cells.start[cell + 1] - cells.start[cell]
            for cell in range(lowest, ends):
                common = shares[cell - begins]
                if common == EMPTY:
                    continue
                begin, end = int(cells.start[cell]), int(cells.start[cell + 1])
                sure = ask.sure + step(knobs, ask.level, ask.target, offers.level[begin]) + overlap(knobs, common)
                most = (sure + rest) * SCALE
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
                    score = sure + likeness(offers, here, knobs, me)
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
