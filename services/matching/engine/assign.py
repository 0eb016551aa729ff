"""The best choice of edges: a row once, a column as often as it has slots, each further slot dearer; and its proof."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import min_weight_full_bipartite_matching

from services.matching.engine.population import Bools, Ints

SCALE = 1 << 20
"""Scores are scaled so that ties are broken in the digits below one point and never outweigh one."""
PRICE_SWEEPS = 200
ROUNDS = 4

Cost: TypeAlias = Callable[[Ints], Ints]
"""What it costs to give a column one more row when it has so many already: never less than the one before."""


@dataclass(frozen=True)
class Graph:
    """Edges sorted by row and column, with their scores and their lots in [0, 1)."""

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


@dataclass(frozen=True)
class Choice:
    """Places of the chosen edges, what each one's slot costs, the total, and what no choice can exceed."""

    edges: Ints
    cost: Ints
    value: int
    bound: int


def solve(graph: Graph, listed: int) -> Choice:
    """Choose among each row's `listed` best edges; prices then bring in the others that could still improve it."""
    if not len(graph.row):
        return Choice(np.zeros(0, np.int64), np.zeros(0, np.int64), 0, 0)
    ranked = np.lexsort((-graph.lot, -graph.score, graph.row))
    rank = np.empty(len(graph.row), np.int64)
    starts = np.searchsorted(graph.row, np.arange(graph.rows))
    rank[ranked] = np.arange(len(graph.row)) - starts[graph.row[ranked]]
    active = rank < listed
    best = _solve(graph, active)
    for _ in range(ROUNDS):
        prices = best[1]
        wanted = graph.score - prices[graph.column] > best[2][graph.row]
        if best[0].bound <= best[0].value or not (wanted & ~active).any():
            break
        active |= wanted
        best = _solve(graph, active)
    return best[0]


def _solve(graph: Graph, active: Bools) -> tuple[Choice, Ints, Ints]:
    """The optimum over the active edges, prices of the columns and gains of the rows, and the bound over all edges."""
    places = np.flatnonzero(active)
    count = np.minimum(graph.slots[graph.column[places]], graph.rows)
    edge = np.repeat(places, count)
    step = np.arange(len(edge)) - np.repeat(np.cumsum(count) - count, count)
    column = graph.column[edge]
    cost = graph.cost(graph.load[column] + step)
    slot_of = np.concatenate(([0], np.cumsum(np.minimum(graph.slots, graph.rows))))
    slot = slot_of[column] + step
    score = graph.score[edge] - cost
    chosen = _match(graph, edge, slot, score, int(slot_of[-1]))
    edges, cost, slot = edge[chosen], cost[chosen], slot[chosen]
    price = _prices(graph.row[edge], slot_of[column] + step, score, chosen, graph.rows, int(slot_of[-1]))
    value = int(score[chosen].sum())
    cheapest = _cheapest(graph, slot_of, price)
    gain = np.zeros(graph.rows, np.int64)
    np.maximum.at(gain, graph.row, graph.score - cheapest[graph.column])
    return Choice(edges, cost, value, int(gain.sum() + price.sum())), cheapest, gain


def _match(graph: Graph, edge: Ints, slot: Ints, score: Ints, slots: int) -> Ints:
    """Places in `edge` of a maximum-weight matching; a private empty slot lets every row stay out."""
    weight = score * SCALE + (graph.lot[edge] * (SCALE // (2 * graph.rows + 1))).astype(np.int64)
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


def _cheapest(graph: Graph, slot_of: Ints, price: Ints) -> Ints:
    """For each column the least that any of its slots asks, its price and its cost together."""
    columns = len(graph.slots)
    count = np.diff(slot_of)
    column = np.repeat(np.arange(columns), count)
    step = np.arange(len(column)) - np.repeat(slot_of[:-1], count)
    cheapest = np.full(columns, np.iinfo(np.int32).max, np.int64)
    np.minimum.at(cheapest, column, price + graph.cost(graph.load[column] + step))
    return cheapest
