"""An auction: learners outbid each other for places until nobody would rather have another; prices prove the rest."""

from typing import NamedTuple

import numpy as np

from services.matching.engine.compiled import compiled
from services.matching.engine.market import Small
from services.matching.engine.population import Ints
from services.matching.engine.scan import SCALE

EMPTY = -1
NEVER = 1 << 60


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
def bid(bidders: Bidders, places: Places, queue: Ints, step: int, patience: int) -> int:
    """Let the queued rows bid, the last first, each raising by at least `step`; returns how many bids that took.

    `queue` holds every row once at most; rows that would rather have nothing leave. Whoever has bid `patience` times
    raises by twice as much, and so on: many who want the same few places come to an end too.
    """
    tries = np.zeros(len(bidders.first), np.int64)
    asked = asks(places)
    waiting = len(queue)
    stack = np.empty(len(bidders.first), np.int64)
    stack[:waiting] = queue
    bids = 0
    while waiting:
        waiting -= 1
        row = stack[waiting]
        best, second, chosen = 0, 0, EMPTY
        for edge in range(bidders.first[row], bidders.last[row]):
            net = bidders.score[edge] * SCALE - asked[bidders.column[edge]]
            if net > best:
                if chosen == EMPTY or bidders.column[chosen] != bidders.column[edge]:
                    second = best
                best, chosen = net, edge
            elif net > second and bidders.column[chosen] != bidders.column[edge]:
                second = net
        if chosen == EMPTY:
            continue
        bids += 1
        column = bidders.column[chosen]
        place = cheapest(places, column)
        loser = places.owner[place]
        if loser != EMPTY:
            bidders.edge[loser] = EMPTY
            bidders.place[loser] = EMPTY
            stack[waiting] = loser
            waiting += 1
        places.owner[place] = row
        places.ask[place] += best - second + (step << min(tries[row] // patience, 20))
        tries[row] += 1
        bidders.edge[row] = chosen
        bidders.place[row] = place
        asked[column] = places.ask[cheapest(places, column)]
    return bids
