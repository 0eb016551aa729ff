"""Finds a cycle where everybody has at most one parent: reporting lines, the tree of units."""

from collections.abc import Iterable, Mapping


def find_cycle(parents: Mapping[str, str], starts: Iterable[str]) -> tuple[str, ...] | None:
    """The first cycle met on the way up from `starts`, as names ending with the first one again. Looks at each once."""
    cleared: set[str] = set()
    for start in starts:
        way: dict[str, None] = {}
        at: str | None = start
        while at is not None and at not in cleared:
            if at in way:
                names = list(way)
                return (*names[names.index(at) :], at)
            way[at] = None
            at = parents.get(at)
        cleared.update(way)
    return None
