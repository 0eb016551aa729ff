"""What no choice of circles can exceed, against every choice there is."""

from collections.abc import Iterator

import numpy as np
from hypothesis import HealthCheck, given, settings

from services.matching.engine import ceiling, circle
from services.matching.engine.circle import NONE
from services.matching.engine.people import Problem
from services.matching.engine.population import build
from tests.matching.strategies import problems


def partitions(people: list[int], least: int, most: int) -> Iterator[list[list[int]]]:
    """Every way of putting some of these people into circles."""
    if not people:
        yield []
        return
    first, rest = people[0], people[1:]
    yield from partitions(rest, least, most)
    for number in range(1 << len(rest)):
        company = [one for place, one in enumerate(rest) if number >> place & 1]
        if least <= len(company) + 1 <= most:
            left = [one for one in rest if one not in company]
            for others in partitions(left, least, most):
                yield [[first, *company], *others]


@given(problem=problems(6))
@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
def test_no_choice_of_circles_is_worth_more_than_the_bound(problem: Problem) -> None:
    pop = build(problem.people, problem.seed)
    people, rules = circle.folk(pop, problem), circle.rule(problem)
    asked = np.flatnonzero(pop.available)
    least, most = problem.size_min, max(problem.size_min, problem.size_max)
    weights = problem.rules.weights
    led = weights["neutral_facilitator"] + weights["cross_unit"]
    worth: dict[tuple[int, ...], int] = {}

    def value(members: list[int]) -> int:
        key = tuple(members)
        if key not in worth:
            row = np.array(members, np.int64)
            topics = [NONE, *np.flatnonzero(people.about).tolist()]
            worth[key] = max(circle.worth(people, rules, row, len(members), topic) for topic in topics)
        return worth[key]

    best = 0
    for circles in partitions(asked.tolist(), least, most):
        values = [value(members) for members in circles]
        if all(one != circle.IMPOSSIBLE for one in values):
            best = max(best, sum(values) + led * len(values))
    assert ceiling.bound(pop, people, rules, problem, asked) >= best
