"""What must hold of every round, whatever the organization."""

from dataclasses import replace
from unittest.mock import patch
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.matching.engine import exact, standing
from services.matching.engine import round as engine
from services.matching.engine.explain import change, left_out, reason
from services.matching.engine.people import Change, Person, Problem
from services.matching.engine.rules import WEIGHTS, Rules
from tests.matching.invariants import no_rule_is_broken
from tests.matching.strategies import problems
from tests.matching.world import engine_person

KINDS = ("pair", "circle", "buddy")
ASKING = {"learner", "newcomer", "participant"}
slowly = settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow])


@pytest.mark.parametrize(("kind", "few"), [*((kind, exact.FEW) for kind in KINDS), ("circle", 0)])
@given(problem=problems())
@slowly
def test_what_holds_of_every_round(kind: str, few: int, problem: Problem) -> None:
    """No rule is broken, nobody disappears, terms add up to scores and scores to a value, and all of it has words.

    Circles are chosen at their optimum among a few people, and grown among more.
    """
    with patch.object(exact, "FEW", few):
        outcome = engine.solve(kind, problem)
    no_rule_is_broken(kind, problem, outcome)
    asking = [person for match in outcome.matches for person, role in match.members if role in ASKING]
    leading = {person for match in outcome.matches for person, role in match.members if role == "facilitator"}
    left = [one.person for one in outcome.unmatched]
    assert sorted([*left, *asking, *((leading & problem.asked) - {*asking})]) == sorted(problem.asked)
    assert outcome.value == sum(match.score for match in outcome.matches)
    assert all(match.score == sum(term.points for term in match.terms) for match in outcome.matches)
    assert outcome.bound >= outcome.value
    assert 0 <= outcome.gap <= 1
    assert all(reason(term.code, term.skill) for match in outcome.matches for term in match.terms)
    assert all(left_out(left.reason) for left in outcome.unmatched)


@pytest.mark.parametrize("kind", KINDS)
@given(problem=problems(), data=st.data())
@slowly
def test_the_order_people_come_in_changes_nothing(kind: str, problem: Problem, data: st.DataObject) -> None:
    shuffled = replace(problem, people=tuple(data.draw(st.permutations(problem.people))))
    assert engine.solve(kind, shuffled) == engine.solve(kind, problem)
    assert engine.digest(shuffled) == engine.digest(problem)


@pytest.mark.parametrize("kind", KINDS)
@given(problem=problems(), data=st.data())
@settings(deadline=None, max_examples=15, suppress_health_check=[HealthCheck.too_slow])
def test_a_confidential_wish_is_in_no_answer(kind: str, problem: Problem, data: st.DataObject) -> None:
    """Whoever is left out is told what they would be told if nobody had wished anything."""
    alone = data.draw(st.sampled_from(problem.people))
    others = frozenset(person.id for person in problem.people) - {alone.id}
    plain = tuple(person._replace(not_with=()) for person in problem.people)
    wishing = tuple(one._replace(not_with=tuple(others)) if one.id == alone.id else one for one in plain)
    wished = tuple(one._replace(not_with=(alone.id,)) if one.id != alone.id else one for one in plain)
    full = replace(problem, people=plain)
    answers = [
        next(left for left in engine.solve(kind, replace(problem, people=people)).unmatched if left.person == alone.id)
        for people in (wishing, wished)
        if alone.id in problem.asked
    ]
    for answer in answers:
        bare = {left.person: left for left in engine.solve(kind, full).unmatched}.get(alone.id)
        assert bare is None or (bare.left, bare.opens) == (answer.left, answer.opens)
        assert bare is None or kind == "circle" or bare.reason == answer.reason
        assert bare is None or bare.reason != answer.reason or bare.change == answer.change


@pytest.mark.parametrize("kind", ["pair", "buddy"])
def test_who_is_kept_from_the_only_one_is_told_what_who_was_outbid_is_told(kind: str) -> None:
    """M4: two of one round compare what they were told."""
    near, blocked, outbid = (
        engine_person(
            UUID(int=10 + row), needs=(("a", 0, 1),), unit=unit, site=site, tenure_days=3, not_with=wish, slots=0
        )
        for row, (unit, site, wish) in enumerate(
            (("U1", "BER", ()), ("U1", "BER", (UUID(int=1),)), ("U2", "PAR", ())),
        )
    )
    only = engine_person(UUID(int=1), offers=(("a", 4),), slots=1)
    people = (only, near, blocked, outbid)
    rules = replace(Rules(), weights={**Rules().weights, "cross_unit": 0, "same_site": 9})
    outcome = engine.solve(kind, Problem(people, frozenset(one.id for one in people[1:]), rules, 1, in_person=True))
    assert [match.members[0][0] for match in outcome.matches] == [near.id]
    told = {left.person: replace(left, person=only.id) for left in outcome.unmatched}
    assert told[blocked.id] == told[outbid.id]
    assert told[blocked.id].reason == "everyone_taken"


@pytest.mark.parametrize("few", [exact.FEW, 0])
@pytest.mark.parametrize("refuses", ["the one left out", "everybody else"])
def test_who_is_kept_out_of_every_circle_is_told_what_who_found_no_room_is_told(few: int, refuses: str) -> None:
    """Byte by byte, but for whom it is about: one more than fits is left over, and one whom nobody may meet."""
    ids = [UUID(int=number) for number in range(1, 10)]
    blocked = ids[-1]
    wish = {blocked: tuple(ids[:-1])} if refuses == "the one left out" else dict.fromkeys(ids[:-1], (blocked,))
    leader = engine_person(UUID(int=10), facilitator_ready=True)
    people = tuple(engine_person(one, needs=(("a", 1, 2),), not_with=wish.get(one, ())) for one in ids)
    problem = Problem((*people, leader), frozenset(ids), Rules(), 1, size_min=3, size_max=3)
    few_ = (*(one._replace(not_with=()) for one in people[:-2]), leader)
    bare = replace(problem, people=few_, asked=frozenset(ids[:-2]))
    with patch.object(exact, "FEW", few):
        told = {left.person: repr(replace(left, person=blocked)) for left in engine.solve("circle", problem).unmatched}
        without = engine.solve("circle", bare).unmatched
    assert blocked in told
    assert len(told) == 3
    assert len(set(told.values())) == 1
    assert {(left.reason, left.change) for left in without} == {("too_few_people", Change("more_people", 0, "1"))}


def test_a_band_as_wide_as_is_named_brings_them_together() -> None:
    """Far apart by job level, nearer in what all want to learn."""
    rows = ((1, 0), (4, 0), (6, 2), (9, 2))
    circle = [engine_person(UUID(int=level), level=level, needs=(("a", grade, 5),)) for level, grade in rows]
    people = (*circle, engine_person(UUID(int=99), facilitator_ready=True))
    asked = frozenset(one.id for one in circle)
    problem = Problem(people, asked, Rules(levels="banded", level_band=1), 1, size_min=4, size_max=4)
    told = engine.solve("circle", problem).unmatched
    assert {(left.reason, left.change) for left in told} == {("too_few_people", Change("wider_band", 0, "2"))}
    wider = replace(problem, rules=Rules(levels="banded", level_band=2))
    assert not engine.solve("circle", wider).unmatched


HELPS = {
    "level_too_low": lambda one: one._replace(needs=tuple((skill, -9, aim) for skill, _, aim in one.needs)),
    "one_level_less": lambda one: one._replace(needs=tuple((skill, low - 1, aim) for skill, low, aim in one.needs)),
    "nobody_experienced": lambda one: one._replace(tenure_days=4000),
    "not_available": lambda one: one._replace(available=True),
    "capacity_full": lambda one: one._replace(slots=9, places=99),
    "reporting_line": lambda one: one._replace(manager=None),
    "no_common_language": lambda one: one._replace(languages=(*one.languages, "eo")),
    "too_few_common_hours": lambda one: one._replace(starts=0, ends=1440, utc_offset=0, days=(1,)),
}
SAME = {
    "more_capacity": "capacity_full",
    "another_language": "no_common_language",
    "other_hours": "too_few_common_hours",
    "shorter_cool_off": "matched_recently",
    "meet_remotely": "another_site",
    "less_experience": "nobody_experienced",
}


def lifted(problem: Problem, constraint: str, person: UUID) -> Problem:
    """The problem for one person alone without this constraint."""
    constraint = SAME.get(constraint, constraint)
    problem = replace(problem, asked=frozenset({person}))
    if constraint == "matched_recently":
        return replace(problem, recent=frozenset())
    if constraint == "another_site":
        return replace(problem, only_in_person=False)
    if constraint == "half_an_hour_more":
        rules = replace(problem.rules, common_half_hours=problem.rules.common_half_hours - 1)
        return replace(problem, rules=rules)
    return replace(problem, people=tuple(HELPS[constraint](one) for one in problem.people))


@pytest.mark.parametrize("kind", ["pair", "buddy"])
@given(problem=problems(), margin=st.sampled_from((0, 1, 3, 5)))
@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow])
def test_lifting_what_is_named_finds_somebody(kind: str, problem: Problem, margin: int) -> None:
    problem = replace(problem, people=tuple(one._replace(not_with=()) for one in problem.people))
    problem = replace(problem, rules=replace(problem.rules, margin=margin))
    for left in engine.solve(kind, problem).unmatched:
        counts = [count.people for count in left.left]
        assert counts == sorted(counts, reverse=True)
        if counts and 0 in counts:
            assert left.reason == left.left[counts.index(0)].constraint
        for count in left.opens:
            assert count.people > 0
            assert engine.solve(kind, lifted(problem, count.constraint, left.person)).matches
        if left.reason == "nothing_needed":
            continue
        assert left.change
        if "name_a_need" in left.change.also:
            continue
        helped = problem
        for code in (left.change.code, *left.change.also):
            helped = changed(helped, code, left.change.detail, left.person)
        assert engine.solve(kind, helped).matches


def changed(problem: Problem, code: str, detail: str | None, person: UUID) -> Problem:
    """The problem for one person alone after what would help them."""
    self = next(one for one in problem.people if one.id == person)
    alone = replace(problem, asked=frozenset({person}))
    if code == "more_time":
        willing = self._replace(available=True, places=99)
        return replace(alone, people=tuple(willing if one.id == person else one for one in problem.people))
    if code == "levels_less":
        return replace(alone, rules=replace(problem.rules, margin=problem.rules.margin - int(detail or "")))
    if code in {"find_teacher", "teacher_ahead", "another_teacher", "another_buddy"}:
        free = self._replace(available=True, slots=1, places=99, manager=None)
        somebody = free._replace(id=UUID(int=99), offers=((detail or "a", 5),), tenure_days=4000)
        return replace(alone, people=(*problem.people, somebody))
    if code == "smaller_margin":
        problem = replace(problem, rules=replace(problem.rules, margin=0))
        about = next(skill for skill, *_ in self.needs if not problem.skills or skill in problem.skills)
        return changed(problem, "another_teacher", about, person)
    return lifted(problem, code, person)


def test_where_nothing_helps_alone_what_helps_together_is_named() -> None:
    learner = engine_person(UUID(int=1), needs=(("a", 0, 1),))
    teacher = engine_person(UUID(int=2), offers=(("a", 4),), slots=0, languages=("fr",))
    (left,) = engine.solve("pair", Problem((learner, teacher), frozenset({learner.id}), Rules(), 1)).unmatched
    assert left.reason == "capacity_full"
    assert left.opens == ()
    assert left.change == Change("more_capacity", 1, None, ("another_language",))
    assert change("more_capacity", None, left.change.also).startswith("Together")
    newcomer = engine_person(UUID(int=1), tenure_days=3, languages=("fr",))
    buddy = engine_person(UUID(int=2))
    (left,) = engine.solve("buddy", Problem((newcomer, buddy), frozenset({newcomer.id}), Rules(), 1)).unmatched
    assert left.change == Change("another_language", 1, "en")
    (left,) = engine.solve(
        "circle", Problem((newcomer, buddy), frozenset({newcomer.id}), Rules(), 1, size_min=3)
    ).unmatched
    assert left.reason


def test_a_teacher_of_two_wanted_skills_is_counted_once() -> None:
    learner = engine_person(UUID(int=1), needs=(("a", 0, 1), ("b", 0, 1)))
    teacher = engine_person(UUID(int=2), offers=(("a", 4), ("b", 4)), slots=0)
    (left,) = engine.solve("pair", Problem((learner, teacher), frozenset({learner.id}), Rules(), 1)).unmatched
    assert dict(left.opens) == {"capacity_full": 1}
    assert left.left[0].people == 1


@pytest.mark.parametrize(("local_day", "matched"), [(1, False), (2, True)])
def test_the_date_line_lies_between_two_mondays(local_day: int, matched: bool) -> None:
    """Sydney's Tuesday morning is the Monday afternoon of Los Angeles."""
    sydney = engine_person(UUID(int=1), needs=(("a", 0, 1),), utc_offset=660, days=(local_day,))
    angeles = engine_person(UUID(int=2), offers=(("a", 4),), utc_offset=-480, days=(1,))
    problem = Problem((sydney, angeles), frozenset({sydney.id}), Rules(common_half_hours=2), 1)
    outcome = engine.solve("pair", problem)
    assert bool(outcome.matches) == matched
    hindered = standing.hindrance(problem, [[sydney.id, angeles.id]])
    assert hindered == [None if matched else "too_few_common_hours"]


def test_circles_are_as_large_as_their_members_like() -> None:
    """P12."""
    ids = [UUID(int=row + 1) for row in range(8)]
    leaders = [engine_person(UUID(int=100 + row), facilitator_ready=True) for row in range(4)]

    def formed(company: tuple[int, int]) -> tuple[set[int], int]:
        people = [engine_person(one, needs=(("a", 1, 2),), company=company) for one in ids]
        crowd = Problem((*people, *leaders), frozenset(ids), Rules(), 1, size_min=3, size_max=6)
        outcome = engine.solve("circle", crowd)
        assert outcome.bound >= outcome.value
        told = [term.points for match in outcome.matches for term in match.terms if term.code == "preferred_size"]
        return {len(match.members) - 1 for match in outcome.matches}, sum(told)

    assert formed((4, 4)) == ({4}, 4 * 8)
    assert formed((5, 6)) == ({3, 5}, 4 * 5)


def test_who_likes_the_same_half_of_the_day_is_brought_together_and_told() -> None:
    """P12."""
    wants = {"needs": (("a", 0, 1),), "offers": ()}
    early, any_, late = (
        engine_person(UUID(int=9 + row), offers=(("a", 2),), likes=likes)
        for row, likes in enumerate(("morning", "", "afternoon"))
    )

    def taught(likes: str, *teachers: Person) -> tuple[UUID, int]:
        one = engine_person(UUID(int=1), likes=likes, **wants)
        problem = Problem((one, *teachers), frozenset({one.id}), Rules(), 1)
        (match,) = engine.solve("pair", problem).matches
        return match.members[1][0], sum(term.points for term in match.terms if term.code == "preferred_time")

    assert taught("morning", early, late) == (early.id, 5)
    assert taught("afternoon", early, late) == (late.id, 5)
    assert taught("morning", any_) == (any_.id, 5)
    assert taught("", early) == (early.id, 5)
    assert taught("", any_) == (any_.id, 0)
    assert taught("morning", late) == (late.id, 0)
    # The same half of their days is not the same time.
    assert taught("morning", early._replace(utc_offset=-240)) == (early.id, 0)
    away = engine_person(UUID(int=99), unit="far", facilitator_ready=True)
    likes = ("morning", "morning", "afternoon", "")
    crowd = [engine_person(UUID(int=20 + row), likes=each) for row, each in enumerate(likes)]
    asked = frozenset(one.id for one in crowd)
    for far, points in ((60, 15), (-240, 5)):
        moved = crowd[2]._replace(utc_offset=far, likes="morning" if far < 0 else "afternoon")
        people = (*crowd[:2], moved, crowd[3], away)
        outcome = engine.solve("circle", Problem(people, asked, Rules(), 1, size_min=4, size_max=4))
        (match,) = outcome.matches
        assert sum(term.points for term in match.terms if term.code == "preferred_time") == points
        assert outcome.bound >= outcome.value


@pytest.mark.parametrize("people", [4, 24])
@pytest.mark.parametrize("functions", [1, 2])
def test_a_function_that_is_not_known_is_nobody_s(people: int, functions: int) -> None:
    """It neither keeps people apart, nor makes a circle of one function one of two."""
    leaders = [engine_person(UUID(int=90 + row), facilitator_ready=True) for row in range(3)]
    crowd = [engine_person(UUID(int=1 + row), function="") for row in range(people)]
    asked = frozenset(one.id for one in crowd)
    for known in (0, 1, people // 2):
        some = [one._replace(function="software") if row < known else one for row, one in enumerate(crowd)]
        rules = Rules(min_functions=functions)
        outcome = engine.solve("circle", Problem((*some, *leaders), asked, rules, 1, size_min=4, size_max=8))
        assert bool(outcome.matches) is (functions == 1)
        assert not any(term.code == "mixed_functions" for match in outcome.matches for term in match.terms)
        assert len(outcome.unmatched) == (people if functions > 1 else 0)


@pytest.mark.parametrize("people", [8, 24])
def test_a_circle_brings_sites_together(people: int) -> None:
    """Where people are alike but for where they work, few or more of them, unless they meet in person."""
    leaders = [engine_person(UUID(int=90 + row), facilitator_ready=True) for row in range(3)]
    crowd = [engine_person(UUID(int=1 + row), site="BER" if 2 * row < people else "OSL") for row in range(people)]
    asked = frozenset(one.id for one in crowd)
    for weight, in_person in ((7, False), (0, False), (7, True)):
        points, rules = weight * (not in_person), Rules(weights={**WEIGHTS, "mixed_sites": weight})
        problem = Problem((*crowd, *leaders), asked, rules, 1, in_person=in_person, size_min=4, size_max=4)
        outcome = engine.solve("circle", problem)
        told = [sum(term.points for term in match.terms if term.code == "mixed_sites") for match in outcome.matches]
        assert told == [points] * (people // 4)
        assert outcome.bound >= outcome.value
