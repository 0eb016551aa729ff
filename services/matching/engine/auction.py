"""An auction: learners outbid each other for places until nobody would rather have another; prices prove the rest."""

from typing import NamedTuple

import numpy as np

from services.matching.engine.compiled import EMPTY, compiled
from services.matching.engine.listing import SCALE
from services.matching.engine.market import Small
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
    score: Small
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
    near = np.empty((rows, NEAR), np.int64)
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
def settle(bidders: Bidders, places: Places, step: int, sweeps: int) -> int:
    """Let everybody think again at the prices there are, up to `sweeps` times; returns how many moves that took.

    Whoever would gain more than `step` elsewhere gives up their place, which then asks no more than it costs, and
    bids anew, perhaps for the same. So prices fall as well as rise, an empty place never asks more than its cost,
    and lists, prices and what is held may come from a coarser auction.
    """
    asked = asks(places)
    rows = len(bidders.first)
    stack = np.empty(rows, np.int64)
    moves = 0
    for _ in range(sweeps):
        before = moves
        for each in range(rows):
            stack[0], waiting = each, 1
            while waiting:
                waiting -= 1
                row = stack[waiting]
                chosen, best, second = _look_at_all(bidders, asked, row)
                held = bidders.edge[row]
                if held != EMPTY:
                    column, place = bidders.column[held], bidders.place[row]
                    if best <= bidders.score[held] * SCALE - places.ask[place] + step:
                        continue
                    places.owner[place], places.ask[place] = EMPTY, places.cost[place]
                    asked[column] = places.ask[cheapest(places, column)]
                    bidders.edge[row], bidders.place[row] = EMPTY, EMPTY
                    chosen, best, second = _look_at_all(bidders, asked, row)
                if chosen == EMPTY:
                    continue
                moves += 1
                loser = _take(bidders, places, asked, row, chosen, best - second + step)
                if loser != EMPTY:
                    stack[waiting] = loser
                    waiting += 1
        if moves == before:
            break
    return moves


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
def _look(bidders: Bidders, asked: Ints, near: Ints, held: int) -> tuple[int, int, int]:
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
def _refresh(bidders: Bidders, asked: Ints, row: int, near: Ints) -> tuple[int, int]:
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
