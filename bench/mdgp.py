"""The grouping core on its own: maximally diverse groups, by the moves and the cooling that circles are improved by."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.matching.engine.compiled import compiled, mix
from services.matching.engine.population import Ints

Distances = NDArray[np.float64]
HOT, COLD = 1.7, 0.35
"""Temperature at first and at the end, in mean distances."""
FAMILIES = ("RanReal", "RanInt", "Geo")
BOUNDS = {120: (10, 8, 16), 240: (12, 15, 25), 480: (20, 18, 30)}
"""By size the number of groups, and the least and the most of a group where they differ."""


def partition(distance: Distances, least: Ints, most: Ints, moves: int, seed: int) -> tuple[Ints, float]:
    """The group of each element and the sum of the distances inside groups.

    `distance` is symmetric, group `g` has from `least[g]` to `most[g]` elements; `moves` are tried.
    """
    size = len(distance)
    group = _start(least, most, size)
    spread = float(distance[np.triu_indices(size, 1)].std())
    best = group.copy()
    value = _anneal(distance, least, most, group, best, moves, HOT * spread, COLD * spread, seed)
    return best, float(value)


def _start(least: Ints, most: Ints, size: int) -> Ints:
    """Every group filled to its least, the rest where there is room."""
    count = least.copy()
    extra = size - int(least.sum())
    for at in range(len(count)):
        add = min(extra, int(most[at] - least[at]))
        count[at] += add
        extra -= add
    if extra:
        raise ValueError("the groups have not room for so many")
    return np.repeat(np.arange(len(count)), count)


@compiled
def _anneal(
    distance: Distances,
    least: Ints,
    most: Ints,
    group: Ints,
    best: Ints,
    moves: int,
    hot: float,
    cold: float,
    seed: int,
) -> float:
    size, groups = len(group), len(least)
    gain = np.zeros((size, groups))
    count = np.zeros(groups, np.int64)
    value = 0.0
    for one in range(size):
        count[group[one]] += 1
        for other in range(size):
            gain[one, group[other]] += distance[one, other]
        value += gain[one, group[one]] / 2
    top = value
    cooling = (cold / hot) ** (1.0 / max(1, moves))
    heat = hot
    state: Any = np.uint64(seed)
    for _ in range(moves):
        heat *= cooling
        state += np.uint64(0x9E3779B97F4A7C15)
        drawn = mix(state)
        one = int(drawn % np.uint64(size))
        drawn //= np.uint64(size)
        other = int(drawn % np.uint64(size))
        here, there = group[one], group[other]
        if here == there:
            continue
        moved = (
            (drawn >> np.uint64(40)) % np.uint64(3) == 0 and count[here] > least[here] and count[there] < most[there]
        )
        change = gain[one, there] - gain[one, here]
        if not moved:
            change += gain[other, here] - gain[other, there] - 2 * distance[one, other]
        if change < 0:
            chance = np.float64(mix(state ^ np.uint64(0x5851F42D4C957F2D)) >> np.uint64(11)) / 9007199254740992.0
            if chance >= np.exp(change / heat):
                continue
        value += change
        group[one] = there
        if moved:
            count[here] -= 1
            count[there] += 1
            for third in range(size):
                gain[third, here] -= distance[third, one]
                gain[third, there] += distance[third, one]
        else:
            group[other] = here
            for third in range(size):
                step = distance[third, one] - distance[third, other]
                gain[third, here] -= step
                gain[third, there] += step
        if value > top:
            top = value
            if heat < 4 * cold:
                best[:] = group
    total = 0.0
    for one in range(size):
        for other in range(one):
            if best[one] == best[other]:
                total += distance[one, other]
    now = 0.0
    for one in range(size):
        now += gain[one, group[one]] / 2
    if now > total:
        best[:] = group
        total = now
    return total


def read(text: str) -> tuple[Distances, Ints, Ints]:
    """An instance in MDGPLIB's format: `n groups ss|ds least most ...`, then `element element distance` a line."""
    head, *rest = text.strip().splitlines()
    size, groups, _, *limits = head.split()
    least, most = (np.array(limits[start : 2 * int(groups) : 2], np.int64) for start in (0, 1))
    distance = np.zeros((int(size), int(size)))
    for line in rest:
        one, other, value = line.split()
        distance[int(one), int(other)] = distance[int(other), int(one)] = float(value)
    return distance, least, most


def recipe(family: str, size: int, kind: str, seed: int) -> str:
    """An instance as those of a family are made; as many groups, and of such sizes, as those published have.

    RanReal and RanInt: uniform distances up to 100; Geo: between points of 2 to 21 coordinates up to 10 each.
    """
    rng = np.random.default_rng(seed)
    groups, least, most = BOUNDS[size]
    limits = f"{size // groups} {size // groups}" if kind == "ss" else f"{least} {most}"
    one, other = np.triu_indices(size, 1)
    if family == "Geo":
        points = rng.uniform(0, 10, (size, int(rng.integers(2, 22))))
        distance = np.sqrt(((points[one] - points[other]) ** 2).sum(1))
    else:
        distance = rng.uniform(0, 100, len(one)) if family == "RanReal" else rng.integers(0, 101, len(one))
    lines = [f"{size} {groups} {kind} " + " ".join([limits] * groups)]
    lines += [
        f"{at} {to} {far:.5f}" for at, to, far in zip(one.tolist(), other.tolist(), distance.tolist(), strict=True)
    ]
    return "\n".join(lines)
