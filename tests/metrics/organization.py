"""Invented organizations over twelve periods, and what an attacker can make of the numbers about them."""

from collections import defaultdict
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import TypeVar

PERIODS = 12
JOINERS = LEAVERS = MOVERS = 0.01
"""Of all people, each period."""


@dataclass(frozen=True)
class Employee:
    """Where somebody is in one period."""

    number: int
    division: int
    department: int
    site: int
    function: int
    tenure: int


def employee(rng: Random, number: int, size: int) -> Employee:
    """Somebody of a lopsided organization: a few big divisions and many small departments."""
    division = min(int(rng.expovariate(0.5)), max(2, size // 100))
    department = division * 100 + min(int(rng.expovariate(0.4)), 9)
    return Employee(number, division, department, int(rng.expovariate(0.8)), rng.randrange(6), rng.randrange(4))


def history(size: int, seed: int = 0) -> list[list[Employee]]:
    """Who works where, period by period: some join, some leave, some move."""
    rng = Random(seed)
    people = [employee(rng, number, size) for number in range(size)]
    periods = [people]
    for _ in range(PERIODS - 1):
        stay = [one for one in people if rng.random() > LEAVERS]
        moved = [employee(rng, one.number, size) if rng.random() < MOVERS else one for one in stay]
        new = [employee(rng, size * 100 + rng.randrange(10**9), size) for _ in range(round(size * JOINERS))]
        people = moved + new
        periods.append(people)
    return periods


Name = TypeVar("Name", bound=Hashable)
Cell = tuple[str, tuple[int, ...]]
TABLES: dict[str, tuple[str, ...]] = {
    "all": (),
    "division": ("division",),
    "site": ("site",),
    "function": ("function",),
    "tenure": ("tenure",),
    "department": ("department",),
    "division and site": ("division", "site"),
    "division and function": ("division", "function"),
}
"""The fixed tables of a period, the most wanted first."""


def cells_of(people: Sequence[Employee]) -> dict[Cell, frozenset[int]]:
    """Every cell of every table with its people, in order of table and size."""
    found: dict[Cell, set[int]] = defaultdict(set)
    for one in people:
        for table, attributes in TABLES.items():
            found[table, tuple(getattr(one, name) for name in attributes)].add(one.number)
    order = list(TABLES)
    return {
        cell: frozenset(found[cell])
        for cell in sorted(found, key=lambda cell: (order.index(cell[0]), -len(found[cell]), cell))
    }


def classes(sets: Mapping[Name, frozenset[int]]) -> tuple[list[frozenset[int]], dict[Name, list[int]]]:
    """People that no set tells apart, and each set as places among them."""
    patterns: dict[int, list[Name]] = defaultdict(list)
    for name, members in sets.items():
        for member in members:
            patterns[member].append(name)
    grouped: dict[tuple[Name, ...], set[int]] = defaultdict(set)
    for member, names in patterns.items():
        grouped[tuple(names)].add(member)
    places: dict[Name, list[int]] = defaultdict(list)
    for place, pattern in enumerate(grouped):
        for name in pattern:
            places[name].append(place)
    return [frozenset(members) for members in grouped.values()], places
