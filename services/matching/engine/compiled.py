"""The one door to Numba: loops that NumPy cannot express without holding every pair of people in memory."""

from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeVar, cast

import numpy as np
from numba import config, njit
from numpy.typing import NDArray

EMPTY = -1
"""No row, no place, no offer."""

HERE = Path(__file__).parent
# Machine code holds that of functions in other files, which Numba does not look at when it finds it again.
_SOURCES = sha256(b"".join(file.read_bytes() for file in sorted(HERE.glob("*.py")))).hexdigest()[:16]
config.CACHE_DIR = str(Path(config.CACHE_DIR or HERE / "__pycache__") / f"engine-{_SOURCES}")  # type: ignore[attr-defined]

F = TypeVar("F", bound=Callable[..., Any])


def compiled(function: F) -> F:
    """Compile on the first call, keep the machine code for these sources, and let other threads run meanwhile."""
    return cast("F", njit(cache=True, nogil=True)(function))


def lean(function: F) -> F:
    """As `compiled`, for loops that make no arrays: without counting who refers to those they are given.

    A call that hands on fifty arrays otherwise counts fifty references up and down, which takes longer than the call.
    """
    return cast("F", njit(cache=True, nogil=True, _nrt=False)(function))  # type: ignore[call-overload] # not in stubs


@compiled
def ones(mask: np.uint64) -> int:
    """How many bits are set."""
    mask = mask - ((mask >> np.uint64(1)) & np.uint64(0x5555555555555555))
    mask = (mask & np.uint64(0x3333333333333333)) + ((mask >> np.uint64(2)) & np.uint64(0x3333333333333333))
    mask = (mask + (mask >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    return np.int64((mask * np.uint64(0x0101010101010101)) >> np.uint64(56))  # type: ignore[return-value]


@compiled
def shared_half_hours(weeks: NDArray[np.uint64], row: int, week: NDArray[np.uint64]) -> int:
    """Half-hours of the day that a row of weeks and another week both have on a weekday they share."""
    both = np.uint64(0)
    for day in range(week.shape[0]):
        both |= weeks[row, day] & week[day]
    return ones(both)


@compiled
def mix(value: np.uint64) -> np.uint64:
    """The finaliser of SplitMix64: every input bit moves every output bit."""
    value = value + np.uint64(0x9E3779B97F4A7C15)
    value = (value ^ (value >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    value = (value ^ (value >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return value ^ (value >> np.uint64(31))


@compiled
def place_in(lot: np.uint64, many: int) -> int:
    """A place below `many`, drawn by a lot."""
    return np.int64(mix(lot) % np.uint64(many))  # type: ignore[return-value]
