"""A round whose parts other processes solve is the round that one process solves; a severed one says what it loses."""

import pickle
from collections import Counter
from dataclasses import replace
from uuid import UUID

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.matching.engine import cut, pairs
from services.matching.engine.people import Outcome, Problem
from services.matching.engine.rules import Rules
from tests.matching.strategies import problems
from tests.matching.world import engine_person

SLOW = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])


def solved(problem: Problem, most: int) -> tuple[cut.Cut, Outcome]:
    """Cut, each part solved as elsewhere, and joined; the order the parts come back in is another."""
    parts = cut.cut(problem, most)
    found = [cut.solve(pickle.loads(pickle.dumps(part))) for part in parts.parts]
    return parts, cut.join(problem, found[::-1], severed=parts.severed)


@given(problem=problems(), exchange=st.booleans())
@SLOW
def test_parts_that_no_pair_joins_make_the_whole_round(problem: Problem, exchange: bool) -> None:
    problem = replace(problem, rules=replace(problem.rules, exchange=exchange))
    whole = pairs.solve(problem)
    parts, joined = solved(problem, 100)
    assert not parts.severed
    assert joined.value == whole.value == sum(match.score for match in joined.matches)
    assert joined.bound >= joined.value
    everybody = {person for match in joined.matches for person, role in match.members if role == "learner"}
    left = {one.person for one in joined.unmatched}
    assert not everybody & left
    assert everybody | left == problem.asked & {person.id for person in problem.people}


@given(problem=problems(), most=st.integers(1, 4), places=st.integers(0, 999))
@SLOW
def test_a_severed_round_breaks_no_rule_and_proves_its_loss(problem: Problem, most: int, places: int) -> None:
    people = tuple(one._replace(places=1 + (places >> row) % 3) for row, one in enumerate(problem.people))
    problem = replace(problem, people=people)
    parts, joined = solved(problem, most)
    assert all(len(part.people) <= most for part in parts.parts)
    assert joined.bound >= joined.value == sum(match.score for match in joined.matches)
    teaches = Counter(person for match in joined.matches for person, role in match.members if role == "teacher")
    busy = Counter(person for match in joined.matches for person, _ in match.members)
    for person in problem.people:
        assert teaches[person.id] <= max(0, person.slots)
        assert busy[person.id] <= max(0, person.places)
    if not parts.severed:
        assert joined.value == pairs.solve(problem).value


def test_who_is_left_over_is_matched_across_the_cut() -> None:
    ids = [UUID(int=number + 1) for number in range(4)]
    people = (
        engine_person(ids[0], division="A", needs=(("a", 1, 2),)),
        engine_person(ids[1], division="A", needs=(("a", 1, 2),)),
        engine_person(ids[2], division="B", offers=(("a", 3),), slots=2),
        engine_person(ids[3], division="B", offers=(("a", 4),), slots=2),
    )
    problem = Problem(people, frozenset(ids[:2]), Rules(), 1)
    parts, joined = solved(problem, 2)
    assert parts.severed
    assert len(parts.parts) == 2
    assert joined.notes["severed"]
    assert joined.notes["lost_at_most"] == joined.bound - joined.value
    assert len(joined.matches) == 2
    assert joined.bound >= joined.value


def test_a_cut_round_is_the_same_however_people_come() -> None:
    people = tuple(
        engine_person(
            UUID(int=row + 1),
            utc_offset=60 * (row % 3),
            needs=(("a", 1, 2),) if row % 2 else (),
            offers=() if row % 2 else (("a", 3),),
        )
        for row in range(12)
    )
    problem = Problem(people, frozenset(one.id for one in people), Rules(), 7)
    _, one = solved(problem, 5)
    _, other = solved(replace(problem, people=people[::-1]), 5)
    assert one == other
