"""What is taught with the time that was kept for one's own learning."""

from uuid import UUID

from services.matching.engine import round as engine
from services.matching.engine.people import Problem
from services.matching.engine.rules import Rules
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
