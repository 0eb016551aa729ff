"""Small rooms that are mixed anew each round."""

import math
from collections.abc import Mapping
from uuid import UUID

MOST_ROUNDS = 12


def mix(divisions: Mapping[UUID, str], size: int, rounds: int) -> list[list[list[UUID]]]:
    """Rooms of at most `size` in each round: people of one division apart, and the same two rarely together again.

    People are dealt in order of division, row after row, one to each room; every round shifts each row by its number.
    """
    order = sorted(divisions, key=lambda person: (divisions[person], person))
    count = max(1, math.ceil(len(order) / size))
    found = []
    for turn in range(rounds):
        rooms: list[list[UUID]] = [[] for _ in range(count)]
        for place, person in enumerate(order):
            rooms[(place + turn * (place // count)) % count].append(person)
        found.append(rooms)
    return found
