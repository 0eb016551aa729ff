"""The newest of several states of one thing."""

from collections.abc import Callable, Hashable, Iterable
from typing import Protocol, TypeVar


class Versioned(Protocol):
    """Something whose states are counted."""

    @property
    def version(self) -> int:
        """Counts up from 1."""


V = TypeVar("V", bound=Versioned)


def newest(states: Iterable[V], key: Callable[[V], Hashable]) -> list[V]:
    """One state per key: the highest version, whatever the order they came in."""
    kept: dict[Hashable, V] = {}
    for state in states:
        name = key(state)
        if name not in kept or kept[name].version < state.version:
            kept[name] = state
    return list(kept.values())
