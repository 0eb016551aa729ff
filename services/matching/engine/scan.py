"""The best few teachers of each learner in one pass over the offers, and what the best of all is worth to them."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from services.matching.engine.compiled import compiled, mix, ones, place_in
from services.matching.engine.market import LEVELS, Knobs, Learners, Market, Near, Offers, Side, Small
from services.matching.engine.population import Ints

SCALE = 1 << 16
"""A point, as prices count: what a place is worth is not a whole number of points."""
LOT_BITS = 20
BEST_GAP, GAP_STEP = 2, 4
HALF_HOURS_A_POINT = 2
RANK_POINTS = 3


class Listed(NamedTuple):
    """For each learner up to `width` offers, best first, with scores in points."""

    size: Ints
    offer: Small
    """Rows of the market's offers, one line a learner."""
    score: Small
    best: Ints
    """What the best of all offers is worth less its teacher's price, scaled; 0 where none is worth having."""
    unseen: Ints
    """Offers that the limit left unseen."""


def scan(market: Market, price: Ints, width: int, looks: int, turn: int = 0) -> Listed:
    """List the offers worth most to each learner after its teacher's price (scaled, a number a person).

    No more than `looks` offers are read for one need; `turn` moves the window over those that are more.
    """
    rows = len(market.learners.person)
    listed = Listed(
        np.zeros(rows, np.int64),
        np.zeros((rows, width), np.int32),
        np.zeros((rows, width), np.int32),
        np.zeros(rows, np.int64),
        np.zeros(rows, np.int64),
    )
    _scan(market.offers, market.learners, market.near, market.side, market.knobs, price, looks, turn, listed)
    return listed


def merge(market: Market, known: Listed, more: Listed, price: Ints, width: int) -> Listed:
    """Both lists of each learner, shortened to the `width` offers worth most after their teacher's price."""
    rows = len(known.size)
    shape = (rows, min(width, known.offer.shape[1] + more.offer.shape[1]))
    merged = Listed(
        np.zeros(rows, np.int64),
        np.zeros(shape, np.int32),
        np.zeros(shape, np.int32),
        more.best,
        np.maximum(known.unseen, more.unseen),
    )
    _merge(market.offers.teacher, price, known, more, merged)
    return merged


@compiled
def _merge(teacher: Small, price: Ints, known: Listed, more: Listed, merged: Listed) -> None:
    keys = np.zeros(merged.offer.shape[1], np.int64)
    for row in range(len(known.size)):
        size = 0
        for each in (known, more):
            for place in range(each.size[row]):
                offer, score = each.offer[row, place], each.score[row, place]
                key = score * SCALE - price[teacher[offer]]
                old = False
                for other in range(size):
                    old = old or merged.offer[row, other] == offer
                if not old and (size < len(keys) or key > keys[0]):
                    size = _push(keys, merged.offer[row], merged.score[row], size, key, offer, score)
        merged.size[row] = size


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
def _mutuals(near: Near, side: Side, margin: int, learner: Ints, teacher: Ints) -> NDArray[np.bool_]:
    found = np.zeros(len(learner), np.bool_)
    for place in range(len(learner)):
        found[place] = mutual(near, side, margin, learner[place], teacher[place])
    return found


def mutuals(market: Market, learner: Ints, teacher: Ints) -> NDArray[np.bool_]:
    """`mutual` for each pair of people."""
    found: NDArray[np.bool_] = _mutuals(market.near, market.side, market.knobs.margin, learner, teacher)
    return found


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
def _push(keys: Ints, offers: Small, scores: Small, size: int, key: int, offer: int, score: int) -> int:
    """Put into a heap whose smallest key is first; what falls out is the smallest."""
    width = len(keys)
    if size < width:
        place = size
        size += 1
        while place > 0 and keys[(place - 1) // 2] > key:
            above = (place - 1) // 2
            keys[place], offers[place], scores[place] = keys[above], offers[above], scores[above]
            place = above
    else:
        place = 0
        while True:
            below = 2 * place + 1
            if below >= size:
                break
            if below + 1 < size and keys[below + 1] < keys[below]:
                below += 1
            if keys[below] >= key:
                break
            keys[place], offers[place], scores[place] = keys[below], offers[below], scores[below]
            place = below
    keys[place], offers[place], scores[place] = key, offer, score
    return size


@compiled
def _sort(keys: Ints, offers: Small, scores: Small, size: int) -> None:
    for end in range(1, size):
        key, offer, score = keys[end], offers[end], scores[end]
        place = end
        while place > 0 and keys[place - 1] < key:
            keys[place], offers[place], scores[place] = keys[place - 1], offers[place - 1], scores[place - 1]
            place -= 1
        keys[place], offers[place], scores[place] = key, offer, score


@compiled
def _scan(
    offers: Offers,
    learners: Learners,
    near: Near,
    side: Side,
    knobs: Knobs,
    price: Ints,
    looks: int,
    turn: int,
    listed: Listed,
) -> None:
    width = listed.offer.shape[1]
    keys = np.zeros(width, np.int64)
    rest = knobs.reciprocity + knobs.cross_unit + knobs.same_site + knobs.common_hours + knobs.seniority
    for row in range(len(learners.person)):
        me = learners.person[row]
        hours, days, mine = side.hours[me], side.days[me], side.languages[me]
        size = 0
        best = 0
        for need in range(learners.start[row], learners.start[row + 1]):
            left = looks
            for offered in range(max(0, learners.level[need] + knobs.margin), LEVELS):
                begin = offers.start[learners.skill[need] * LEVELS + offered]
                many = offers.start[learners.skill[need] * LEVELS + offered + 1] - begin
                fixed = (
                    learners.bonus[row]
                    + knobs.need_met
                    + step(knobs, learners.level[need], learners.target[need], offered)
                )
                most = (fixed + rest) * SCALE
                if many == 0 or (most <= best and size == width and most < keys[0] >> LOT_BITS):
                    continue
                first = 0
                if many > left:
                    first = place_in(side.lots[me] + np.uint64(turn), many)
                    listed.unseen[row] += many - left
                    best = max(best, most)
                for look in range(min(many, left)):
                    offer = begin + (first + look) % many
                    common = offers.hours[offer] & hours
                    if ones(common) < knobs.half_hours or not offers.days[offer] & days:
                        continue
                    teacher = offers.teacher[offer]
                    if teacher == me or offers.manager[offer] == me or side.manager[me] == teacher:
                        continue
                    score = fixed
                    if offers.unit[offer] != side.unit[me]:
                        score += knobs.cross_unit
                    if offers.site[offer] == side.site[me]:
                        score += knobs.same_site
                    spare = (ones(common) - knobs.half_hours) // HALF_HOURS_A_POINT
                    score += min(spare, knobs.common_hours)
                    score += max(0, knobs.seniority - RANK_POINTS * abs(offers.rank[offer] - side.rank[me]))
                    worth = score * SCALE - price[teacher]
                    full = size == width
                    if full and worth + knobs.reciprocity * SCALE < keys[0] >> LOT_BITS:
                        continue
                    if not speak(offers.languages, offer, mine) or barred(near, me, teacher):
                        continue
                    if mutual(near, side, knobs.margin, me, teacher):
                        score += knobs.reciprocity
                        worth += knobs.reciprocity * SCALE
                    best = max(best, worth)
                    key = (worth << LOT_BITS) | np.int64(mix(side.lots[me] ^ mix(side.lots[teacher])) >> np.uint64(44))
                    if not full or key > keys[0]:
                        size = _push(keys, listed.offer[row], listed.score[row], size, key, offer, score)
                left -= min(many, left)
        _sort(keys, listed.offer[row], listed.score[row], size)
        listed.size[row] = size
        listed.best[row] = best
