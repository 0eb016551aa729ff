"""What is taught with the time that was kept for one's own learning."""

from dataclasses import replace
from itertools import permutations
from uuid import UUID

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.matching.engine import round as engine
from services.matching.engine.people import Person, Problem
from services.matching.engine.rules import Rules
from tests.matching.strategies import persons, problems
from tests.matching.world import engine_person


def test_whoever_teaches_with_the_time_kept_for_learning_has_none_left_to_learn() -> None:
    """One commitment each, all three want to learn: the better pair takes the time of both who are in it."""
    one, two, three = (UUID(int=number) for number in (1, 2, 3))
    people = (
        engine_person(one, needs=(("a", 1, 2),), unit="U2", places=1),
        engine_person(two, offers=(("a", 3),), needs=(("b", 1, 2),), places=1),
        engine_person(three, offers=(("b", 3),), needs=(("nobody knows", 1, 2),), places=1),
    )
    outcome = engine.solve("pair", Problem(people, frozenset({one, two, three}), Rules(), 1))
    assert [match.members for match in outcome.matches] == [((one, "learner"), (two, "teacher"))]
    assert outcome.bound >= outcome.value


def test_time_spent_teaching_is_not_spent_again_by_a_second_learner() -> None:
    """Two who want to learn of one who has time for one commitment, and wants to learn what nobody knows."""
    ids = [UUID(int=number) for number in (1, 2, 3)]
    people = (
        *(engine_person(one, needs=(("a", 1, 2),)) for one in ids[:2]),
        engine_person(ids[2], offers=(("a", 3),), needs=(("nobody knows", 1, 2),), places=1, slots=3),
    )
    outcome = engine.solve("pair", Problem(people, frozenset(ids), Rules(), 1))
    assert len(outcome.matches) == 1


def test_two_learn_from_two_who_would_be_the_best_pair_themselves() -> None:
    """With one commitment each, the best pair would leave both of the others without a teacher."""
    ids = [UUID(int=number) for number in (1, 2, 3, 4)]
    people = (
        engine_person(ids[0], needs=(("a", 1, 2),), unit="U1", places=1),
        engine_person(ids[1], offers=(("a", 3),), needs=(("b", 1, 2),), unit="U1", places=1),
        engine_person(ids[2], offers=(("b", 3),), needs=(("nobody knows", 1, 2),), unit="U2", places=1),
        engine_person(ids[3], needs=(("b", 1, 2),), unit="U2", places=1),
    )
    outcome = engine.solve("pair", Problem(people, frozenset(ids), Rules(), 1))
    assert [match.members for match in outcome.matches] == [
        ((ids[0], "learner"), (ids[1], "teacher")),
        ((ids[3], "learner"), (ids[2], "teacher")),
    ]
    assert outcome.bound == outcome.value


def test_the_best_pair_stays_where_its_two_are_worth_more_to_each_other() -> None:
    """The third could learn only what the best pair would have to give up."""
    ids = [UUID(int=number) for number in (1, 2, 3)]
    people = (
        engine_person(ids[0], needs=(("a", 1, 2),), unit="U1", places=1),
        engine_person(ids[1], offers=(("a", 3),), needs=(("b", 1, 2),), unit="U1", places=1),
        engine_person(ids[2], offers=(("b", 3),), needs=(("nobody knows", 1, 2),), unit="U2", places=1),
    )
    outcome = engine.solve("pair", Problem(people, frozenset(ids), Rules(), 1))
    assert [match.members for match in outcome.matches] == [((ids[1], "learner"), (ids[2], "teacher"))]


def most(worth: dict[tuple[Person, Person], int], people: tuple[Person, ...]) -> int:
    """The best choice of disjoint pairs, by trying all."""
    if not people[1:]:
        return 0
    one, rest = people[0], people[1:]
    paired = (
        max(worth[one, other], worth[other, one]) + most(worth, tuple(each for each in rest if each != other))
        for other in rest
    )
    return max(most(worth, rest), *paired)


@given(problem=problems(most=7))
@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
def test_who_learns_or_teaches_never_does_so_for_more_than_the_bound(problem: Problem) -> None:
    """Everybody asks and has time for one commitment: all pairs are made of what was kept for learning."""
    people = tuple(
        one._replace(places=1, needs=one.needs or (("b", 0, 1),), load=0, slots=max(1, one.slots))
        for one in problem.people
    )
    rules = Rules(weights={**Rules().weights, "reciprocity": 0})
    problem = replace(problem, people=people, rules=rules, skills=frozenset(), recent=frozenset())
    worth = {
        (learner, teacher): engine.solve(
            "pair", replace(problem, people=(learner, teacher), asked=frozenset({learner.id}))
        ).value
        for learner, teacher in permutations(people, 2)
    }
    outcome = engine.solve("pair", replace(problem, asked=frozenset(one.id for one in people)))
    assert outcome.value <= most(worth, people) <= outcome.bound


@given(problem=problems(most=8), data=st.data())
@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
def test_another_teacher_never_lowers_the_optimum_of_a_round(problem: Problem, data: st.DataObject) -> None:
    """Whoever comes asks for nothing. All have time to teach beside learning, so that one exact choice decides."""
    size = len(problem.people)
    people = tuple(
        one._replace(places=99, available=True, starts=0, ends=1440, days=(1, 2), languages=("en",))
        for one in (*problem.people, data.draw(persons(size, size + 1)))
    )
    asked = frozenset(one.id for one in problem.people)
    more = replace(problem, people=people, asked=asked, skills=frozenset(), rules=Rules())
    before = engine.solve("pair", replace(more, people=people[:size]))
    after = engine.solve("pair", more)
    assert before.value == before.bound
    assert after.value == after.bound
    assert after.value >= before.value
