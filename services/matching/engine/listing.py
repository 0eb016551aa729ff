"""The few offers listed for each learner: put in, merged with later ones, and shortened to those worth most."""

from typing import NamedTuple

import numpy as np

from services.matching.engine.compiled import EMPTY, compiled, lean
from services.matching.engine.market import Short, Small
from services.matching.engine.population import Ints

SCALE = 1 << 16
"""A point, as prices count: what a place is worth is not a whole number of points."""
LOT_BITS = 20


class Listed(NamedTuple):
    """For each learner up to `width` offers, best first, with scores in points."""

    size: Ints
    offer: Small
    """Rows of the market's offers, one line a learner."""
    score: Short
    """In points: no weight is more than a thousand, and a score has fewer than thirty."""
    best: Ints
    """What the best of all offers is worth less its teacher's price, scaled; 0 where none is worth having."""
    unseen: Ints
    """Offers that the limit left unseen."""


def empty(rows: int, width: int) -> Listed:
    """Nothing listed yet, for so many learners."""
    return Listed(
        np.zeros(rows, np.int64),
        np.zeros((rows, width), np.int32),
        np.zeros((rows, width), np.int16),
        np.zeros(rows, np.int64),
        np.zeros(rows, np.int64),
    )


def merge(teacher: Small, price: Ints, known: Listed, rows: Ints, more: Listed) -> int:
    """Put lists of some rows into what they have listed, which keeps the offers worth most after their teacher's price.

    Returns by how much the best of all offers exceeds the best they had listed, all rows together, scaled.
    """
    return int(_merge(teacher, price, known, rows, more))


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
def _merge(teacher: Small, price: Ints, known: Listed, rows: Ints, more: Listed) -> int:
    width = known.offer.shape[1]
    keys = np.zeros(width, np.int64)
    offers, scores = np.zeros(width, np.int32), np.zeros(width, np.int16)
    missed = 0
    for line in range(len(rows)):
        row = rows[line]
        known.unseen[row] = more.unseen[line]
        size, best, new = 0, 0, False
        for place in range(more.size[line]):
            new = new or not has(known, row, more.offer[line, place])
        if not new and not more.unseen[line]:
            known.best[row] = more.best[line]
            continue
        for place in range(known.size[row]):
            offer, score = known.offer[row, place], known.score[row, place]
            key = score * SCALE - price[teacher[offer]]
            best = max(best, key)
            size = _push(keys, offers, scores, size, key, offer, score)
        for place in range(more.size[line]):
            offer, score = more.offer[line, place], more.score[line, place]
            key = score * SCALE - price[teacher[offer]]
            if (size < width or key > keys[0]) and not has(known, row, offer):
                size = _push(keys, offers, scores, size, key, offer, score)
        known.offer[row, :size], known.score[row, :size] = offers[:size], scores[:size]
        known.size[row], known.best[row] = size, more.best[line]
        missed += max(0, more.best[line] - best)
    return missed


@lean
def put(keys: Ints, listed: Listed, row: int, worth: int, lot: np.uint64, at: int, score: int) -> None:
    """List an offer if there is room or it is worth more than the last; between equals the lot decides."""
    size = listed.size[row]
    listed.best[row] = max(listed.best[row], worth)
    key = int((worth << LOT_BITS) | np.int64(lot >> np.uint64(64 - LOT_BITS)))
    if size < len(keys) or key > keys[0]:
        listed.size[row] = _push(keys, listed.offer[row], listed.score[row], size, key, at, score)


@lean
def has(listed: Listed, row: int, offer: int) -> bool:
    """Whether a learner has an offer listed."""
    found = False
    for place in range(listed.size[row]):
        found = found or listed.offer[row, place] == offer
    return found


@lean
def _push(keys: Ints, offers: Small, scores: Short, size: int, key: int, offer: int, score: int) -> int:
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


@lean
def sort(keys: Ints, offers: Small, scores: Short, size: int) -> None:
    """Best first."""
    for end in range(1, size):
        key, offer, score = keys[end], offers[end], scores[end]
        place = end
        while place > 0 and keys[place - 1] < key:
            keys[place], offers[place], scores[place] = keys[place - 1], offers[place - 1], scores[place - 1]
            place -= 1
        keys[place], offers[place], scores[place] = key, offer, score
