"""A round of circles whose parts other processes solve is the round one process solves; a severed one says its loss."""

import pickle
from dataclasses import replace
from itertools import combinations
from uuid import UUID

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.matching.engine import circle, cut, cut_circles, groups
from services.matching.engine.circle import IMPOSSIBLE
from services.matching.engine.islands import islands
from services.matching.engine.people import Outcome, Person, Problem
from services.matching.engine.population import build
from services.matching.engine.rules import Rules
from tests.matching.strategies import problems
from tests.matching.world import engine_person

SLOW = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])


def solved(problem: Problem, most: int) -> tuple[cut.Cut, Outcome]:
    """Cut, each part solved as elsewhere, and joined; the order the parts come back in is another."""
    problem = replace(problem, rules=replace(problem.rules, part_people=most))
    parts = cut_circles.cut(problem, most)
    found = [cut_circles.solve(pickle.loads(pickle.dumps(part))) for part in parts.parts]
    return parts, cut_circles.join(problem, found[::-1], severed=parts.severed)


def everybody_is_told(problem: Problem, outcome: Outcome) -> None:
    """Nobody is dropped, nobody placed twice, no rule broken."""
    pop = build(problem.people, problem.seed)
    people, rules = circle.folk(pop, problem), circle.rule(problem)
    placed = [person for match in outcome.matches for person, role in match.members if role == "participant"]
    leading = {person for match in outcome.matches for person, role in match.members if role == "facilitator"}
    left = [one.person for one in outcome.unmatched]
    assert sorted((*placed, *left, *((leading & problem.asked) - {*placed}))) == sorted(problem.asked & set(pop.index))
    for match in outcome.matches:
        rows = sorted(pop.index[person] for person, role in match.members if role == "participant")
        assert problem.size_min <= len(rows) <= max(problem.size_min, problem.size_max)
        topic = circle.NONE if match.skill is None else pop.skills.index(match.skill)
        assert circle.worth(people, rules, np.array(rows, np.int64), len(rows), topic) != IMPOSSIBLE
    assert outcome.bound >= outcome.value == sum(match.score for match in outcome.matches)


def lost(outcome: Outcome) -> int:
    """What the cut lost at most, told in points and as a share of the bound."""
    points, share = outcome.notes["lost_at_most"], outcome.notes["lost_share"]
    assert isinstance(points, int)
    assert share == pytest.approx(points / max(1, outcome.bound), abs=1e-6)
    return points


def crowd(sites: int = 3, each: int = 7) -> tuple[Person, ...]:
    """Sites a third of the globe apart whose people are much alike, led from the first of them."""
    return tuple(
        engine_person(
            UUID(int=row + 1),
            utc_offset=480 * (row % sites) - 480,
            manager=UUID(int=row // 4 + 1) if row else None,
            unit="UVW"[row % 7 % 3],
            function="FG"[row % 5 % 2],
            needs=(("a", row % 3, 4),),
            offers=(("a", 4),) if row % 4 == 0 else (),
            facilitator_ready=True,
        )
        for row in range(sites * each)
    )


@given(problem=problems(), most=st.integers(2, 10))
@SLOW
def test_nobody_is_lost_and_parts_that_nobody_joins_make_the_whole_round(problem: Problem, most: int) -> None:
    whole = groups.solve(problem)
    parts, joined = solved(problem, most)
    everybody_is_told(problem, joined)
    assert all(len(part.asked) <= most for part in parts.parts)
    if not parts.severed:
        assert (joined.matches, joined.unmatched, joined.bound) == (whole.matches, whole.unmatched, whole.bound)
    else:
        assert 0 <= lost(joined) <= joined.bound - joined.value


def test_each_site_by_itself_forms_the_circles_that_all_do_together() -> None:
    people = crowd()
    asked = frozenset(one.id for one in people[1:])
    problem = Problem(people, asked, Rules(), 11, size_min=3, size_max=5)
    parts, joined = solved(problem, 7)
    assert len(parts.parts) == 3
    assert not parts.severed
    whole = groups.solve(problem)
    assert len(whole.matches) >= 3
    assert (joined.matches, joined.unmatched, joined.bound) == (whole.matches, whole.unmatched, whole.bound)
    everybody_is_told(problem, joined)


def test_a_line_through_another_part_still_keeps_two_apart() -> None:
    """The first leads the third through the second, who works at the other end of the world."""
    ids = [UUID(int=number + 1) for number in range(5)]
    people = (
        engine_person(ids[0]),
        engine_person(ids[1], manager=ids[0], utc_offset=720),
        engine_person(ids[2], manager=ids[1]),
        engine_person(ids[3], utc_offset=720, facilitator_ready=True),
        engine_person(ids[4], facilitator_ready=True),
    )
    problem = Problem(people, frozenset((ids[0], ids[2])), Rules(), 1, size_min=2, size_max=4)
    parts, joined = solved(problem, 4)
    assert [{one.id for one in part.people} for part in parts.parts] == [{ids[0], ids[1], ids[2]}]
    assert not joined.matches
    assert [one.person for one in joined.unmatched] == [ids[0], ids[2]]


def test_who_is_left_over_in_two_regions_is_placed_across_the_cut() -> None:
    """What the cut lost at most is told of the island that was cut alone, and is no less than what it did lose."""
    people = tuple(
        engine_person(UUID(int=row + 1), unit=f"U{row}", utc_offset=60 * (row // 5), facilitator_ready=row > 9)
        for row in range(14)
    )
    asked = frozenset(one.id for one in people[:10])
    problem = Problem(people, asked, Rules(), 1, size_min=4, size_max=5)
    parts, joined = solved(problem, 3)
    assert parts.severed
    assert joined.notes["parts"] == 4
    assert not joined.unmatched, "no part has enough people for a circle"
    everybody_is_told(problem, joined)
    assert joined.value + lost(joined) >= groups.solve(problem).value
    apart = [engine_person(UUID(int=100 + row), languages=("ja",), facilitator_ready=row < 1) for row in range(5)]
    more = replace(problem, people=(*people, *apart), asked=asked | {one.id for one in apart[1:]})
    parts, both = solved(more, 8)
    assert (parts.severed, len(both.matches)) == (True, len(joined.matches) + 1)
    assert lost(both) < both.bound - both.value


def test_circles_come_in_an_order_that_does_not_tell_who_formed_them() -> None:
    one, other = ([4, 1, 2], 0), ([3, 0], 7)
    for given_ in ((one, other), (other, one)):
        assert groups.named(groups.ordered(given_)) == [([0, 3], 7), ([1, 2, 4], 0)]


def test_islands_are_those_who_could_meet_through_others_and_no_more() -> None:
    people = [
        *(engine_person(UUID(int=row + 1), languages=spoken) for row, spoken in enumerate((("de",), ("de", "es")))),
        engine_person(UUID(int=3), languages=("es",)),
        engine_person(UUID(int=4), languages=("ja",)),
        engine_person(UUID(int=5), languages=("ja",), days=(6, 7)),
        engine_person(UUID(int=6), languages=("es",), site="OSL"),
    ]
    pop = build(people, 1)
    for only_in_person, apart in ((False, [{1, 2, 3, 6}, {4}, {5}]), (True, [{1, 2, 3}, {4}, {5}, {6}])):
        problem = Problem(tuple(people), frozenset(), Rules(), 1, only_in_person=only_in_person)
        found = islands(circle.folk(pop, problem), circle.rule(problem), np.arange(6))
        named = [{pop.ids[row].int for row in island.tolist()} for island in found]
        assert sorted(named, key=min) == apart
        assert all(not one & other for one, other in combinations(named, 2))


def test_who_is_gone_when_parts_come_back_breaks_up_no_more_than_their_circle() -> None:
    problem = Problem(people := crowd(), frozenset(one.id for one in people[1:]), Rules(), 11, size_min=3, size_max=5)
    parts = cut_circles.cut(problem, 7)
    found = [cut_circles.solve(part) for part in parts.parts]
    gone = {person for each in found for members, _ in each.circles[:1] for person in members[:2]}
    left = replace(problem, people=tuple(one for one in people if one.id not in gone))
    still = [
        each._replace(
            circles=tuple((tuple(one for one in members if one not in gone), topic) for members, topic in each.circles)
        )
        for each in found
    ]
    everybody_is_told(left, cut_circles.join(left, still, severed=False))
