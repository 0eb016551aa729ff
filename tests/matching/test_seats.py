"""What a change of a circle brings, told from its seats, is what the changed circle is worth."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.matching.engine import circle, seats
from services.matching.engine.circle import NONE, TERMS, Folk, Rule
from services.matching.engine.people import Problem
from services.matching.engine.population import Ints, build
from services.matching.engine.rules import LEVELS
from services.matching.engine.seats import Seats
from tests.matching.strategies import problems

quickly = settings(deadline=None, max_examples=300, suppress_health_check=[HealthCheck.too_slow])
ROOM = 12


def laid(people: Folk, rules: Rule, members: list[int], topic: int) -> Seats:
    empty = Seats(np.zeros((1, ROOM, seats.FIELDS), np.int64), np.zeros((1, seats.SUMS), np.int64))
    points = np.zeros(len(TERMS), np.int64)
    if not seats.seated(people, rules, np.array(members, np.int64), len(members), topic, empty, 0, points):
        pytest.fail("a circle without a functions' or levels' rule stands")
    return empty


def suited(people: Folk, rules: Rule, members: Ints, topic: int) -> int:
    points = np.zeros(len(TERMS), np.int64)
    return int(points.sum()) if circle.suits(people, rules, members, len(members), topic, points) else circle.IMPOSSIBLE


@given(problem=problems(most=8), levels=st.sampled_from(LEVELS), band=st.integers(0, 5), data=st.data())
@quickly
def test_what_a_change_brings_is_what_the_changed_circle_is_worth(
    problem: Problem, levels: str, band: int, data: st.DataObject
) -> None:
    problem = replace(problem, rules=replace(problem.rules, levels=levels, level_band=band))
    pop = build(problem.people, problem.seed)
    people = circle.folk(pop, problem)
    people = people._replace(fewest=np.arange(len(pop)) % 4, most=np.arange(len(pop)) % 3 + 2)
    rules = circle.rule(problem)
    lots = data.draw(st.permutations(range(len(pop))))
    size = data.draw(st.integers(1, len(pop)))
    members, others = lots[:size], lots[size:]
    topic = data.draw(st.integers(NONE, len(pop.skills) - 1))
    loose = rules._replace(min_functions=0, band=circle.ANY_BAND)
    here = laid(people, loose, members, topic)
    there = laid(people, loose, others, NONE) if others else here
    leaver = data.draw(st.integers(NONE, size - 1))
    comer = data.draw(st.integers(NONE, len(others) - 1))
    after = [one for place, one in enumerate(members) if place != leaver]
    after += [others[comer]] if comer != NONE else []
    if after:
        told = seats.changed(people, rules, here, 0, size, leaver, topic, there, 0, comer)
        assert told == suited(people, rules, np.array(after, np.int64), topic)
