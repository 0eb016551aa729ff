"""Programmes in which who learns also teaches."""

from dataclasses import replace
from uuid import UUID

from hypothesis import HealthCheck, given, settings

from services.matching.engine import round as engine
from services.matching.engine.people import Person, Problem
from services.matching.engine.rules import Rules
from tests.matching.strategies import problems
from tests.matching.test_engine import check_two
from tests.matching.world import engine_person

GIVE_AND_TAKE = Rules(exchange=True)


def person(number: int, wants: str, knows: str, **changes: object) -> Person:
    return engine_person(UUID(int=number), needs=((wants, 0, 1),), offers=((knows, 4),), **changes)


def solved(*people: Person) -> set[tuple[int, int]]:
    crowd = Problem(people, frozenset(one.id for one in people), GIVE_AND_TAKE, 1)
    outcome = engine.solve("pair", crowd)
    assert len(outcome.matches) + len(outcome.unmatched) == len(people)
    return {(match.members[0][0].int, match.members[1][0].int) for match in outcome.matches}


def test_three_teach_in_a_ring_where_no_two_suit_each_other() -> None:
    """P17."""
    ring = solved(person(1, "a", "c"), person(2, "b", "a"), person(3, "c", "b"))
    assert ring == {(1, 2), (2, 3), (3, 1)}


def test_two_teach_each_other_and_nobody_learns_without_teaching() -> None:
    """P17."""
    assert solved(person(1, "a", "b"), person(2, "b", "a"), person(3, "a", "z")) == {(1, 2), (2, 1)}


def test_whoever_has_time_for_one_commitment_only_is_in_no_exchange() -> None:
    assert solved(person(1, "a", "b", places=1), person(2, "b", "a")) == set()


@given(problem=problems())
@settings(deadline=None, max_examples=50, suppress_health_check=[HealthCheck.too_slow])
def test_every_learner_teaches_once_and_the_bound_holds(problem: Problem) -> None:
    fair = replace(problem, rules=replace(problem.rules, exchange=True))
    outcome = engine.solve("pair", fair)
    learners = sorted(match.members[0][0] for match in outcome.matches)
    teachers = sorted(match.members[1][0] for match in outcome.matches)
    assert learners == teachers
    assert len(set(learners)) == len(learners)
    assert outcome.bound >= outcome.value == sum(match.score for match in outcome.matches)
    for match in outcome.matches:
        check_two(fair, match, "pair")
