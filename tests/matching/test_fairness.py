"""Who has waited comes before who has not."""

from collections.abc import Iterable
from dataclasses import replace
from uuid import UUID

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from services.matching.engine import round as engine
from services.matching.engine.market import LONGEST_WAIT
from services.matching.engine.people import Outcome, Problem
from tests.matching.strategies import problems


def learners(outcome: Outcome) -> set[UUID]:
    return {person for match in outcome.matches for person, role in match.members if role == "learner"}


def with_wait(problem: Problem, waited: int, people: Iterable[UUID]) -> Problem:
    chosen = set(people)
    found = tuple(one._replace(waited=waited) if one.id in chosen else one for one in problem.people)
    return replace(problem, people=found)


@given(problem=problems(), data=st.data())
@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
def test_who_is_matched_still_is_for_having_waited_longer(problem: Problem, data: st.DataObject) -> None:
    """Monotone: where both rounds are proved to be the best, nobody loses a teacher by what speaks for them."""
    before = engine.solve("pair", with_wait(problem, 0, problem.asked))
    assume(before.matches and before.value == before.bound)
    one = data.draw(st.sampled_from(sorted(learners(before))))
    after = engine.solve("pair", with_wait(with_wait(problem, 0, problem.asked), LONGEST_WAIT, [one]))
    assume(after.value == after.bound)
    assert one in learners(after)
    assert after.value > before.value
