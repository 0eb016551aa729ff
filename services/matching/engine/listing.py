"""The few offers listed for each learner: put in, merged with later ones, and shortened to those worth most."""

from typing import NamedTuple

import numpy as np

from services.matching.engine.compiled import EMPTY, compiled
from services.matching.engine.market import Market, Small
from services.matching.engine.population import Ints

SCALE = 1 << 16
"""A point, as prices count: what a place is worth is not a whole number of points."""
LOT_BITS = 20


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


def hold(listed: Listed, offer: Ints, score: Ints) -> Ints:
    """The place of each learner's `offer` in the flattened lists, EMPTY for none; put in where it was not listed."""
    held = np.full(len(offer), EMPTY, np.int64)
    _hold(listed, offer, score, held)
    return held


@compiled
def _hold(listed: Listed, offer: Ints, score: Ints, held: Ints) -> None:
    width = listed.offer.shape[1]
    for row in range(len(offer)):
        if offer[row] == EMPTY:
            continue
        place = 0
        while place < listed.size[row] and listed.offer[row, place] != offer[row]:
            place += 1
        if place == listed.size[row]:
            place = min(place, width - 1)
            listed.offer[row, place], listed.score[row, place] = offer[row], score[row]
            listed.size[row] = place + 1
        held[row] = row * width + place


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
def put(keys: Ints, listed: Listed, row: int, worth: int, lot: np.uint64, at: int, score: int) -> None:
    """List an offer if there is room or it is worth more than the last; between equals the lot decides."""
    size = listed.size[row]
    listed.best[row] = max(listed.best[row], worth)
    key = int((worth << LOT_BITS) | np.int64(lot >> np.uint64(64 - LOT_BITS)))
    if size < len(keys) or key > keys[0]:
        listed.size[row] = _push(keys, listed.offer[row], listed.score[row], size, key, at, score)


@compiled
def has(listed: Listed, row: int, offer: int) -> bool:
    """Whether a learner has an offer listed."""
    found = False
    for place in range(listed.size[row]):
        found = found or listed.offer[row, place] == offer
    return found


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
def sort(keys: Ints, offers: Small, scores: Small, size: int) -> None:
    """Best first."""
    for end in range(1, size):
        key, offer, score = keys[end], offers[end], scores[end]
        place = end
        while place > 0 and keys[place - 1] < key:
            keys[place], offers[place], scores[place] = keys[place - 1], offers[place - 1], scores[place - 1]
            place -= 1
        keys[place], offers[place], scores[place] = key, offer, score
