"""An auction: learners outbid each other for places until nobody would rather have another; prices prove the rest."""

from typing import NamedTuple

import numpy as np

from services.matching.engine.compiled import EMPTY, compiled
from services.matching.engine.listing import SCALE, Listed
from services.matching.engine.market import Short, Small
from services.matching.engine.population import Ints

NEVER = 1 << 60
NEAR = 8
"""Edges a row looks at before it looks at all of them again."""


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


@compiled
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
    near = np.empty((rows, NEAR), np.int32)
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
            held[row], beyond[row] = _refresh(bidders, asked, row, near[row])
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
def lower(bidders: Bidders, places: Places, at: Ints, edges: Small, width: int, step: int) -> int:
    """Let empty places ask less until somebody comes or they ask no more than they cost; returns how many came.

    The edges of column `c` are `edges[at[c]:at[c + 1]]`, `width` a row. Whoever comes gains at least `step`, so this
    ends; everybody stays within `step` of the best they could have, and no empty place asks more than its cost.
    """
    column = np.repeat(np.arange(len(places.start) - 1), np.diff(places.start))
    dear = (places.owner == EMPTY) & (places.ask > places.cost)
    stack = np.empty(len(places.owner), np.int64)
    waiting = np.count_nonzero(dear)
    stack[:waiting] = np.flatnonzero(dear)
    gains = np.empty(len(bidders.first), np.int64)
    for row in range(len(gains)):
        gains[row] = _gain(bidders, places, row)
    top = int(bidders.score.max()) * SCALE
    came = 0
    while waiting:
        waiting -= 1
        place = stack[waiting]
        chosen, best = EMPTY, 0
        for at_edge in range(at[column[place]], at[column[place] + 1]):
            edge = edges[at_edge]
            gain = gains[edge // width]
            if top - gain <= best:
                continue
            offer = bidders.score[edge] * SCALE - gain
            if offer > best:
                best, chosen = offer, int(edge)
        cost = places.cost[place]
        if best < cost + step:
            places.ask[place] = cost
            continue
        came += 1
        row = chosen // width
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


@compiled
def _gain(bidders: Bidders, places: Places, row: int) -> int:
    """What a row's place is worth to it now, 0 where it has none."""
    held = bidders.edge[row]
    return 0 if held == EMPTY else int(bidders.score[held] * SCALE - places.ask[bidders.place[row]])


@compiled
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


@compiled
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


@compiled
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


@compiled
def _refresh(bidders: Bidders, asked: Ints, row: int, near: Small) -> tuple[int, int]:
    """Put the edges worth most now into `near`; returns how many, and what the best of the others is worth.

    Prices only rise, so nothing beyond gets better until the next time.
    """
    worth = np.empty(NEAR, np.int64)
    size, beyond = 0, 0
    for edge in range(bidders.first[row], bidders.last[row]):
        net = bidders.score[edge] * SCALE - asked[bidders.column[edge]]
        if size == NEAR:
            if net <= worth[size - 1]:
                beyond = max(beyond, net)
                continue
            beyond = max(beyond, worth[size - 1])
            size -= 1
        place = size
        while place > 0 and worth[place - 1] < net:
            worth[place], near[place] = worth[place - 1], near[place - 1]
            place -= 1
        worth[place], near[place] = net, edge
        size += 1
    return size, beyond
