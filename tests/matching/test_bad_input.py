"""What nobody can match ends with a report: how many, why, and what would change it."""

from uuid import UUID

import numpy as np
import pytest

from services.matching.engine import round as engine
from services.matching.engine.people import Outcome, Person, Problem
from services.matching.engine.report import report
from services.matching.engine.rules import Rules
from tests.matching.world import engine_person


def learners(count: int, **changes: object) -> list[Person]:
    return [engine_person(UUID(int=row + 1), needs=(("a", 1, 2),), **changes) for row in range(count)]


def teachers(count: int, **changes: object) -> list[Person]:
    return [engine_person(UUID(int=row + 1001), offers=(("a", 3),), **changes) for row in range(count)]


def solved(people: list[Person], kind: str = "pair", rules: Rules | None = None) -> Outcome:
    asked = frozenset(one.id for one in people if one.id.int <= 1000)
    return engine.solve(kind, Problem(tuple(people), asked, rules or Rules(), 1, size_min=3, size_max=5))


def all_left(outcome: Outcome, count: int, reason: str) -> None:
    assert not outcome.matches
    assert [left.reason for left in outcome.unmatched] == [reason] * count
    assert (outcome.value, outcome.gap) == (0, 0.0)


def test_rules_that_exclude_everybody_say_which_constraint_and_what_would_help() -> None:
    outcome = solved([*learners(30), *teachers(30)], rules=Rules(margin=3))
    all_left(outcome, 30, "level_too_low")
    assert report(outcome)["changes"] == [{"code": "one_level_less", "detail": None, "people": 30}]


def test_capacities_of_zero_are_told() -> None:
    outcome = solved([*learners(5), *teachers(5, slots=0)])
    all_left(outcome, 5, "capacity_full")
    assert report(outcome)["changes"] == [{"code": "more_capacity", "detail": None, "people": 5}]


def test_a_need_that_nobody_offers_asks_for_a_teacher() -> None:
    outcome = solved(learners(4))
    assert {left.reason for left in outcome.unmatched} == {"nobody_offers_it"}
    assert report(outcome)["changes"] == [{"code": "find_teacher", "detail": "a", "people": 4}]


def test_one_reporting_line_forms_no_circle() -> None:
    line = [engine_person(UUID(int=1), needs=(("a", 1, 2),))]
    for row in range(1, 12):
        line.append(engine_person(UUID(int=row + 1), needs=(("a", 1, 2),), manager=line[-1].id))
    outcome = solved(line, "circle")
    assert {left.reason for left in outcome.unmatched} == {"reporting_line"}


def test_days_without_overlap_are_told_by_how_much() -> None:
    """P15."""
    outcome = solved([*learners(3), *teachers(3, utc_offset=60 + 450)])
    all_left(outcome, 3, "too_few_common_hours")
    assert report(outcome)["changes"] == [{"code": "half_an_hour_more", "detail": None, "people": 3}]
    far = solved([*learners(3), *teachers(3, utc_offset=60 + 720)])
    assert report(far)["changes"] == [{"code": "other_hours", "detail": None, "people": 3}]


def test_a_foreign_language_is_named() -> None:
    outcome = solved([*learners(2), *teachers(2, languages=("fr",))])
    assert report(outcome)["changes"] == [{"code": "another_language", "detail": "fr", "people": 2}]


def test_thousands_with_one_skill_are_matched_up_to_what_there_is_room_for() -> None:
    outcome = solved([*learners(1000), *teachers(300, slots=2)])
    assert len(outcome.matches) == 600
    assert {left.reason for left in outcome.unmatched} == {"everyone_taken"}
    assert outcome.gap < 0.01


def test_a_whole_company_with_one_skill_is_matched_near_the_bound() -> None:
    """Who knows a little learns from who knows more, teaches who knows less: scarcely enough room, many alike."""
    rng = np.random.default_rng(1)
    crowd = [
        engine_person(
            UUID(int=row + 1),
            unit=f"U{row % 40}",
            level=1 + row % 6,
            needs=(("a", level, level + 1),) if level < 4 else (),
            offers=(("a", level),) if level > 1 else (),
            slots=int(rng.integers(4)),
            places=2,
            utc_offset=int(rng.choice((-480, 0, 60, 330))),
        )
        for row, level in enumerate(rng.integers(0, 6, 4000).tolist())
    ]
    asked = frozenset(one.id for one in crowd if one.needs)
    outcome = engine.solve("pair", Problem(tuple(crowd), asked, Rules(), 1))
    assert len(outcome.matches) + len(outcome.unmatched) == len(asked)
    assert outcome.gap < 0.02


def test_a_limit_on_reading_is_kept_and_told() -> None:
    outcome = solved([*learners(50), *teachers(300)], rules=Rules(looks=20))
    assert outcome.notes["unread_offers"]
    assert outcome.bound >= outcome.value


@pytest.mark.parametrize("rules", [Rules(min_functions=9), Rules(common_half_hours=49)])
def test_rules_that_nobody_can_meet_form_no_circle_and_leave_nobody_out(rules: Rules) -> None:
    outcome = solved(learners(12), "circle", rules)
    assert not outcome.matches
    assert len(outcome.unmatched) == 12
    assert all(left.reason for left in outcome.unmatched)


def test_rules_that_contradict_themselves_are_refused() -> None:
    with pytest.raises(ValueError, match="levels: steep is none of any, mixed, banded"):
        Rules.parse({"levels": "steep"})


def crowd_with_leaders() -> list[Person]:
    members = [engine_person(UUID(int=row + 1), level=1 + row % 6) for row in range(24)]
    return [*members, *(engine_person(UUID(int=row + 1001), facilitator_ready=True) for row in range(4))]


def levels_of(outcome: Outcome, crowd: list[Person]) -> list[set[int]]:
    level = {one.id: one.level for one in crowd}
    return [{level[person] for person, role in match.members if role == "participant"} for match in outcome.matches]


def test_a_band_of_levels_is_kept() -> None:
    """P13."""
    crowd = crowd_with_leaders()
    circles = levels_of(solved(crowd, "circle", Rules(levels="banded", level_band=1)), crowd)
    assert circles
    assert all(max(levels) - min(levels) <= 1 for levels in circles)


def test_mixed_levels_bring_points_and_are_told() -> None:
    """R10."""
    crowd = crowd_with_leaders()
    mixed = solved(crowd, "circle", Rules(levels="mixed"))
    assert all(len(levels) >= 3 for levels in levels_of(mixed, crowd))
    points = [{term.code: term.points for term in match.terms}["mixed_levels"] for match in mixed.matches]
    weight = Rules().weights["mixed_levels"]
    assert points == [weight * (len(levels) - 1) for levels in levels_of(mixed, crowd)]
