"""Circles of twelve people, or some more, against the best there are and against their bound: which of the two is weak.

Everybody can meet everybody, so that all that is hard is whom to put together; facilitators are left out of both. The
best circles of more people than the engine counts out are chosen by OR-tools, of all sets there are.

python -m bench.bench_small_circles --people 18
"""

import argparse
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from itertools import combinations
from unittest.mock import patch

import numpy as np

from bench.crowd import population, problem
from services.matching.engine import ceiling, circle, exact, facilitators, groups
from services.matching.engine.circle import Folk, Rule, worth
from services.matching.engine.compiled import EMPTY
from services.matching.engine.population import Ints

PEOPLE = 12
SEEDS = 12


def once(size: int, seed: int, skills: int, fewest: int, most: int) -> tuple[int, int, int]:
    """What is found, the optimum, and the bound."""
    pop = population(size, seed=seed, skills=skills)
    asked = replace(problem(), size_min=fewest, size_max=most)
    everybody = np.arange(size)
    first = np.zeros(size, np.int64)
    pop = replace(
        pop,
        **{name: getattr(pop, name)[first] for name in ("hours", "week", "days", "languages")},
        available=np.ones(size, np.bool_),
        apart=first[:0],
        manager=first - 1,
        enters=everybody,
        leaves=everybody,
        unit=everybody // 2,
    )
    people, rules = circle.folk(pop, asked), circle.rule(asked)
    formed, _ = groups.form(pop, people, rules, asked, everybody)
    found = sum(int(worth(people, rules, *one)) for one in zip(*formed, strict=True))
    with patch.object(facilitators, "most", lambda *_: np.zeros(size + 1, np.int64)):
        bound = ceiling.bound(pop, people, rules, asked, everybody)
    if size > exact.FEW:
        return found, chosen(exact.sets(people, rules, everybody, fewest, most)[0], size), bound
    return found, counted(people, rules, skills, fewest, most), bound


def counted(people: Folk, rules: Rule, skills: int, fewest: int, most: int) -> int:
    """The optimum of few, by going over every choice."""
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

    return best((1 << PEOPLE) - 1)


def chosen(value: Ints, size: int) -> int:
    """The optimum of more: of all sets those worth most that share nobody."""
    from ortools.sat.python import cp_model  # noqa: PLC0415 - only larger ones need it

    sets = np.flatnonzero(value > 0)
    model = cp_model.CpModel()
    taken = [model.new_bool_var("") for _ in sets]
    for one in range(size):
        model.add_at_most_one([taken[at] for at in np.flatnonzero(sets >> one & 1)])
    model.maximize(cp_model.LinearExpr.weighted_sum(taken, value[sets].tolist()))
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    assert solver.solve(model) == cp_model.OPTIMAL
    return int(solver.objective_value)


def main(arguments: Sequence[str] | None = None) -> None:
    """Few and many skills, small and larger circles."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, choices=(PEOPLE, 16, 18), default=PEOPLE)
    parser.add_argument("--seeds", type=int, default=SEEDS)
    given = parser.parse_args(arguments)
    for skills in (2, 3, 6, 12):
        for fewest, most in ((3, 4), (4, 6)):
            each = [once(given.people, seed, skills, fewest, most) for seed in range(given.seeds)]
            found, optimum, bound = np.sum(each, axis=0)
            print(
                f"{skills:>2} skills, circles of {fewest} to {most}: {100 * found / optimum:.1f} % of the optimum",
                end=", ",
            )
            print(f"the optimum {100 * optimum / bound:.1f} % of the bound", flush=True)


if __name__ == "__main__":
    main()
