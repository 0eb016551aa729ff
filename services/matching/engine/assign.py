"""The best choice of edges: a row once, a column as often as it has slots, each further slot dearer; and its proof."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import min_weight_full_bipartite_matching

from services.matching.engine import auction
from services.matching.engine.auction import NEVER, Bidders, Places
from services.matching.engine.compiled import EMPTY
from services.matching.engine.listing import SCALE
from services.matching.engine.market import Short, Small
from services.matching.engine.population import Ints

EXACT = 40_000
"""Up to so many edges times slots the choice is exact; more are auctioned."""
PRICE_SWEEPS = 1_000

Cost: TypeAlias = Callable[[Ints], Ints]
"""What it costs to give a column one more row when it has so many already: never less than the one before."""


@dataclass(frozen=True)
class Graph:
    """Edges sorted by row, with their scores and their lots in [0, 1); between equals the lot decides."""

    row: Ints
    column: Ints
    score: Ints
    lot: NDArray[np.float64]
    rows: int
    load: Ints
    """What each column carries already."""
    slots: Ints
    """What each column can still take."""
    cost: Cost
    unit: Ints | None = None
    """How much one more row adds to each column's load, 1 where not said."""


@dataclass(frozen=True)
class Choice:
    """Places of the chosen edges, what each one's slot costs, the total, and what no choice can exceed.

    `price` is what one more row costs each column, scaled: the proof, which holds for edges that were not given too.
    """

    edges: Ints
    cost: Ints
    value: int
    bound: int
    price: Ints


class Slots:
    """Columns' slots in one row: whose each is and what it costs."""

    def __init__(self, slots: Ints, load: Ints, cost: Cost, unit: Ints | None = None) -> None:
        most = np.maximum(0, slots)
        self.start = np.concatenate(([0], np.cumsum(most))).astype(np.int64)
        self.column = np.repeat(np.arange(len(most)), most)
        step = np.arange(len(self.column)) - self.start[self.column]
        step = step if unit is None else step * unit[self.column]
        self.cost = cost(load[self.column] + step).astype(np.int64)

    def __len__(self) -> int:
        return len(self.column)


def solve(graph: Graph, *, exact: int = EXACT) -> Choice:
    """The optimum of a small graph; of a large one a choice that its bound proves nearly so."""
    slots = Slots(np.minimum(graph.slots, graph.rows), graph.load, graph.cost, graph.unit)
    if not len(graph.row) or not len(slots):
        none = np.zeros(0, np.int64)
        return Choice(none, none, 0, 0, np.zeros(len(graph.slots), np.int64))
    edges = int(np.minimum(graph.slots, graph.rows)[graph.column].sum())
    chosen, price = _best(graph, slots, edges) if edges <= exact else _auctioned(graph, slots)
    return _proved(graph, slots, chosen, price)


def slot_values(slots: Slots, price: Ints) -> Ints:
    """What each slot would be worth to its column at these prices, scaled."""
    value: Ints = np.maximum(0, price[slots.column] - slots.cost * SCALE)
    return value


def _proved(graph: Graph, slots: Slots, chosen: Ints, price: Ints) -> Choice:
    """The choice with its costs and the bound that follows from the prices by weak duality."""
    chosen = np.sort(chosen)
    cost = costs(graph.column[chosen], graph.load, graph.cost, graph.unit)
    gain = np.zeros(graph.rows, np.int64)
    np.maximum.at(gain, graph.row, graph.score * SCALE - price[graph.column])
    value = int(graph.score[chosen].sum() - cost.sum())
    bound = int(gain.sum() + slot_values(slots, price).sum()) // SCALE
    return Choice(chosen, cost, value, bound, price)


def costs(column: Ints, load: Ints, cost: Cost, unit: Ints | None = None) -> Ints:
    """What each of these rows costs its column, the first to a column the least."""
    order = np.argsort(column, kind="stable")
    ranked = np.empty(len(column), np.int64)
    ordered = column[order]
    ranked[order] = np.arange(len(column)) - np.searchsorted(ordered, ordered)
    ranked = ranked if unit is None else ranked * unit[column]
    return cost(load[column] + ranked).astype(np.int64)


def _auctioned(graph: Graph, slots: Slots) -> tuple[Ints, Ints]:
    order = np.lexsort((-graph.lot, -graph.score, graph.row))
    first = np.searchsorted(graph.row[order], np.arange(graph.rows + 1)).astype(np.int64)
    column, score = graph.column[order].astype(np.int32), graph.score[order].astype(np.int32)
    luck = np.zeros(graph.rows)
    np.maximum.at(luck, graph.row, graph.lot)
    edges = np.argsort(column, kind="stable")
    at = np.searchsorted(column[edges], np.arange(len(graph.slots) + 1)).astype(np.int64)
    bidders, places = empty_handed(first[:-1], first[1:], column, score), fresh(slots)
    rows = graph.row[order].astype(np.int32)
    auction.settle(bidders, places, np.argsort(luck), at, edges.astype(np.int32), rows=rows)
    return order[bidders.edge[bidders.edge != EMPTY]], auction.asks(places)


def empty_handed(first: Ints, last: Ints, column: Small, score: Small | Short) -> Bidders:
    """Rows that hold nothing yet; row `r` has the edges `first[r]:last[r]`."""
    rows = len(first)
    return Bidders(first, last, column, score, np.full(rows, EMPTY, np.int64), np.full(rows, EMPTY, np.int64))


def fresh(slots: Slots) -> Places:
    """Places nobody has bid for."""
    cost = slots.cost * SCALE
    return Places(slots.start, cost, cost.copy(), np.full(len(slots), EMPTY, np.int64))


def _best(graph: Graph, slots: Slots, edges: int) -> tuple[Ints, Ints]:
    """Places of the edges of a maximum-weight matching, and prices of the columns that prove it."""
    count = np.minimum(graph.slots, graph.rows)[graph.column]
    edge = np.repeat(np.arange(len(graph.row)), count)
    step = np.arange(edges) - np.repeat(np.cumsum(count) - count, count)
    slot = slots.start[graph.column[edge]] + step
    score = graph.score[edge] - slots.cost[slot]
    chosen = _match(graph, edge, slot, score, len(slots))
    price = _prices(graph.row[edge], slot, score, chosen, graph.rows, len(slots))
    cheapest = np.full(len(graph.slots), NEVER, np.int64)
    np.minimum.at(cheapest, slots.column, (price + slots.cost) * SCALE)
    return edge[chosen], cheapest


def _match(graph: Graph, edge: Ints, slot: Ints, score: Ints, slots: int) -> Ints:
    """Places in `edge` of a maximum-weight matching; a private empty slot lets every row stay out."""
    scale = 1 << 20
    weight = score * scale + (graph.lot[edge] * (scale // (2 * graph.rows + 1))).astype(np.int64)
    top = int(max(0, weight.max())) + 1
    rows = np.concatenate((graph.row[edge], np.arange(graph.rows)))
    columns = np.concatenate((slot, slots + np.arange(graph.rows)))
    weights = np.concatenate((top - weight, np.full(graph.rows, top))).astype(np.float64)
    matrix = csr_matrix((weights, (rows, columns)), shape=(graph.rows, slots + graph.rows))
    taken, at = min_weight_full_bipartite_matching(matrix)
    real = at < slots
    keys = graph.row[edge] * slots + slot
    order = np.argsort(keys, kind="stable")
    found: Ints = order[np.searchsorted(keys[order], taken[real].astype(np.int64) * slots + at[real])]
    return found


def _prices(row: Ints, slot: Ints, score: Ints, chosen: Ints, rows: int, slots: int) -> Ints:
    """Lowest slot prices at which nobody would rather have another slot: longest paths of what people would give up."""
    price = np.zeros(slots, np.int64)
    mine = np.full(rows, -1, np.int64)
    mine[row[chosen]] = slot[chosen]
    worth = np.zeros(rows, np.int64)
    worth[row[chosen]] = score[chosen]
    other = slot != mine[row]
    row, slot, score = row[other], slot[other], score[other]
    for _ in range(PRICE_SWEEPS):
        gain = worth - np.where(mine >= 0, price[mine], 0)
        raised = price.copy()
        np.maximum.at(raised, slot, score - gain[row])
        if (raised == price).all():
            break
        price = raised
    return price
