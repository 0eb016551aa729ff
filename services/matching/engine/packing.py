"""Disjoint sets that are worth most together: the optimum where few compete, else a choice proved nearly so."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, linprog, milp
from scipy.sparse import coo_array, csc_array
from scipy.sparse.csgraph import connected_components

from services.matching.engine.compiled import EMPTY
from services.matching.engine.population import Ints

EXACT = 800
"""Sets of one component up to which the optimum is looked for, and below the branches that may take."""
NODES = 500
LINEAR = 50_000
"""Sets up to which shares of sets are weighed; beyond, a quick choice has to do. None of these is a time, so that the
same round comes out on any machine."""
SURE, HALF = 0.9, 0.5
EPSILON = 1e-6


class Sets(NamedTuple):
    """Sets of people: up to three places a line, EMPTY for none; what each is worth, and a lot in [0, 1) for ties."""

    member: Ints
    value: Ints
    lot: NDArray[np.float64]

    def take(self, rows: Ints) -> "Sets":
        """Some of the sets."""
        return Sets(self.member[rows], self.value[rows], self.lot[rows])


def pack(sets: Sets, people: int) -> tuple[Ints, int]:
    """Rows of disjoint sets, and what no choice of disjoint sets can exceed.

    Sets that share nobody, not through others either, are chosen apart: what becomes of them hangs on nobody else.
    """
    worthy = np.flatnonzero(sets.value > 0)
    part = _parts(sets.member[worthy], people)
    order = worthy[np.argsort(part, kind="stable")]
    ends = np.cumsum(np.bincount(part))
    chosen, bound = [np.zeros(0, np.int64)], 0
    for begin, end in zip([0, *ends[:-1].tolist()], ends.tolist(), strict=True):
        rows = order[begin:end]
        won, most = _of_one(sets.take(rows), people)
        chosen.append(rows[won])
        bound += most
    return np.sort(np.concatenate(chosen)), bound


def _parts(member: Ints, people: int) -> Ints:
    """Which component each set is in."""
    real = member[:, 1:] != EMPTY
    first = np.broadcast_to(member[:, :1], real.shape)[real]
    joined = coo_array((np.ones(len(first), np.int8), (first, member[:, 1:][real])), shape=(people, people))
    _, label = connected_components(joined, directed=False)
    return np.unique(label[member[:, 0]], return_inverse=True)[1].reshape(-1).astype(np.int64)


def _of_one(sets: Sets, people: int) -> tuple[Ints, int]:
    """The choice within one component, and its bound."""
    chosen, bound = _quick(sets, people)
    many = len(sets.value)
    if len(chosen) == many or many > LINEAR:
        return chosen, bound
    for better in (_dive, _exact)[: 2 if many <= EXACT else 1]:
        if sets.value[chosen].sum() < bound:
            found, proved = better(sets)
            chosen = max(chosen, found, key=lambda rows: int(sets.value[rows].sum()))
            bound = min(bound, proved)
    return chosen, bound


def _quick(sets: Sets, people: int) -> tuple[Ints, int]:
    """Sets of those with the fewest chances first; nobody can have more than their share of their best set."""
    real = sets.member != EMPTY
    size = real.sum(1)
    share = sets.value / size
    most = np.zeros(people)
    np.maximum.at(most, sets.member[real], np.repeat(share, size))
    chances = np.bincount(sets.member[real], minlength=people)
    rarest = np.where(real, chances[sets.member], np.iinfo(np.int64).max).min(1)
    taken = np.zeros(people, np.bool_)
    chosen = []
    for at in np.lexsort((sets.lot, -share, rarest)).tolist():
        inside = sets.member[at, real[at]]
        if not taken[inside].any():
            taken[inside] = True
            chosen.append(at)
    return np.array(chosen, np.int64), _floor(most.sum())


def _dive(sets: Sets) -> tuple[Ints, int]:
    """Shares of sets, whose worth bounds all choices: those nearly whole are taken, and the rest weighed again."""
    once, chosen = _once(sets), []
    bound, left = None, np.arange(len(sets.value))
    while len(left):
        inside = once[:, left]
        full = np.ones(inside.shape[0])
        found = linprog(-sets.value[left].astype(np.float64), A_ub=inside, b_ub=full, bounds=(0, 1), method="highs-ds")
        bound = _floor(-found.fun) if bound is None else bound
        won = found.x > SURE
        won[np.lexsort((sets.lot[left], found.x))[-1]] = True
        chosen.append(left[won])
        left = left[inside.T @ (inside @ won) == 0]
    return np.concatenate(chosen), bound or 0


def _exact(sets: Sets) -> tuple[Ints, int]:
    """The optimum by branch and bound; what was found and proved where that takes too many branches."""
    order = np.argsort(sets.lot, kind="stable")
    found = milp(
        -sets.value[order].astype(np.float64),
        integrality=np.ones(len(order)),
        bounds=Bounds(0, 1),
        constraints=LinearConstraint(_once(sets.take(order)), ub=1),
        options={"mip_rel_gap": 0, "node_limit": NODES},
    )
    chosen: Ints = order[found.x > HALF] if found.x is not None else order[:0]
    return chosen, _floor(-found.mip_dual_bound)


def _once(sets: Sets) -> csc_array:
    """Whom each set has, a row a person: nobody may be in two."""
    real = sets.member != EMPTY
    who = np.unique(sets.member[real], return_inverse=True)[1]
    return csc_array((np.ones(len(who)), (who, np.nonzero(real)[0])), shape=(int(who.max()) + 1, len(real)))


def _floor(worth: float) -> int:
    return int(np.floor(worth + EPSILON))
