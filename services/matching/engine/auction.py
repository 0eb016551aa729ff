"""An auction: learners outbid each other for places until nobody would rather have another; prices prove the rest."""

from typing import NamedTuple

import numpy as np

from services.matching.engine.compiled import EMPTY, compiled, lean
from services.matching.engine.listing import SCALE, Listed
from services.matching.engine.market import Short, Small
from services.matching.engine.population import Ints

NEVER = 1 << 60
STEPS = (16 * SCALE, 4 * SCALE, SCALE, SCALE // 4)
"""By how much a bid raises at least, in one auction after the other: how near the best it could have a row ends."""
NEAR = 8
"""Edges a row looks at before it looks at all of them again."""

EVEN: Small = np.zeros(0, np.int32)
"""Every row has as many edges as every other."""


class Places(NamedTuple):
    """The places of each column, `start[c]:start[c + 1]`: what each costs, asks, and which row has it."""

    start: Ints
    cost: Ints
    ask: Ints
    owner: Ints


class Bidders(NamedTuple):
    """Rows with their edges `first[r]:last[r]` of `column` and `score` (points), and the edge and place they hold."""

    first: Ints
    last: Ints
    column: Small
    score: Small | Short
    edge: Ints
    place: Ints


@lean
def cheapest(places: Places, column: int) -> int:
    """The place of a column that asks least, -1 where it has none."""
    found = EMPTY
    for place in range(places.start[column], places.start[column + 1]):
        if found == EMPTY or places.ask[place] < places.ask[found]:
            found = place
    return found


@compiled
def asks(places: Places) -> Ints:
    """What one more place of each column asks; NEVER where it has none."""
    found = np.full(len(places.start) - 1, NEVER, np.int64)
    for column in range(len(found)):
        place = cheapest(places, column)
        if place != EMPTY:
            found[column] = places.ask[place]
    return found


@compiled
def bid(bidders: Bidders, places: Places, queue: Ints, step: int) -> int:
    """Let the queued rows bid, the last first, each raising by at least `step`; returns how many bids that took.

    `queue` holds every row once at most; rows that would rather have nothing leave. Prices only rise and nobody
    pays more than a match is worth, so this ends; every row is then within `step` of the best it could have.
    """
    rows = len(bidders.first)
    asked = asks(places)
    near, worth = np.empty((rows, NEAR), np.int32), np.empty(NEAR, np.int64)
    held = np.zeros(rows, np.int64)
    beyond = np.full(rows, NEVER, np.int64)
    waiting = len(queue)
    stack = np.empty(rows, np.int64)
    stack[:waiting] = queue
    bids = 0
    while waiting:
        waiting -= 1
        row = stack[waiting]
        chosen, best, second = _look(bidders, asked, near[row], held[row])
        if second < beyond[row]:
            held[row], beyond[row] = _refresh(bidders, asked, row, near[row], worth)
            chosen, best, second = _look(bidders, asked, near[row], held[row])
            second = max(second, min(best, beyond[row]))
        if chosen == EMPTY:
            continue
        bids += 1
        loser = _take(bidders, places, asked, row, chosen, best - second + step)
        if loser != EMPTY:
            stack[waiting] = loser
            waiting += 1
    return bids


@compiled
def rethink(bidders: Bidders, places: Places, step: int) -> Ints:
    """Who has nothing, or would gain more than `step` elsewhere: these give up what they have, to bid anew.

    A place that was given up asks what it asked; `lower` sees to that.
    """
    asked = asks(places)
    rows = len(bidders.first)
    queue = np.empty(rows, np.int64)
    waiting = 0
    for row in range(rows):
        if bidders.edge[row] != EMPTY:
            _, best, _ = _look_at_all(bidders, asked, row)
            if best <= _gain(bidders, places, row) + step:
                continue
            places.owner[bidders.place[row]] = EMPTY
            bidders.edge[row], bidders.place[row] = EMPTY, EMPTY
        queue[waiting] = row
        waiting += 1
    return queue[:waiting]


@compiled
def lower(bidders: Bidders, places: Places, at: Ints, edges: Small, width: int, rows: Small, step: int) -> int:
    """Let empty places ask less until somebody comes or they ask no more than they cost; returns how many came.

    The edges of column `c` are `edges[at[c]:at[c + 1]]`; `rows` says whose each is, and where it is empty there are
    `width` a row. Whoever comes gains at least `step`, so this ends; everybody stays within `step` of the best they
    could have, and no empty place asks more than its cost.
    """
    columns = len(places.start) - 1
    column = np.repeat(np.arange(columns), np.diff(places.start))
    dear = (places.owner == EMPTY) & (places.ask > places.cost)
    stack = np.empty(len(places.owner), np.int64)
    waiting = np.count_nonzero(dear)
    stack[:waiting] = np.flatnonzero(dear)
    gains = np.empty(len(bidders.first), np.int64)
    for row in range(len(gains)):
        gains[row] = _gain(bidders, places, row)
    near, worth = np.empty((columns, NEAR), np.int32), np.empty(NEAR, np.int64)
    held, beyond = np.zeros(columns, np.int64), np.full(columns, NEVER, np.int64)
    top = int(bidders.score.max()) * SCALE
    came = 0
    while waiting:
        waiting -= 1
        place = stack[waiting]
        at_column = column[place]
        chosen, best = _who(bidders, gains, near[at_column], held[at_column], width, rows)
        if best < beyond[at_column]:
            mine = edges[at[at_column] : at[at_column + 1]]
            kept = _gather(bidders, gains, mine, near[at_column], worth, width, rows, top)
            held[at_column], beyond[at_column] = kept
            chosen, best = _who(bidders, gains, near[at_column], held[at_column], width, rows)
        cost = places.cost[place]
        if best < cost + step:
            places.ask[place] = cost
            continue
        came += 1
        row = _row(chosen, width, rows)
        left = bidders.place[row]
        places.ask[place] = min(places.ask[place], best - step)
        places.owner[place] = row
        bidders.edge[row], bidders.place[row] = chosen, place
        gains[row] = _gain(bidders, places, row)
        if left != EMPTY:
            places.owner[left] = EMPTY
            if places.ask[left] > places.cost[left]:
                stack[waiting] = left
                waiting += 1
    return came


@lean
def _row(edge: int, width: int, rows: Small) -> int:
    """Whose edge it is."""
    return int(rows[edge]) if len(rows) else edge // width


@lean
def _who(bidders: Bidders, gains: Ints, near: Small, held: int, width: int, rows: Small) -> tuple[int, int]:
    """The edge among those near whose row would pay most for its place, and how much."""
    chosen, best = EMPTY, 0
    for place in range(held):
        edge = int(near[place])
        offer = bidders.score[edge] * SCALE - gains[_row(edge, width, rows)]
        if offer > best:
            best, chosen = offer, edge
    return chosen, best


@lean
def _gather(
    bidders: Bidders, gains: Ints, edges: Small, near: Small, worth: Ints, width: int, rows: Small, top: int
) -> tuple[int, int]:
    """Put the edges whose rows would pay most now into `near`; returns how many, and the most any other would pay.

    Who moves gains by it, so that nobody beyond pays more until the next time.
    """
    size, beyond = 0, 0
    for edge in edges:
        gain = gains[_row(edge, width, rows)]
        if top - gain <= beyond:
            continue
        size, beyond = _insert(near, worth, size, beyond, edge, bidders.score[edge] * SCALE - gain)
    return size, beyond


@lean
def _insert(near: Small, worth: Ints, size: int, beyond: int, edge: int, net: int) -> tuple[int, int]:
    """Keep an edge among those worth most, the best first; returns how many there are, and the most of the others."""
    if size == NEAR:
        if net <= worth[size - 1]:
            return size, max(beyond, net)
        beyond = max(beyond, worth[size - 1])
        size -= 1
    place = size
    while place > 0 and worth[place - 1] < net:
        worth[place], near[place] = worth[place - 1], near[place - 1]
        place -= 1
    worth[place], near[place] = net, edge
    return size + 1, beyond


def settle(
    bidders: Bidders, places: Places, queue: Ints, at: Ints, edges: Small, width: int = 1, rows: Small = EVEN
) -> None:
    """Auctions from the coarsest to the finest, each going on where the last ended; the edges are told as to `lower`.

    Bidding by the finest step from nothing takes ten times as long where many want the same scarce places.
    """
    bid(bidders, places, queue, STEPS[0])
    for step in STEPS[1:]:
        bid(bidders, places, rethink(bidders, places, step), step)
        lower(bidders, places, at, edges, width, rows, step)


@compiled
def by_column(listed: Listed, teacher: Small, columns: int) -> tuple[Ints, Small]:
    """The edges of each column, as places in the flattened lists: those of `c` are `edges[at[c]:at[c + 1]]`."""
    at = np.zeros(columns + 1, np.int64)
    for row in range(len(listed.size)):
        for place in range(listed.size[row]):
            at[teacher[listed.offer[row, place]] + 1] += 1
    at = np.cumsum(at)
    edges = np.empty(at[columns], np.int32)
    filled = at.copy()
    for row in range(len(listed.size)):
        for place in range(listed.size[row]):
            column = teacher[listed.offer[row, place]]
            edges[filled[column]] = row * listed.offer.shape[1] + place
            filled[column] += 1
    return at, edges


@lean
def _gain(bidders: Bidders, places: Places, row: int) -> int:
    """What a row's place is worth to it now, 0 where it has none."""
    held = bidders.edge[row]
    return 0 if held == EMPTY else int(bidders.score[held] * SCALE - places.ask[bidders.place[row]])


@lean
def _take(bidders: Bidders, places: Places, asked: Ints, row: int, edge: int, raised: int) -> int:
    """Give a row the cheapest place of an edge's column, which then asks more; returns who had it."""
    column = bidders.column[edge]
    place = cheapest(places, column)
    loser = int(places.owner[place])
    if loser != EMPTY:
        bidders.edge[loser], bidders.place[loser] = EMPTY, EMPTY
    places.owner[place] = row
    places.ask[place] += raised
    bidders.edge[row], bidders.place[row] = edge, place
    asked[column] = places.ask[cheapest(places, column)]
    return loser


@lean
def _look_at_all(bidders: Bidders, asked: Ints, row: int) -> tuple[int, int, int]:
    """As `_look`, over all edges of a row."""
    best, second, chosen = 0, 0, EMPTY
    for edge in range(bidders.first[row], bidders.last[row]):
        net = bidders.score[edge] * SCALE - asked[bidders.column[edge]]
        if net > best:
            if chosen == EMPTY or bidders.column[chosen] != bidders.column[edge]:
                second = best
            best, chosen = net, edge
        elif net > second and bidders.column[chosen] != bidders.column[edge]:
            second = net
    return chosen, best, second


@lean
def _look(bidders: Bidders, asked: Ints, near: Small, held: int) -> tuple[int, int, int]:
    """The best edge of those near, what it is worth, and what the best in another column is; nothing is worth 0."""
    best, second, chosen = 0, 0, EMPTY
    for place in range(held):
        edge = near[place]
        net = bidders.score[edge] * SCALE - asked[bidders.column[edge]]
        if net > best:
            if chosen == EMPTY or bidders.column[chosen] != bidders.column[edge]:
                second = best
            best, chosen = net, edge
        elif net > second and bidders.column[chosen] != bidders.column[edge]:
            second = net
    return chosen, best, second


@lean
def _refresh(bidders: Bidders, asked: Ints, row: int, near: Small, worth: Ints) -> tuple[int, int]:
    """Put the edges worth most now into `near`; returns how many, and what the best of the others is worth.

    Prices only rise, so nothing beyond gets better until the next time.
    """
    size, beyond = 0, 0
    for edge in range(bidders.first[row], bidders.last[row]):
        net = bidders.score[edge] * SCALE - asked[bidders.column[edge]]
        size, beyond = _insert(near, worth, size, beyond, edge, net)
    return size, beyond
