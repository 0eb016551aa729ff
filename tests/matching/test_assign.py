"""The choice of edges against all choices there are."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.matching.engine import assign, auction
from services.matching.engine.assign import Graph, Slots, solve
from services.matching.engine.auction import EVEN, Bidders, Places
from services.matching.engine.compiled import EMPTY
from services.matching.engine.listing import SCALE, Listed
from services.matching.engine.market import Small
from services.matching.engine.population import Ints

SCORES = st.dictionaries(st.tuples(st.integers(0, 4), st.integers(0, 3)), st.integers(1, 60), max_size=12)
SLOTS = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), min_size=4, max_size=4)


def dearer(load: Ints) -> Ints:
    return 8 * load


def graph(scores: dict[tuple[int, int], int], slots: list[tuple[int, int]]) -> Graph:
    edges = sorted(edge for edge in scores if slots[edge[1]][0] > 0)
    return Graph(
        row=np.array([row for row, _ in edges], np.int64),
        column=np.array([column for _, column in edges], np.int64),
        score=np.array([scores[edge] for edge in edges], np.int64),
        lot=np.linspace(0, 0.9, len(edges)),
        rows=5,
        load=np.array([load for _, load in slots], np.int64),
        slots=np.array([room for room, _ in slots], np.int64),
        cost=dearer,
    )


def best(scores: dict[tuple[int, int], int], slots: list[tuple[int, int]], row: int = 0) -> int:
    """The optimum by trying everything."""
    if row == 5:
        return 0
    values = [best(scores, slots, row + 1)]
    for column, (room, load) in enumerate(slots):
        if (row, column) in scores and room > 0:
            rest = [*slots[:column], (room - 1, load + 1), *slots[column + 1 :]]
            values.append(scores[row, column] - 8 * load + best(scores, rest, row + 1))
    return max(values)


@given(scores=SCORES, slots=SLOTS)
@settings(deadline=None)
def test_a_small_choice_is_the_optimum_and_proves_it(
    scores: dict[tuple[int, int], int], slots: list[tuple[int, int]]
) -> None:
    choice = solve(graph(scores, slots))
    assert choice.value == choice.bound == best(scores, slots)


@given(scores=SCORES, slots=SLOTS)
@settings(deadline=None)
def test_an_auction_ends_near_the_optimum_and_its_bound_holds(
    scores: dict[tuple[int, int], int], slots: list[tuple[int, int]]
) -> None:
    choice = solve(graph(scores, slots), exact=0)
    optimum = best(scores, slots)
    assert choice.value <= optimum <= choice.bound
    assert choice.value > optimum - 1


def by_column(bidders: Bidders, columns: int, width: int) -> tuple[Ints, Small]:
    """The edges of each column, where every teacher has one offer."""
    none = np.zeros(len(bidders.first), np.int64)
    lists = bidders.column.reshape(-1, width), bidders.score.reshape(-1, width).astype(np.int16)
    listed = Listed(bidders.last - bidders.first, *lists, none, none)
    return auction.by_column(listed, np.arange(columns, dtype=np.int32), columns)


@given(scores=SCORES, slots=SLOTS, coarse=st.integers(1, 40))
@settings(deadline=None)
def test_an_auction_that_goes_on_from_a_coarser_one_leaves_no_dear_place_empty(
    scores: dict[tuple[int, int], int], slots: list[tuple[int, int]], coarse: int
) -> None:
    offered = graph(scores, slots)
    places = assign.fresh(Slots(offered.slots, offered.load, offered.cost))
    first = np.searchsorted(offered.row, np.arange(6)).astype(np.int64)
    columns = offered.column.astype(np.int32), offered.score.astype(np.int32)
    width = int(np.diff(first).max(initial=1))
    wide = np.arange(5) * width
    spread = [np.zeros(5 * width, np.int32) for _ in columns]
    for row in range(5):
        for target, source in zip(spread, columns, strict=True):
            target[wide[row] : wide[row] + first[row + 1] - first[row]] = source[first[row] : first[row + 1]]
    bidders = Bidders(wide, wide + np.diff(first), spread[0], spread[1], np.full(5, EMPTY), np.full(5, EMPTY))
    step = SCALE // 8
    auction.bid(bidders, places, np.arange(5), coarse * SCALE)
    auction.bid(bidders, places, auction.rethink(bidders, places, step), step)
    auction.lower(bidders, places, *by_column(bidders, 4, width), width, EVEN, step)
    assert (places.ask[places.owner == EMPTY] == places.cost[places.owner == EMPTY]).all()
    held = np.flatnonzero(bidders.edge != EMPTY)
    assert (places.owner[bidders.place[held]] == held).all()
    assert len(held) == np.count_nonzero(places.owner != EMPTY)
    edges = np.searchsorted(offered.row, held) + bidders.edge[held] - wide[held]
    value = int(offered.score[edges].sum() - assign.costs(offered.column[edges], offered.load, dearer).sum())
    assert best(scores, slots) - 1 < value <= best(scores, slots)


@given(scores=SCORES, slots=SLOTS, exact=st.sampled_from((0, 1000)))
@settings(deadline=None)
def test_a_row_is_taken_once_and_a_column_as_often_as_it_has_slots(
    scores: dict[tuple[int, int], int], slots: list[tuple[int, int]], exact: int
) -> None:
    given_graph = graph(scores, slots)
    chosen = solve(given_graph, exact=exact).edges
    rows, columns = given_graph.row[chosen], given_graph.column[chosen]
    assert len(set(rows.tolist())) == len(rows)
    assert (np.bincount(columns, minlength=4) <= given_graph.slots).all()


@given(scores=SCORES, slots=SLOTS)
@settings(deadline=None)
def test_one_more_slot_never_lowers_the_optimum(
    scores: dict[tuple[int, int], int], slots: list[tuple[int, int]]
) -> None:
    room, load = slots[0]
    more = [(room + 1, load), *slots[1:]]
    assert solve(graph(scores, more)).value >= solve(graph(scores, slots)).value


def contest(ask: list[int], score: list[int]) -> tuple[Bidders, Places]:
    """One row, and as many columns of one place."""
    columns = np.arange(len(ask))
    places = Places(np.arange(len(ask) + 1), np.zeros(len(ask), np.int64), np.array(ask), np.full(len(ask), EMPTY))
    edges = columns.astype(np.int32), np.array(score, np.int32)
    return Bidders(np.zeros(1, np.int64), np.array([len(ask)]), *edges, np.array([EMPTY]), np.array([EMPTY])), places


def test_a_bid_raises_by_what_the_next_best_leaves_and_a_step() -> None:
    bidders, places = contest([0, 0], [10, 7])
    assert auction.bid(bidders, places, np.arange(1), SCALE // 2) == 1
    assert places.ask.tolist() == [3 * SCALE + SCALE // 2, 0]


@pytest.mark.parametrize(("held_at", "comes"), [(SCALE // 2, 0), (SCALE, 1)])
def test_nobody_moves_to_an_empty_place_for_less_than_a_step(held_at: int, comes: int) -> None:
    bidders, places = contest([held_at, 9 * SCALE], [10, 10])
    places.owner[0], bidders.edge[0], bidders.place[0] = 0, 0, 0
    assert auction.lower(bidders, places, *by_column(bidders, 2, 2), 2, EVEN, SCALE) == comes
    assert places.ask[1] == 0
    assert bidders.place[0] == comes


def test_an_empty_place_asks_a_step_less_than_it_is_worth_to_who_comes() -> None:
    """However few have it listed: asking nothing, it would be what everybody else lists next."""
    bidders, places = contest([12 * SCALE], [10])
    assert auction.lower(bidders, places, *by_column(bidders, 1, 1), 1, EVEN, SCALE) == 1
    assert places.ask.tolist() == [9 * SCALE]


def test_between_equal_edges_the_lot_decides() -> None:
    even = graph({(0, 0): 5, (1, 0): 5}, [(1, 0)] * 4)
    first = solve(replace(even, lot=np.array([0.9, 0.1]))).edges.tolist()
    second = solve(replace(even, lot=np.array([0.1, 0.9]))).edges.tolist()
    assert (first, second) == ([0], [1])
