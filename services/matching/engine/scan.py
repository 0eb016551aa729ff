"""The best few teachers of each learner in one pass over the offers, and what the best of all is worth to them."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from services.matching.engine import listing
from services.matching.engine.compiled import EMPTY, compiled, mix, ones, place_in, shared_half_hours
from services.matching.engine.listing import LOT_BITS, SCALE, Listed, has, put, sort
from services.matching.engine.market import LEVELS, Cells, Knobs, Market, Near, Offers, Side, challenges
from services.matching.engine.population import Ints, Masks, Population

BEST_GAP, GAP_STEP = 2, 4
HALF_HOURS_A_POINT = 2
RANK_POINTS = 3
BLOCK = 1 << 16
"""Learners whose lists are drawn at a time."""


class Self(NamedTuple):
    """The one who asks."""

    person: int
    hours: np.uint64
    week: Masks
    languages: NDArray[np.uint64]
    manager: int
    unit: int
    site: int
    rank: int
    liked: np.uint64
    lot: np.uint64
    barred: Ints


class Ask(NamedTuple):
    """What they want to learn, and the points that every offer of it has."""

    level: int
    target: int
    sure: int


def scan(market: Market, price: Ints | None, width: int, looks: int) -> Listed:
    """List the offers worth most to each learner after its teacher's price (scaled, a number a person, None for 0).

    Offers that cannot be better than those listed are not read. Where more than `looks` offers would meet a need each
    cell is read by its share, the cheapest first; `best` takes what was left unread at the most it could be.
    """
    listed = listing.empty(len(market.learners.person), width)
    for rows, found in _drawn(market, price, width, looks):
        listed.size[rows], listed.offer[rows], listed.score[rows] = found.size, found.offer, found.score
        listed.best[rows], listed.unseen[rows] = found.best, found.unseen
    return listed


def renew(market: Market, price: Ints, known: Listed, width: int, looks: int) -> int:
    """As `scan`, into the lists that learners have already; returns what those missed, as `listing.merge` does."""
    missed = 0
    for rows, found in _drawn(market, price, width, looks):
        missed += listing.merge(market.offers.teacher, price, known, rows, found)
    return missed


def _drawn(market: Market, price: Ints | None, width: int, looks: int) -> Iterator[tuple[Ints, Listed]]:
    """Rows of some learners at a time, who ask for the same, and their lists, so that few are held at once."""
    priced, sorted_ = _priced(market, price)
    alike, order = _alike(market, sorted_), _order(market)
    for begin in range(0, len(order), BLOCK):
        rows = order[begin : begin + BLOCK]
        listed = listing.empty(len(rows), width)
        _scan(priced, sorted_, alike, rows, looks, listed)
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
    return np.lexsort((market.side.hours[asks.person], skill))


@compiled
def step(knobs: Knobs, level: int, target: int, offered: int) -> int:
    """Points for how far ahead the teacher is."""
    ahead = abs(offered - level) - BEST_GAP
    points = knobs.skill_gap * (GAP_STEP - min(max(ahead, 0), GAP_STEP)) // GAP_STEP
    return points + knobs.target_reached if offered >= target else points


@compiled
def mutual(near: Near, side: Side, margin: int, learner: int, teacher: int) -> bool:
    """Whether the learner could teach something the teacher asks for."""
    if not side.teaches[learner]:
        return False
    for want in range(near.wants_at[teacher], near.wants_at[teacher + 1]):
        for know in range(near.knows_at[learner], near.knows_at[learner + 1]):
            if near.wants[want] == near.knows[know] and near.knows_level[know] >= near.wants_level[want] + margin:
                return True
    return False


@compiled
def in_common(at: Ints, marks: Ints, one: int, other: int) -> int:
    """A challenge of both, the first of them; EMPTY for none. `marks[at[p]:at[p + 1]]` are those of a person."""
    for mine in range(at[one], at[one + 1]):
        for theirs in range(at[other], at[other + 1]):
            if marks[mine] == marks[theirs]:
                return int(marks[mine])
    return EMPTY


@compiled
def kinship(near: Near, side: Side, knobs: Knobs, learner: int, teacher: int) -> int:
    """Points for what joins two people beyond the need: it could go both ways, or a challenge of both."""
    points = knobs.reciprocity if mutual(near, side, knobs.margin, learner, teacher) else 0
    if in_common(near.marks_at, near.marks, learner, teacher) != EMPTY:
        points += knobs.shared_challenge
    return points


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


@compiled
def _shared(at: Ints, marks: Ints, learner: Ints, teacher: Ints, found: Ints) -> None:
    for place in range(len(learner)):
        found[place] = in_common(at, marks, learner[place], teacher[place])


@compiled
def barred(near: Near, one: int, other: int) -> bool:
    """Whether these two must not meet."""
    for place in range(near.barred_at[one], near.barred_at[one + 1]):
        if near.barred[place] == other:
            return True
    return False


@compiled
def speak(languages: NDArray[np.uint64], row: int, mine: NDArray[np.uint64]) -> bool:
    """Whether a row of language masks has one in common with mine."""
    for word in range(mine.shape[0]):
        if languages[row, word] & mine[word]:
            return True
    return False


@compiled
def meet(offers: Offers, at: int, me: Self) -> bool:
    """Whether nothing but hours speaks against this teacher: line, language, or what must not be."""
    teacher = offers.teacher[at]
    if teacher == me.person or offers.manager[at] == me.person or me.manager == teacher:
        return False
    for other in me.barred:
        if other == teacher:
            return False
    return speak(offers.languages, at, me.languages)


@compiled
def likeness(offers: Offers, at: int, knobs: Knobs, me: Self) -> int:
    """Points for where two people are in the organization."""
    points: int = max(0, knobs.seniority - RANK_POINTS * abs(offers.rank[at] - me.rank))
    if offers.unit[at] != me.unit:
        points += knobs.cross_unit
    if offers.site[at] == me.site:
        points += knobs.same_site
    if suits(offers.liked[at] & me.liked, knobs.half_hours):
        points += knobs.preferred_time
    return points


@compiled
def suits(liked: np.uint64, half_hours: int) -> bool:
    """Whether the half of the day that both like, or one where the other likes any, is long enough to meet in."""
    return not liked >> np.uint64(63) and ones(liked) >= half_hours


@compiled
def overlap(knobs: Knobs, common: int) -> int:
    """Points for half-hours in common."""
    return min((common - knobs.half_hours) // HALF_HOURS_A_POINT, knobs.common_hours)


@compiled
def _kin(market: Market, me: Self, ask: Ask, key: int, keys: Ints, row: int, looks: int, listed: Listed) -> bool:
    """List the teachers one of whose challenges the learner knows or shares; False where the limit left some unread."""
    offers, returns, side, knobs = market.offers, market.returns, market.side, market.knobs
    first = np.searchsorted(returns.key, key)
    many = int(np.searchsorted(returns.key, key + 1) - first)
    begin = place_in(me.lot, many) if many > looks else 0
    for look in range(min(many, looks)):
        at = returns.offer[first + (begin + look) % many]
        offered, teacher = offers.level[at], offers.teacher[at]
        if offered < ask.level + knobs.margin:
            continue
        if ones(side.hours[teacher] & me.hours) < knobs.half_hours:
            continue
        common = shared_half_hours(side.week, teacher, me.week)
        if common < knobs.half_hours:
            continue
        score = ask.sure + step(knobs, ask.level, ask.target, offered) + overlap(knobs, common)
        score += likeness(offers, at, knobs, me)
        hoped = (score + knobs.reciprocity + knobs.shared_challenge) * SCALE - offers.price[at]
        if listed.size[row] == len(keys) and hoped < keys[0] >> LOT_BITS:
            continue
        points = kinship(market.near, side, knobs, me.person, teacher)
        if not points or not meet(offers, at, me) or has(listed, row, at):
            continue
        score += points
        put(keys, listed, row, score * SCALE - offers.price[at], mix(me.lot ^ offers.lot[at]), at, score)
    return bool(many <= looks)


@compiled
def _within_hours(cells: Cells, first: int, last: int, me: Self, half_hours: int, common: Ints) -> int:
    """How many offers lie in cells whose working week suits the learner's; `common` is what each shares with it."""
    total = 0
    for cell in range(first, last):
        common[cell - first] = 0
        if ones(cells.hours[cell] & me.hours) >= half_hours:
            common[cell - first] = shared_half_hours(cells.week, cell, me.week)
            if common[cell - first] >= half_hours:
                total += int(cells.start[cell + 1] - cells.start[cell])
    return total


@compiled
def _scan(market: Market, offers: Offers, alike: Ints, rows: Ints, looks: int, listed: Listed) -> None:
    cells, asks, near, side, knobs = market.cells, market.learners, market.near, market.side, market.knobs
    width = listed.offer.shape[1]
    keys = np.zeros(width, np.int64)
    shares = np.zeros(len(cells.hours), np.int64)
    joined = knobs.reciprocity + knobs.shared_challenge
    for row in range(len(rows)):
        asking = rows[row]
        who = asks.person[asking]
        me = Self(
            who,
            side.hours[who],
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
        kin = side.kin[who] if joined else np.uint64(0)
        for need in range(asks.start[asking], asks.start[asking + 1]):
            ask = Ask(asks.level[need], asks.target[need], asks.bonus[asking] + knobs.need_met)
            whole = True
            first = asks.skill[need] * market.marks
            if joined:
                for place in range(near.knows_at[who], near.knows_at[who + 1]):
                    whole &= _kin(market, me, ask, first + near.knows[place], keys, row, looks, listed)
                for place in range(near.marks_at[who], near.marks_at[who + 1]):
                    whole &= _kin(market, me, ask, first + near.marks[place], keys, row, looks, listed)
            rest = knobs.cross_unit + knobs.same_site + knobs.seniority + (0 if whole else joined)
            rest += knobs.preferred_time
            bucket = asks.skill[need] * LEVELS
            lowest = cells.at[bucket + min(LEVELS, max(0, ask.level + knobs.margin))]
            total = _within_hours(cells, lowest, cells.at[bucket + LEVELS], me, knobs.half_hours, shares)
            for cell in range(lowest, cells.at[bucket + LEVELS]):
                common = shares[cell - lowest]
                if common < knobs.half_hours:
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
                    known = offers.wish[here] & kin
                    if full and worth + (joined * SCALE if known else 0) < keys[0] >> LOT_BITS:
                        continue
                    if not meet(offers, here, me):
                        continue
                    points = kinship(near, side, knobs, who, offers.teacher[here]) if known else 0
                    if points and (whole or has(listed, row, offers.at[here])):
                        continue
                    score, worth = score + points, worth + points * SCALE
                    put(keys, listed, row, worth, mix(me.lot ^ offers.lot[here]), offers.at[here], score)
                if unread:
                    listed.unseen[row] += unread
                    listed.best[row] = max(listed.best[row], most - dearest)
        sort(keys, listed.offer[row], listed.score[row], listed.size[row])
