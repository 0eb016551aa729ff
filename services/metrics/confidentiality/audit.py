"""What could be worked out from all that was ever released: the row-space audit (MEASUREMENT 13). Pure.

Every released number is a sum over a set of people. Whoever has several may add and subtract them; whatever such
arithmetic can reach is a vector in the space the released sets span. A new set is admitted only if no class of fewer
than k people comes within reach, alone or as a combination of two rows that cancel out to such classes. Three rows are
not added up (ADR 122).

Sets are given over classes of people that no released set tells apart. Arithmetic is exact, modulo a prime: a fraction
of floating point would hide a leak or invent one.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from services.metrics.confidentiality import K

PRIME = 1_048_573
"""Below 2^20: products of two numbers, a thousand times summed, are exact in a double."""
ROOM = 64

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
        self._room: Vector = np.zeros((ROOM, width))
        self._pivots: NDArray[np.int64] = np.zeros(0, dtype=np.int64)
        self._weights: Vector = np.random.default_rng(seed).integers(1, PRIME, width).astype(np.float64)

    def admit(self, members: Sequence[int] | NDArray[np.int64]) -> bool:
        """Release the sum over these classes unless that brings fewer than k people within reach."""
        joined = self._join(self._row(members))
        if joined is None:
            return True  # it can be worked out already
        if self._few() is not None:
            self._part(*joined)
            return False
        return True

    def take(self, members: Sequence[int] | NDArray[np.int64]) -> None:
        """Count in what was released before, whatever it tells by now."""
        self._join(self._row(members))

    def persons(self, members: Sequence[int] | NDArray[np.int64]) -> int:
        """How many people these summands are of, each counted once."""
        return int(self._people[np.unique(self._owners[np.asarray(members, dtype=np.int64)])].sum())

    def forgive(self) -> None:
        """What was taken tells of few already, be it because they moved since: that is known, the rest is guarded."""
        while (few := self._few()) is not None:
            self._known |= few
            rows, self._pivots = self._basis.copy(), self._pivots[:0]
            for row in rows:
                self._join(row * ~self._known)

    @property
    def _basis(self) -> Vector:
        """The rows in use; there is room for more behind them."""
        return self._room[: len(self._pivots)]

    def _counted(self, rows: Vector) -> NDArray[np.int64]:
        """How many people each row tells of."""
        whose = np.zeros((len(rows), len(self._people)), dtype=bool)
        at, columns = np.nonzero(rows)
        whose[at, self._owners[columns]] = True
        found: NDArray[np.int64] = whose @ self._people
        return found

    def _row(self, members: Sequence[int] | NDArray[np.int64]) -> Vector:
        row = np.zeros(len(self._sizes))
        row[np.asarray(members, dtype=np.int64)] = 1
        return row * ~self._known

    def _join(self, row: Vector) -> tuple[NDArray[np.int64], Vector] | None:
        """Take a row into the basis; returns which rows that changed, and how they were. None where it adds nothing."""
        rest = self._reduced(row)
        if not rest.any():
            return None
        pivot = int(np.argmax(rest != 0))
        rest = _modulo(rest * pow(int(rest[pivot]), -1, PRIME))
        basis, count = self._basis, len(self._pivots)
        touched = np.flatnonzero(basis[:, pivot])
        before = basis[touched]
        basis[touched] = _modulo(before - np.outer(before[:, pivot], rest))
        if count == len(self._room):
            self._room = np.vstack([self._room, np.zeros_like(self._room)])
        self._room[count] = rest
        self._pivots = np.append(self._pivots, pivot)
        return touched, before

    def _part(self, touched: NDArray[np.int64], before: Vector) -> None:
        """Undo the last join."""
        self._pivots = self._pivots[:-1]
        self._basis[touched] = before

    def reaches(self, members: Sequence[int] | NDArray[np.int64]) -> bool:
        """Whether the sum over these classes can be worked out from what was released."""
        return not self._reduced(self._row(members)).any()

    def _reduced(self, row: Vector) -> Vector:
        used = np.flatnonzero(row[self._pivots])
        return _modulo(row - _modulo(row[self._pivots[used]] @ self._basis[used]))

    def _few(self) -> NDArray[np.bool_] | None:
        """Where a combination of one or two basis rows is about fewer than k people: its summands; None where none is.

        What stands in one row alone stays whatever is added: its pivot, and each summand that nothing released tells
        apart from that. Two rows whose other parts are alike but for a factor cancel out to what is their own.
        """
        basis = self._basis
        told = basis != 0
        alone = told & (np.count_nonzero(told, axis=0) == 1)
        at, columns = np.nonzero(alone)
        whose, who = np.divmod(np.unique(at * len(self._people) + self._owners[columns]), len(self._people))
        few = np.flatnonzero(np.bincount(whose, self._people[who], len(basis)) < self._k)
        rows = basis[few]
        if (small := self._counted(rows) < self._k).any():
            return _summands(rows[small])
        ends = zip(np.searchsorted(whose, few), np.searchsorted(whose, few, "right"), strict=True)
        own = [set(who[first:end].tolist()) for first, end in ends]
        others = rows * ~alone[few]
        factors = [pow(int(first), -1, PRIME) for first in others[range(len(few)), np.argmax(others != 0, axis=1)]]
        alike = _modulo(_modulo(others * np.array(factors)[:, None]) @ self._weights)
        places: dict[int, list[int]] = {}
        for place, value in enumerate(alike.astype(np.int64).tolist()):
            for other in places.get(value, ()):
                if self._people[[*(own[place] | own[other])]].sum() < self._k:
                    mixed = _modulo(rows[place] * factors[place] - rows[other] * factors[other])
                    if self._counted(mixed[None])[0] < self._k:
                        return _summands(mixed[None])
            places.setdefault(value, []).append(place)
        return None


def _summands(rows: Vector) -> NDArray[np.bool_]:
    """What any of these rows tells of."""
    found: NDArray[np.bool_] = np.any(rows != 0, axis=0)
    return found


def _modulo(values: Vector) -> Vector:
    """What is left by the prime; many times as fast as `%`, and as exact: all are whole numbers below 2^53."""
    left: Vector = values - np.floor(values / PRIME) * PRIME
    left[left < 0] += PRIME
    left[left >= PRIME] -= PRIME
    return left
