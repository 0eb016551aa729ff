"""Circles of twelve people against the best there are and against their bound: which of the two is weak.

Everybody can meet everybody, so that all that is hard is whom to put together; facilitators are left out of both.

python -m bench.bench_small_circles
"""

from dataclasses import replace
from functools import cache
from itertools import combinations
from unittest.mock import patch

import numpy as np

from bench.crowd import population, problem
from services.matching.engine import ceiling, circle, facilitators, groups
from services.matching.engine.circle import worth
from services.matching.engine.compiled import EMPTY

PEOPLE = 12
SEEDS = 12


def once(seed: int, skills: int, fewest: int, most: int) -> tuple[int, int, int]:
    """What is found, the optimum, and the bound."""
    pop = population(PEOPLE, seed=seed, skills=skills)
    asked = replace(problem(), size_min=fewest, size_max=most)
    everybody = np.arange(PEOPLE)
    first = np.zeros(PEOPLE, np.int64)
    pop = replace(
        pop,
        **{name: getattr(pop, name)[first] for name in ("hours", "week", "days", "languages")},
        available=np.ones(PEOPLE, np.bool_),
        apart=first[:0],
        manager=first - 1,
        enters=everybody,
        leaves=everybody,
        unit=everybody // 2,
    )
    people, rules = circle.folk(pop, asked), circle.rule(asked)
    formed, _ = groups.form(pop, people, rules, asked, everybody)
    found = sum(int(worth(people, rules, *one)) for one in zip(*formed, strict=True))
    by_first: dict[int, list[tuple[int, int]]] = {}
    for size in range(fewest, most + 1):
        for members in combinations(range(PEOPLE), size):
            value = max(int(worth(people, rules, np.array(members), size, about)) for about in (EMPTY, *range(skills)))
            if value > 0:
                by_first.setdefault(1 << members[0], []).append((sum(1 << one for one in members), value))

    @cache
    def best(free: int) -> int:
        lowest = free & -free
        chosen = (value + best(free & ~mask) for mask, value in by_first.get(lowest, ()) if mask & free == mask)
        return max(chosen, default=0) if not free else max([best(free ^ lowest), *chosen])

    with patch.object(facilitators, "most", lambda *_: np.zeros(PEOPLE + 1, np.int64)):
        bound = ceiling.bound(pop, people, rules, asked, everybody)
    return found, best((1 << PEOPLE) - 1), bound


def main() -> None:
    """Few and many skills, small and larger circles."""
    for skills in (2, 3, 6, 12):
        for fewest, most in ((3, 4), (4, 6)):
            found, optimum, bound = np.sum([once(seed, skills, fewest, most) for seed in range(SEEDS)], axis=0)
            print(
                f"{skills:>2} skills, circles of {fewest} to {most}: {100 * found / optimum:.1f} % of the optimum",
                end=", ",
            )
            print(f"the optimum {100 * optimum / bound:.1f} % of the bound", flush=True)


if __name__ == "__main__":
    main()
