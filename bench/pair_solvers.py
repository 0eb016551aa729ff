"""One sparse instance of pairs, solved by each solver in a process of its own: value, bound, time and peak memory."""

import multiprocessing
import time
from collections.abc import Callable, Mapping
from multiprocessing.connection import Connection
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType
from typing import NamedTuple

import numpy as np

from services.matching.engine import assign, auction, trade
from services.matching.engine.compiled import EMPTY, compiled
from services.matching.engine.listing import SCALE, Listed
from services.matching.engine.market import Short, Small
from services.matching.engine.population import Ints
from services.matching.engine.rules import WEIGHTS

MINUTES = 4
EXACT_UP_TO = 100_000
BLOCK = 1 << 16
COST = trade.load_cost(WEIGHTS)


class Instance(NamedTuple):
    """Row `r` has the edges `column[r, :size[r]]` with their `score`; each further row of a column is dearer."""

    size: Ints
    column: Small
    score: Short
    slots: Ints

    def few(self) -> "Instance":
        """Some of its rows, so that nothing is compiled while the clock runs."""
        return self._replace(size=self.size[:20], column=self.column[:20], score=self.score[:20])

    def edges(self) -> tuple[Ints, Ints, Ints]:
        """Row, column and score of each edge."""
        inside = np.arange(self.column.shape[1]) < self.size[:, None]
        row = np.repeat(np.arange(len(self.size)), self.size)
        return row, self.column[inside].astype(np.int64), self.score[inside].astype(np.int64)

    def places(self) -> assign.Slots:
        """What every slot costs."""
        return assign.Slots(np.minimum(self.slots, len(self.size)), np.zeros_like(self.slots), COST)


Solved = tuple[int, int | None]
"""The value, and what no choice can exceed where the solver proves it."""


def auctioned(one: Instance) -> Solved:
    """The engine's auction, and its bound over what is listed."""
    rows, width = one.column.shape
    column, score, slots = one.column.reshape(-1), one.score.reshape(-1), one.places()
    first = np.arange(rows, dtype=np.int64) * width
    bidders, places = assign.empty_handed(first, first + one.size, column, score), assign.fresh(slots)
    listed = Listed(one.size, one.column, one.score, one.size, one.size)
    at, edges = auction.by_column(listed, np.arange(len(one.slots), dtype=np.int32), len(one.slots))
    auction.settle(bidders, places, np.arange(rows), at, edges, width)
    won = bidders.edge[bidders.edge != EMPTY]
    cost = assign.costs(column[won].astype(np.int64), np.zeros_like(one.slots), COST)
    price = auction.asks(places)
    return int(score[won].sum(dtype=np.int64) - cost.sum()), _bound(one, slots, price)


def _bound(one: Instance, slots: assign.Slots, price: Ints) -> int:
    bound = int(assign.slot_values(slots, price).sum())
    for begin in range(0, len(one.size), BLOCK):
        some = slice(begin, begin + BLOCK)
        gain = one.score[some].astype(np.int64) * SCALE - price[one.column[some]]
        gain[np.arange(gain.shape[1]) >= one.size[some, None]] = 0
        bound += int(gain.max(1, initial=0).sum())
    return bound // SCALE


def greedy(one: Instance) -> Solved:
    """The best edge first, as long as its teacher has room; equals by lot."""
    row, column, score = one.edges()
    order = np.lexsort((np.random.default_rng(1).random(len(row), np.float32), -score))
    slots = one.places()
    return int(_greedy(order, row, column, score, slots.start, slots.cost, len(one.size))), None


@compiled
def _greedy(order: Ints, row: Ints, column: Ints, score: Ints, start: Ints, cost: Ints, rows: int) -> int:
    taken, given, value = np.zeros(rows, np.bool_), start.copy(), 0
    for edge in order:
        place = given[column[edge]]
        if place < start[column[edge] + 1] and not taken[row[edge]]:
            taken[row[edge]] = True
            given[column[edge]] += 1
            value += score[edge] - cost[place]
    return value


def flow(one: Instance) -> Solved:
    """The exact optimum, by OR-tools' min-cost flow: unit arcs, dearer with every further learner."""
    from ortools.graph.python import min_cost_flow  # noqa: PLC0415 - only this peer needs it

    solver, slots = min_cost_flow.SimpleMinCostFlow(), one.places()
    row, column, score = one.edges()
    rows, columns = len(one.size), len(one.slots)
    source, sink, every = rows + columns, rows + columns + 1, np.arange(rows)
    tails = np.concatenate((np.full(rows, source), row, slots.column + rows, every))
    heads = np.concatenate((every, column + rows, np.full(len(slots), sink), np.full(rows, sink)))
    costs = np.concatenate((np.zeros(rows), -score, slots.cost, np.zeros(rows))).astype(np.int64)
    solver.add_arcs_with_capacity_and_unit_cost(tails, heads, np.ones(len(tails), np.int64), costs)
    solver.set_nodes_supplies(np.array([source, sink]), np.array([rows, -rows]))
    assert solver.solve() == solver.OPTIMAL
    value = -int(solver.optimal_cost())
    return value, value


def matching(one: Instance) -> Solved:
    """The exact optimum, by SciPy's full bipartite matching: a private slot lets every row stay out."""
    from scipy.sparse import csr_matrix  # noqa: PLC0415 - only this peer needs it
    from scipy.sparse.csgraph import min_weight_full_bipartite_matching  # noqa: PLC0415

    slots, rows = one.places(), len(one.size)
    row, column, score = one.edges()
    many = np.diff(slots.start)[column]
    edge = np.repeat(np.arange(len(row)), many)
    slot = slots.start[column[edge]] + np.arange(len(edge)) - np.repeat(np.cumsum(many) - many, many)
    worth = np.concatenate((score[edge] - slots.cost[slot], np.zeros(rows, np.int64)))
    every = np.arange(rows)
    where = np.concatenate((row[edge], every)), np.concatenate((slot, len(slots) + every))
    matrix = csr_matrix((float(worth.max() + 1) - worth, where), shape=(rows, len(slots) + rows))
    taken, at = min_weight_full_bipartite_matching(matrix)
    value = int(rows * (worth.max() + 1) - np.asarray(matrix[taken, at]).sum())
    return value, value


SOLVERS: Mapping[str, Callable[[Instance], Solved]] = MappingProxyType(
    {"auction": auctioned, "greedy": greedy, "OR-tools min-cost flow": flow, "SciPy full matching": matching}
)


def compare(instance: Instance) -> None:
    """A line a solver, against the exact optimum; where nobody finds it in time, against what is proved."""
    print(f"solvers {len(instance.size):>9,}: {int(instance.size.sum()):,} edges")
    with TemporaryDirectory() as folder:
        path = Path(folder) / "instance.npz"
        np.savez(path, **instance._asdict())
        exact = len(instance.size) <= EXACT_UP_TO
        found = {name: _apart(name, path) for name in SOLVERS if exact or name in {"auction", "greedy"}}
    bounds = [one[1] for one in found.values() if one and one[1] is not None]
    against = min(bounds)
    for name, one in found.items():
        if not one:
            print(f"  {name:<24} did not end in {MINUTES} minutes")
            continue
        value, bound, took, megabytes = one
        gap = f"proved within {100 * (bound - value) / bound:.3f} %" if bound is not None else "proves nothing"
        share = f"{100 * value / against:9.4f} % of {'the optimum' if exact else 'what is proved'}"
        print(f"  {name:<24} {value:>12,} {share}, {gap}, {took:.2f} s of CPU, {megabytes:,} MB")


def _apart(name: str, path: Path) -> tuple[int, int | None, float, int] | None:
    context = multiprocessing.get_context("spawn")
    mine, theirs = context.Pipe()
    process = context.Process(target=_solve, args=(name, path, theirs))
    process.start()
    theirs.close()
    found = mine.recv() if mine.poll(60 * MINUTES) else None
    process.kill()
    process.join()
    return found


def _solve(name: str, path: Path, reply: Connection) -> None:
    with np.load(path) as stored:
        instance = Instance(**{column: stored[column] for column in Instance._fields})
    SOLVERS[name](instance.few())
    began = time.process_time()
    value, bound = SOLVERS[name](instance)
    reply.send((value, bound, time.process_time() - began, _peak()))


def _peak() -> int:
    """Megabytes this process held at most; what the one that started it held is in `getrusage`, and not in this."""
    status = Path("/proc/self/status").read_text()
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM"))) // 1024
