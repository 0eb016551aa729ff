"""An attacker who adds and subtracts whatever was released, with an arithmetic of their own."""

from collections.abc import Iterator, Sequence
from itertools import combinations

import numpy as np
import pytest
from numpy.typing import NDArray

from services.metrics.confidentiality import K, hide
from services.metrics.confidentiality.audit import Audit
from tests.metrics.organization import TABLES, Cell, Employee, cells_of, classes, history

ATTRIBUTES = ("division", "department", "site", "function", "tenure")
Matrix = NDArray[np.float64]


def guarded(people: Sequence[Employee]) -> dict[Cell, frozenset[int]]:
    """What is shown of a period: each table after complementary suppression, then the audit over all of them."""
    cells = cells_of(people)
    groups, places = classes(cells)
    audit = Audit([len(group) for group in groups])
    shown: dict[Cell, frozenset[int]] = {}
    for table in TABLES:
        of_table = {cell: members for cell, members in cells.items() if cell[0] == table}
        hidden = hide({cell: len(members) for cell, members in of_table.items()})
        shown |= {
            cell: members for cell, members in of_table.items() if cell not in hidden and audit.admit(places[cell])
        }
    return shown


def unguarded(people: Sequence[Employee]) -> dict[Cell, frozenset[int]]:
    """What a plain rule of k shows."""
    return {cell: members for cell, members in cells_of(people).items() if len(members) >= K}


def wanted(people: Sequence[Employee]) -> Iterator[frozenset[int]]:
    """Every group of fewer than k people that attributes single out."""
    found = set()
    for count in range(1, len(ATTRIBUTES) + 1):
        for names in combinations(ATTRIBUTES, count):
            groups: dict[tuple[int, ...], set[int]] = {}
            for one in people:
                groups.setdefault(tuple(getattr(one, name) for name in names), set()).add(one.number)
            found |= {frozenset(members) for members in groups.values() if len(members) < K}
    yield from found


def isolated(shown: Sequence[frozenset[int]], targets: Sequence[frozenset[int]]) -> set[int]:
    """The people in targets whose sum is a combination of shown sums: singular vectors, no exact arithmetic."""
    groups, places = classes(dict(enumerate(shown)))
    matrix = np.zeros((len(shown), len(groups)))
    for row, at in places.items():
        matrix[row, at] = 1
    _, strength, basis = np.linalg.svd(matrix, full_matrices=False)
    basis = basis[strength > 1e-9]
    whole: list[frozenset[int]] = [group for group in groups if len(group) < K]
    vectors, found = [], []
    for target in {*whole, *targets}:
        inside = [place for place, group in enumerate(groups) if group <= target]
        if inside and sum(len(groups[place]) for place in inside) == len(target):
            vector = np.zeros(len(groups))
            vector[inside] = 1
            vectors.append(vector)
            found.append(target)
    if not vectors:
        return set()
    aims: Matrix = np.array(vectors)
    rest = aims - aims @ basis.T @ basis
    return {number for target, left in zip(found, rest, strict=True) if np.abs(left).max() < 1e-6 for number in target}


@pytest.mark.parametrize("size", [200, 1000, 5000])
def test_nobody_is_isolated_and_most_cells_stay(size: int) -> None:
    kept = possible = 0
    for people in history(size)[:: {200: 1, 1000: 2, 5000: 6}[size]]:
        shown = guarded(people)
        kept += len(shown)
        possible += len(unguarded(people))
        assert not isolated(list(shown.values()), list(wanted(people)))
    assert kept / possible >= 0.8


def test_the_attacker_does_find_people_where_only_a_rule_of_k_protects_them() -> None:
    (people, *_) = history(200)
    found = isolated(list(unguarded(people).values()), list(wanted(people)))
    assert len(found) / len(people) > 0.02


def test_joiners_and_leavers_cannot_be_told_by_comparing_periods_even_if_nobody_changes() -> None:
    """The worst case: every person answers the same in every period, so that periods may be subtracted."""
    periods = history(200)
    cells = {
        (number, cell): members for number, people in enumerate(periods) for cell, members in cells_of(people).items()
    }
    sets = {name: members for name, members in cells.items() if len(members) >= K}
    groups, places = classes(dict(sets))
    audit = Audit([len(group) for group in groups])
    shown = [name for name in sets if audit.admit(places[name])]
    everybody = [target for people in periods for target in wanted(people)]
    assert not isolated([sets[name] for name in shown], everybody)
    ever = {cell for _, cell in shown}
    assert sum(cell in ever for _, cell in sets) / len(sets) >= 0.8


@pytest.mark.parametrize("colluders", range(K - 1))
def test_fewer_than_k_minus_1_colluders_isolate_nobody(colluders: int) -> None:
    """Whoever knows some of a group subtracts them: what is left is never one person."""
    (people, *_) = history(200, seed=1)
    shown = guarded(people)
    groups, places = classes(shown)
    audit = Audit([len(group) for group in groups])
    for cell in shown:
        audit.take(places[cell])
    reachable = [group for place, group in enumerate(groups) if audit.reaches([place])]
    assert all(len(group) - colluders > 1 for group in (*reachable, *shown.values()))


def test_a_tracker_needs_a_set_that_is_not_given() -> None:
    """Denning's tracker: a small group's sum from two large ones that overlap in all but it."""
    audit = Audit([20, 30, 2])
    assert audit.admit([0, 1])
    assert not audit.admit([0, 1, 2])
    assert audit.admit([1, 2])
    assert not audit.reaches([2])


def test_two_small_classes_are_no_answer_either() -> None:
    audit = Audit([2, 2, 40])
    assert audit.admit([0, 2])
    assert not audit.admit([1, 2])


def test_two_small_classes_are_no_answer_by_addition_either() -> None:
    """What is left beyond them is opposite: 0 with 2, and 1 without 2, add up to 0 and 1."""
    audit = Audit([2, 2, 9])
    assert audit.admit([0, 2])
    assert not audit.admit([0, 1])


def test_a_refused_set_that_halves_a_small_class_opens_no_way() -> None:
    """The first four are two classes of two for whoever has what was released, and four for whoever asks."""
    audit = Audit([1, 1, 1, 1, 40])
    assert audit.admit([0, 1, 4])
    assert not audit.admit([2, 3, 4])


def test_summands_of_one_person_at_two_times_open_no_way() -> None:
    audit = Audit([2, 2, 40], owners=[0, 0, 1, 1, 2])
    assert audit.admit([0, 1, 4])
    assert not audit.admit([2, 3, 4])


@pytest.mark.parametrize("seed", range(40))
def test_no_two_rows_of_what_is_admitted_are_about_few(seed: int) -> None:
    """By singular values, over all small unions of classes: what of the space is nothing but on them."""
    draw = np.random.default_rng(seed)
    sizes = draw.integers(1, 9, 9)
    audit = Audit(sizes.tolist())
    wished = [np.flatnonzero(draw.random(9) < 0.5) for _ in range(30)]
    matrix = np.zeros((0, 9))
    for members in wished:
        if len(members) and audit.admit(members):
            matrix = np.vstack([matrix, np.isin(range(9), members)])
    for count in (1, 2):
        for inside in combinations(range(9), count):
            if sizes[list(inside)].sum() < K:
                beyond = np.delete(matrix, inside, axis=1)
                assert np.linalg.matrix_rank(beyond) == np.linalg.matrix_rank(matrix), inside


def test_what_two_numbers_have_told_already_forbids_no_third() -> None:
    audit = Audit([2, 2, 40, 30])
    audit.take([0, 2])
    audit.take([1, 2])
    audit.forgive()
    assert audit.admit([2, 3])


def test_sliding_windows_cannot_be_subtracted() -> None:
    months = [30, 30, 30, 3]
    audit = Audit(months)
    assert audit.admit([0, 1, 2])
    assert audit.admit([0])
    assert not audit.admit([1, 2, 3])
    assert audit.admit([1, 2])
    assert not audit.admit([0, 1, 2, 3])
    assert not audit.reaches([3])


def test_what_was_shown_already_may_be_shown_again_by_any_path() -> None:
    audit = Audit([10, 10, 10])
    assert all(audit.admit(cells) for cells in ([0, 1, 2], [0], [1, 2], [0, 1, 2]))
