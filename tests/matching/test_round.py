"""A whole organization of 2,000 at once."""

from dataclasses import replace
from uuid import UUID

import pytest

from services.matching.engine import round as engine
from services.matching.engine.explain import LEFT_OUT, REASONS, left_out, not_asked, reason
from services.matching.engine.people import Problem
from services.matching.engine.rules import Rules
from tests.matching.invariants import check_circle, check_two
from tests.matching.organization import problem
from tests.matching.world import engine_person


@pytest.fixture(scope="module")
def crowd() -> Problem:
    return problem()


def test_pairs_for_two_thousand_are_proved_nearly_best(crowd: Problem) -> None:
    outcome = engine.solve("pair", crowd)
    assert len(outcome.matches) + len(outcome.unmatched) == len(crowd.asked)
    assert len(outcome.matches) > 0.95 * len(crowd.asked)
    assert outcome.gap < 0.001
    for match in outcome.matches:
        check_two(crowd, match, "pair")


def test_looking_at_few_candidates_costs_little_once_prices_bring_in_others(crowd: Problem) -> None:
    few = engine.solve("pair", replace(crowd, rules=Rules(candidates=5)))
    assert few.value > 0.995 * engine.solve("pair", crowd).value


def test_circles_for_two_thousand_place_nearly_everybody(crowd: Problem) -> None:
    wide = replace(
        crowd,
        asked=frozenset(person.id for person in crowd.people if person.available),
        size_min=4,
        size_max=8,
        rules=Rules(min_functions=2),
    )
    outcome = engine.solve("circle", wide)
    for match in outcome.matches:
        check_circle(wide, match)
    assert len(outcome.unmatched) < 0.05 * len(wide.asked)


def test_another_seed_gives_another_round_of_the_same_quality(crowd: Problem) -> None:
    one, other = engine.solve("pair", crowd), engine.solve("pair", replace(crowd, seed=8))
    assert one.matches != other.matches
    assert abs(one.value - other.value) < 0.001 * one.value


def test_who_waits_for_want_of_a_teacher_is_told_so_and_what_would_help() -> None:
    asking = engine_person(UUID(int=1), needs=(("rust", 1, 2),), languages=("de",))
    teachers = [engine_person(UUID(int=row), offers=(("rust", 4),), languages=("en",)) for row in (2, 3)]
    crowd = Problem((asking, *teachers), frozenset({asking.id}), Rules(), 1)
    (left,) = engine.solve("pair", crowd).unmatched
    assert left.reason == "no_common_language"
    assert dict(left.left)["reporting_line"] == 2
    assert dict(left.opens) == {"no_common_language": 2}


def test_learning_in_both_directions_is_worth_more() -> None:
    one = engine_person(UUID(int=1), needs=(("a", 0, 1),), offers=(("b", 4),))
    two = engine_person(UUID(int=2), needs=(("b", 0, 1),), offers=(("a", 4),))
    three = engine_person(UUID(int=3), offers=(("a", 4),))
    crowd = Problem((one, two, three), frozenset({one.id, two.id}), Rules(), 1)
    outcome = engine.solve("pair", crowd)
    assert {frozenset(person for person, _ in match.members) for match in outcome.matches} == {
        frozenset({one.id, two.id})
    }
    assert all("reciprocity" in {term.code for term in match.terms} for match in outcome.matches)


def test_an_expert_with_room_for_all_is_not_overrun_while_others_are_free() -> None:
    learners = [engine_person(UUID(int=row), needs=(("a", 0, 1),)) for row in range(1, 5)]
    teachers = [engine_person(UUID(int=row), offers=(("a", 4),), slots=4) for row in (11, 12, 13, 14)]
    crowd = Problem((*learners, *teachers), frozenset(one.id for one in learners), Rules(), 1)
    chosen = [match.members[1][0] for match in engine.solve("pair", crowd).matches]
    assert len(set(chosen)) == 4


def test_rules_refuse_what_they_do_not_know() -> None:
    with pytest.raises(ValueError, match="unknown rules: colour, shoe_size"):
        Rules.parse({"colour": 1, "weights": {"shoe_size": 2}})


def test_rules_survive_being_stored() -> None:
    rules = Rules(margin=2, weights={**Rules().weights, "waited": 40})
    assert Rules.parse(rules.stored()) == rules


def test_every_weighted_term_has_words() -> None:
    assert Rules().weights.keys() <= REASONS.keys()
    assert all(text.endswith(".") for text in (*REASONS.values(), *LEFT_OUT.values()))


def test_what_a_release_ahead_has_written_can_be_read() -> None:
    assert all("of_tomorrow" in told("of_tomorrow") for told in (reason, left_out, not_asked))
