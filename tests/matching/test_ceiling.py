"""What no choice of circles can exceed, against every choice there is."""

from collections.abc import Iterator
from uuid import UUID

import numpy as np
from hypothesis import HealthCheck, given, settings

from services.matching.engine import ceiling, circle, facilitators, groups
from services.matching.engine.circle import NONE
from services.matching.engine.people import Problem
from services.matching.engine.population import build
from services.matching.engine.rules import Rules
from tests.matching.strategies import problems
from tests.matching.world import engine_person


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
    worth: dict[tuple[int, ...], int] = {}

    def value(members: list[int]) -> int:
        key = tuple(members)
        if key not in worth:
            row = np.array(members, np.int64)
            topics = [NONE, *np.flatnonzero(people.about).tolist()]
            worth[key] = max(circle.worth(people, rules, row, len(members), topic) for topic in topics)
        return worth[key]

    def led(circles: list[list[int]], values: list[int]) -> int:
        """What these circles come to with their facilitators: those nobody may lead do not count."""
        chosen = facilitators.choose(pop, problem, groups.ordered((members, NONE) for members in circles))
        ordered = sorted(zip(circles, values, strict=True))
        return sum(
            one + sum(term.points for term in leader.terms)
            for (_, one), leader in zip(ordered, chosen, strict=True)
            if leader
        )

    bound = ceiling.bound(pop, people, rules, problem, asked)
    weights = problem.rules.weights
    led_best = weights["neutral_facilitator"] + weights["cross_unit"]
    for circles in partitions(asked.tolist(), least, most):
        values = [value(members) for members in circles]
        if all(one != circle.IMPOSSIBLE for one in values) and sum(values) + led_best * len(values) > bound:
            assert led(circles, values) <= bound


def test_a_bound_counts_no_more_circles_than_somebody_could_lead() -> None:
    """Twelve who suit each other make three circles of four; one of them may lead, one circle."""
    people = tuple(
        engine_person(UUID(int=row + 1), unit=f"U{row}", facilitator_ready=row == 0, facilitating=1)
        for row in range(13)
    )
    problem = Problem(people, frozenset(one.id for one in people[1:]), Rules(), 1, size_min=4, size_max=4)
    outcome = groups.solve(problem)
    assert len(outcome.matches) == 1
    assert outcome.value == outcome.bound
