"""What could be worked out from all that was ever released: the row-space audit (MEASUREMENT 13). Pure.

Every released number is a sum over a set of people. Whoever has several may add and subtract them; whatever such
arithmetic can reach is a vector in the space the released sets span. A new set is admitted only if no class of fewer
than k people comes within reach, alone or as the difference of two such classes.

Sets are given over classes of people that no released set tells apart. Arithmetic is exact, modulo a prime: a fraction
of floating point would hide a leak or invent one.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from services.metrics.confidentiality import K

PRIME = 1_048_573
"""Below 2^20: products of two numbers, a thousand times summed, are exact in a double."""

Vector = NDArray[np.float64]


class Audit:
    """The space spanned by everything released, as a reduced basis, over classes of known sizes."""

    def __init__(self, sizes: Sequence[int], k: int = K, seed: int = 0, owners: Sequence[int] | None = None) -> None:
        """`sizes` are people by class; `owners` say whose each summand is, by default one summand a class."""
        self._people = np.asarray(sizes, dtype=np.int64)
        self._owners = np.arange(len(sizes)) if owners is None else np.asarray(owners, dtype=np.int64)
        self._sizes = self._people[self._owners]
        self._k = k
        width = len(self._owners)
        self._known = np.zeros(width, dtype=bool)
        self._basis: Vector = np.zeros((0, width))
        self._pivots: NDArray[np.int64] = np.zeros(0, dtype=np.int64)
        self._weights: Vector = np.random.default_rng(seed).integers(1, PRIME, width).astype(np.float64)

    def admit(self, members: Sequence[int] | NDArray[np.int64]) -> bool:
        """Release the sum over these classes unless that brings fewer than k people within reach."""
        found = self._with(members)
        if found is None:
            return True  # it can be worked out already
        if self._leaks(*found):
            return False
        self._basis, self._pivots = found
        return True

    def take(self, members: Sequence[int] | NDArray[np.int64]) -> None:
        """Count in what was released before, whatever it tells by now."""
        if (found := self._with(members)) is not None:
            self._basis, self._pivots = found

    def persons(self, members: Sequence[int] | NDArray[np.int64]) -> int:
        """How many people these summands are of, each counted once."""
        return int(self._people[np.unique(self._owners[np.asarray(members, dtype=np.int64)])].sum())

    def forgive(self) -> None:
        """What was taken tells of few already, be it because they moved since: that is known, the rest is guarded."""
        while (few := self._counted(self._basis) < self._k).any():
            self._known |= (self._basis[few] != 0).any(axis=0)
            rows, self._basis, self._pivots = self._basis, self._basis[:0], self._pivots[:0]
            for row in rows:
                if (found := self._joined(row * ~self._known)) is not None:
                    self._basis, self._pivots = found

    def _counted(self, rows: Vector) -> NDArray[np.int64]:
        """How many people each row tells of."""
        whose = np.zeros((len(rows), len(self._people)), dtype=bool)
        at, columns = np.nonzero(rows)
        whose[at, self._owners[columns]] = True
        found: NDArray[np.int64] = whose @ self._people
        return found

    def _with(self, members: Sequence[int] | NDArray[np.int64]) -> tuple[Vector, NDArray[np.int64]] | None:
        """The basis with one more sum; None where the sum adds nothing."""
        return self._joined(self._row(members))

    def _row(self, members: Sequence[int] | NDArray[np.int64]) -> Vector:
        row = np.zeros(len(self._sizes))
        row[np.asarray(members, dtype=np.int64)] = 1
        return row * ~self._known

    def _joined(self, row: Vector) -> tuple[Vector, NDArray[np.int64]] | None:
        rest = self._reduced(row)
        if not rest.any():
            return None
        pivot = int(np.argmax(rest != 0))
        rest = rest * pow(int(rest[pivot]), -1, PRIME) % PRIME
        basis = self._basis.copy()
        touched = np.flatnonzero(basis[:, pivot])
        basis[touched] = (basis[touched] - np.outer(basis[touched, pivot], rest)) % PRIME
        return np.vstack([basis, rest]), np.append(self._pivots, pivot)

    def reaches(self, members: Sequence[int] | NDArray[np.int64]) -> bool:
        """Whether the sum over these classes can be worked out from what was released."""
        return not self._reduced(self._row(members)).any()

    def _reduced(self, row: Vector) -> Vector:
        rest: Vector = (row - row[self._pivots] @ self._basis % PRIME) % PRIME
        return rest

    def _leaks(self, basis: Vector, pivots: NDArray[np.int64]) -> bool:
        """Whether a combination of one or two basis rows is about fewer than k people.

        A vector of the space that is zero but on a few classes has a nonzero pivot among them; rows whose parts beyond
        the pivots are alike, or opposite, cancel out to their two pivots.
        """
        few = np.flatnonzero(self._sizes[pivots] < self._k)
        if not len(few):
            return False
        rows = basis[few]
        if (self._counted(rows) < self._k).any():
            return True
        own, owners = self._sizes[pivots[few]], self._owners[pivots[few]]
        beyond = (rows @ self._weights - self._weights[pivots[few]]) % PRIME
        places: dict[int, list[int]] = {}
        for place, value in enumerate(beyond.astype(np.int64).tolist()):
            for other in (*places.get(value, ()), *places.get(-value % PRIME, ())):
                together = own[place] + own[other] * (owners[place] != owners[other])
                if together < self._k and self._cancel(rows[place], rows[other], pivots[few[[place, other]]]):
                    return True
            places.setdefault(value, []).append(place)
        return False

    @staticmethod
    def _cancel(one: Vector, other: Vector, own: NDArray[np.int64]) -> bool:
        for mixed in ((one - other) % PRIME, (one + other) % PRIME):
            mixed[own] = 0
            if not mixed.any():
                return True
        return False
