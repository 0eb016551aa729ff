"""Small rooms that are mixed anew each round."""

import math
from collections.abc import Mapping, Sequence
from itertools import combinations
from random import Random
from typing import TypeAlias
from uuid import UUID

Meetings: TypeAlias = list[list[int]]
"""How often each has been in a room with each other one."""
MOST_ROUNDS = 12
STARTS = 12
"""Deals that each round is the best of, fewer among many people."""
LOOKS = 2_000_000
"""Swaps looked at for all rounds together: about a second."""
AFRESH = 300
"""Deals looked through for one that has not been, where all that were settled have."""


def mix(divisions: Mapping[UUID, str], size: int, rounds: int) -> list[list[list[UUID]]]:
    """Rooms of at most `size` in each round: people of one division apart, and the same two as rarely together again.

    The same people are dealt the same rooms.
    """
    people = sorted(divisions, key=lambda person: (divisions[person], person))
    kinds = [divisions[person] for person in people]
    count = max(1, math.ceil(len(people) / size))
    met = [[0] * len(people) for _ in people]
    starts = max(1, min(STARTS, LOOKS // (rounds * max(1, len(people)) ** 2)))
    looks = LOOKS // (rounds * starts)
    found: list[list[list[UUID]]] = []
    seen: set[frozenset[frozenset[int]]] = set()
    for turn in range(rounds):
        dealt = [_settled(kinds, met, _deal(kinds, count, turn * starts + start), looks) for start in range(starts)]
        if all(_same(rooms) in seen for rooms in dealt):
            dealt += [_deal(kinds, count, lot) for lot in range(AFRESH)]
        best = min(dealt, key=lambda rooms: (_same(rooms) in seen, _again(rooms, met)))
        seen.add(_same(best))
        for one, other in (pair for room in best for pair in combinations(room, 2)):
            met[one][other] += 1
            met[other][one] += 1
        found.append([[people[one] for one in room] for room in best])
    return found


def _deal(kinds: Sequence[str], count: int, lot: int) -> list[list[int]]:
    """Everybody in order of division, within it by lot, row after row, one to each room."""
    order = list(range(len(kinds)))
    Random(lot).shuffle(order)  # noqa: S311 - nobody gains by guessing it
    order.sort(key=lambda one: kinds[one])
    return [sorted(order[number::count]) for number in range(count)]


def _settled(kinds: Sequence[str], met: Meetings, rooms: list[list[int]], looks: int) -> list[list[int]]:
    """The rooms after swaps that put fewer together who have met, and leave each division spread as evenly."""
    seating = _Seating(kinds, met, rooms)
    moved = True
    while moved and looks > 0:
        moved = False
        for one in range(len(kinds)):
            best, other = max((seating.gain(one, other), -other) for other in range(len(kinds)))
            if best > 0:
                seating.swap(one, -other)
                moved = True
            looks -= len(kinds)
            if looks <= 0:
                break
    return [[one for one, room in enumerate(seating.where) if room == number] for number in range(len(rooms))]


class _Seating:
    """Who is where, and what a swap would bring."""

    def __init__(self, kinds: Sequence[str], met: Meetings, rooms: list[list[int]]) -> None:
        self._kinds = kinds
        self._met = met
        place = {one: number for number, room in enumerate(rooms) for one in room}
        self.where = [place[one] for one in range(len(kinds))]
        self._known = [[sum(row[other] for other in room) for room in rooms] for row in met]
        """How often each has met those of each room."""
        self._have = {kind: [sum(kinds[one] == kind for one in room) for room in rooms] for kind in set(kinds)}

    def gain(self, one: int, other: int) -> int:
        """How many fewer meetings are had again when these two change places; 0 where they should not."""
        here, there = self.where[one], self.where[other]
        if here == there:
            return 0
        mine, theirs = self._have[self._kinds[one]], self._have[self._kinds[other]]
        if mine is not theirs and (mine[here] <= mine[there] or theirs[there] <= theirs[here]):
            return 0
        my, their = self._known[one], self._known[other]
        return my[here] - my[there] + their[there] - their[here] + 2 * self._met[one][other]

    def swap(self, one: int, other: int) -> None:
        """Let two change places."""
        here, there = self.where[one], self.where[other]
        self.where[one], self.where[other] = there, here
        for kind, step in ((self._kinds[one], -1), (self._kinds[other], 1)):
            self._have[kind][here] += step
            self._have[kind][there] -= step
        for row, mine in zip(self._known, self._met, strict=True):
            row[here] += mine[other] - mine[one]
            row[there] += mine[one] - mine[other]


def _again(rooms: list[list[int]], met: Meetings) -> int:
    """How often those who would be together have been already."""
    return sum(met[one][other] for room in rooms for one, other in combinations(room, 2))


def _same(rooms: list[list[int]]) -> frozenset[frozenset[int]]:
    """Rooms whatever their numbers."""
    return frozenset(map(frozenset, rooms))
