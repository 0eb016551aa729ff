"""The scan for candidates against every pair there is, whatever it leaves unread."""

from itertools import product
from unittest.mock import patch
from uuid import UUID

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.matching.engine import candidates, cells, listing, market, pairs, scan, trade
from services.matching.engine import round as engine
from services.matching.engine.candidates import Pairs
from services.matching.engine.compiled import EMPTY
from services.matching.engine.listing import SCALE, Listed
from services.matching.engine.market import Market
from services.matching.engine.people import Heard, Person, Problem
from services.matching.engine.population import Ints, Population, build
from services.matching.engine.rules import WEIGHTS, Rules
from services.matching.engine.suggestions import suggest
from tests.matching.invariants import can_meet
from tests.matching.strategies import problems
from tests.matching.world import engine_person

SLOW = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
EVERYTHING = 1 << 40


def feasible(pop: Population, problem: Problem, learners: Ints, needs: Ints) -> Pairs:
    """Every pair of a learner and an offer that no constraint forbids, found the slow way."""
    person = {pop.index[one.id]: one for one in problem.people}
    found = []
    for need in needs.tolist():
        learner = int(pop.needs.person[need])
        for offer, teacher in enumerate(pop.offers.person.tolist()):
            one, other = person[learner], person[teacher]
            if (
                learner in learners
                and teacher != learner
                and pop.offers.skill[offer] == pop.needs.skill[need]
                and pop.offers.level[offer] >= pop.needs.level[need] + problem.rules.margin
                and other.available
                and other.slots > 0
                and other.id != one.manager
                and one.id != other.manager
                and (min(one.id, other.id), max(one.id, other.id)) not in problem.recent
                and can_meet([one, other], problem)
            ):
                levels = int(pop.needs.level[need]), int(pop.needs.target[need]), int(pop.offers.level[offer])
                found.append((learner, teacher, int(pop.needs.skill[need]), *levels))
    return Pairs(*np.array(found, np.int64).reshape(-1, 6).T)


def laid_out(problem: Problem) -> tuple[Population, Ints, market.Market, Pairs, Ints]:
    """A market, and all its pairs with their scores."""
    pop = build(problem.people, problem.seed)
    learners, needs = pairs.asked(pop, problem)
    laid = market.build(pop, problem, learners, needs, trade.barred(pop, problem))
    all_ = feasible(pop, problem, learners, needs)
    score = candidates.total(candidates.terms(pop, problem, all_, scan.mutuals(laid, all_.learner, all_.teacher)))
    return pop, learners, laid, all_, score if len(all_.learner) else np.zeros(0, np.int64)


def listed_within(problem: Problem, points: list[int], looks: int, width: int) -> None:
    """What is listed is true, in order and listed once; the best of all offers is never told too low."""
    _, learners, laid, all_, score = laid_out(problem)
    price = np.array(points, np.int64) * SCALE
    listed = scan.scan(laid, price, width, looks)
    worth = score * SCALE - price[all_.teacher]
    for row, learner in enumerate(learners.tolist()):
        mine = np.sort(worth[all_.learner == learner])[::-1]
        most = max(0, int(mine.max(initial=0)))
        assert listed.best[row] >= most
        told = listed.score[row, : listed.size[row]].astype(np.int64) * SCALE
        told = told - price[laid.offers.teacher[listed.offer[row, : listed.size[row]]]]
        assert set(told.tolist()) <= set(mine.tolist())
        assert told.tolist() == sorted(told.tolist(), reverse=True)
        assert len(set(listed.offer[row, : listed.size[row]].tolist())) == listed.size[row]
        if looks == EVERYTHING:
            assert listed.best[row] == most
            assert not listed.unseen[row]
            assert told.tolist() == mine[:width].tolist()


def everybody_asks(people: tuple[Person, ...], rules: Rules, seed: int) -> Problem:
    """Only who asks may be taught in return."""
    return Problem(people, frozenset(one.id for one in people), rules, seed)


@given(problem=problems(), data=st.data(), looks=st.sampled_from((1, 3, EVERYTHING)), width=st.integers(1, 4))
@SLOW
def test_what_the_best_offer_is_worth_is_never_told_too_low(
    problem: Problem, data: st.DataObject, looks: int, width: int
) -> None:
    many = len({one.id for one in problem.people})
    listed_within(problem, data.draw(st.lists(st.integers(0, 60), min_size=many, max_size=many)), looks, width)


@given(problem=problems(), data=st.data(), looks=st.sampled_from((1, 3, EVERYTHING)), width=st.integers(1, 4))
@SLOW
def test_offers_in_cells_of_their_own_and_in_runs_are_told_as_well(
    problem: Problem, data: st.DataObject, looks: int, width: int
) -> None:
    """As where thousands offer one skill and have one challenge."""
    many = len({one.id for one in problem.people})
    with patch.object(cells, "PARTED", 1), patch.object(market, "LONG", 1):
        listed_within(problem, data.draw(st.lists(st.integers(0, 60), min_size=many, max_size=many)), looks, width)


@pytest.mark.parametrize("spread", [1, 3, 40])
def test_of_hundreds_alike_who_share_a_challenge_none_is_passed_over_that_is_worth_more(spread: int) -> None:
    """Reading begins at a drawn place; whoever costs less or works elsewhere may be anywhere."""
    learners = tuple(
        engine_person(UUID(int=row + 1), needs=(("a", 1, 2),), offers=(("a", 2),), unit=f"U{row}", level=1 + row // 2)
        for row in range(9)
    )
    teachers = tuple(
        engine_person(
            UUID(int=row + 11), offers=(("a", 3),), needs=(("a", row % 4, 5),), unit=f"U{row % 20}", level=1 + row % 6
        )
        for row in range(700)
    )
    problem = Problem((*learners, *teachers), frozenset(one.id for one in learners), Rules(), 1)
    listed_within(problem, [7 * row % spread for row in range(709)], EVERYTHING, 3)


@pytest.mark.parametrize("parted", [1, 128])
@pytest.mark.parametrize("likeness", ["same_unit.same_site.0", "same_unit.another_site.1", "another_unit.same_site.2"])
def test_whoever_is_worth_more_for_how_alike_they_are_is_not_passed_over(likeness: str, parted: int) -> None:
    """Where nothing but that tells teachers apart, whatever they cost and wherever in a cell they lie."""
    traits = list(product(("U1", "U2"), ("X", "Y"), (1, 2, 5)))
    learners = tuple(
        engine_person(UUID(int=row + 1), needs=(("a", 1, 2),), unit=unit, site=site, level=level)
        for row, (unit, site, level) in enumerate(traits)
    )
    teachers = tuple(
        engine_person(UUID(int=row + 101), offers=(("a", 3),), unit=unit, site=site, level=level)
        for row, (unit, site, level) in enumerate(4 * traits)
    )
    weights = {**WEIGHTS, **dict.fromkeys(("cross_unit", "same_site", "seniority"), 0), "well_received": 100}
    heard = Heard("mentoring", likeness, 400, 2000), Heard("mentoring", "another_unit.another_site.0", 400, 400)
    asked = frozenset(one.id for one in learners)
    problem = Problem((*learners, *teachers), asked, Rules(weights=weights), 1, in_person=True, heard=heard)
    with patch.object(cells, "PARTED", parted):
        for width, spread in product((1, 3), (2, 40, 150)):
            listed_within(problem, [7 * row % spread for row in range(len(problem.people))], EVERYTHING, width)


@pytest.mark.parametrize("points", [[0, 0, 0, 0], [0, 0, 1, 60], [0, 9, 0, 0]])
def test_what_is_left_unread_among_teachers_alike_is_never_told_too_low(points: list[int]) -> None:
    """Who is read first is drawn; the others work elsewhere, want what the learner knows, or cost more."""
    learner = engine_person(UUID(int=1), needs=(("a", 1, 2),), offers=(("b", 4),))
    companies: tuple[tuple[tuple[str, bool], ...], ...] = (
        (("U1", False), ("U2", False), ("U2", False)),
        (("U1", True), ("U1", True), ("U2", True)),
    )
    for seed, looks, width, company in product(range(8), (1, 2), (1, 3), companies):
        teachers = tuple(
            engine_person(UUID(int=row + 2), offers=(("a", 3),), needs=(("b", 0, 1),) if mutual else (), unit=unit)
            for row, (unit, mutual) in enumerate(company)
        )
        problem = everybody_asks((learner, *teachers), Rules(), seed)
        listed_within(problem, points, looks, width)


def worth_most(laid: Market, listed: Listed, row: int, price: Ints) -> int:
    """What the best a learner has listed is worth at these prices."""
    size = listed.size[row]
    worth = listed.score[row, :size].astype(np.int64) * SCALE - price[laid.offers.teacher[listed.offer[row, :size]]]
    return max(0, int(worth.max(initial=0)))


@given(problem=problems(), width=st.integers(1, 3))
@SLOW
def test_lists_are_merged_by_worth_and_keep_what_is_held(problem: Problem, width: int) -> None:
    pop, learners, laid, _, _ = laid_out(problem)
    first = scan.scan(laid, None, width, EVERYTHING)
    price = (pop.lots % np.uint64(50)).astype(np.int64) * SCALE
    both = listing.empty(len(learners), width)
    with patch.object(scan, "BLOCK", 2):
        scan.renew(laid, np.zeros(len(pop), np.int64), both, width, EVERYTHING)
        missed = scan.renew(laid, price, both, width, EVERYTHING)
    renewed = scan.scan(laid, price, width, EVERYTHING)
    assert (both.best == renewed.best).all()
    had = [worth_most(laid, first, row, price) for row in range(len(learners))]
    assert missed == int(both.best.sum()) - sum(had)
    assert [worth_most(laid, both, row, price) for row in range(len(learners))] == both.best.tolist()
    held = np.where(first.size > 0, first.offer[:, 0], EMPTY).astype(np.int64)
    kept = listing.hold(both, held, first.score[:, 0].astype(np.int64))
    for row in range(len(learners)):
        assert len(set(both.offer[row, : both.size[row]].tolist())) == both.size[row] <= both.offer.shape[1]
        if held[row] != EMPTY:
            assert both.offer.reshape(-1)[kept[row]] == held[row]
            assert both.score.reshape(-1)[kept[row]] == first.score[row, 0]


def test_a_full_list_gives_way_to_what_is_held() -> None:
    full = Listed(
        np.array([2]),
        np.array([[4, 5]], np.int32),
        np.array([[9, 8]], np.int16),
        np.zeros(1, np.int64),
        np.zeros(1, np.int64),
    )
    assert listing.hold(full, np.array([7]), np.array([3])).tolist() == [1]
    assert full.offer.tolist() == [[4, 7]]
    assert full.score.tolist() == [[9, 3]]


def test_who_has_been_through_the_same_is_preferred_and_told() -> None:
    """P9: by a tag that both have stated, however many it is not about."""
    learner, stranger, companion = (UUID(int=number) for number in (1, 2, 3))
    people = (
        engine_person(learner, needs=(("a", 1, 2),), experience=("new country", "merger")),
        engine_person(stranger, offers=(("a", 3),), experience=("crisis",)),
        engine_person(companion, offers=(("a", 3),), experience=("crisis", "new country")),
    )
    for seed in range(4):
        problem = Problem(people, frozenset({learner}), Rules(), seed)
        (match,) = engine.solve("pair", problem).matches
        assert match.members[1][0] == companion
        (term,) = (term for term in match.terms if term.code == "shared_experience")
        assert (term.points, term.skill) == (Rules().weights["shared_challenge"], "new country")
        assert [found.members[1][0] for found in suggest(problem, learner, 2)] == [companion, stranger]


def test_who_works_on_the_same_is_preferred_and_told() -> None:
    """P9: one challenge counts, however many are shared; the skill is named before a tag."""
    learner, stranger, companion = (UUID(int=number) for number in (1, 2, 3))
    people = (
        engine_person(learner, needs=(("a", 1, 2), ("b", 0, 2)), experience=("new country",)),
        engine_person(stranger, offers=(("a", 3),)),
        engine_person(companion, offers=(("a", 3),), needs=(("b", 4, 5),), experience=("new country",)),
    )
    for seed in range(4):
        (match,) = engine.solve("pair", Problem(people, frozenset({learner}), Rules(), seed)).matches
        assert match.members[1][0] == companion
        (term,) = (term for term in match.terms if term.code == "shared_challenge")
        assert (term.points, term.skill) == (Rules().weights["shared_challenge"], "b")
    without = Rules.parse({"weights": {"shared_challenge": 0}})
    chosen = {
        engine.solve("pair", Problem(people, frozenset({learner}), without, seed)).matches[0].members[1][0]
        for seed in range(12)
    }
    assert chosen == {stranger, companion}


RETURN_FIRST = Rules.parse({"weights": {"reciprocity": 100}})


@pytest.mark.parametrize("looks", [1, 2])
def test_whoever_could_be_taught_in_return_is_no_less_for_being_left_unread(looks: int) -> None:
    """More than are read could be taught in return, and those not read yet may be worth most."""
    learner = engine_person(UUID(int=1), needs=(("a", 1, 2),), offers=(("b", 4),))
    for seed, width, best in product(range(8), (1, 2), range(4)):
        teachers = tuple(
            engine_person(
                UUID(int=row + 2), offers=(("a", 3),), needs=(("b", 0, 1),), unit="U2" if row == best else "U1"
            )
            for row in range(4)
        )
        problem = everybody_asks((learner, *teachers), RETURN_FIRST, seed)
        listed_within(problem, [0] * 5, looks, width)


def test_whoever_could_be_taught_two_things_is_listed_once() -> None:
    learner = engine_person(UUID(int=1), needs=(("a", 1, 2),), offers=(("b", 4), ("c", 4)))
    teachers = tuple(
        engine_person(UUID(int=row + 2), offers=(("a", 3),), needs=(("b", 0, 1), ("c", 0, 1))) for row in range(2)
    )
    problem = everybody_asks((learner, *teachers), Rules(), 1)
    for looks, width in product((1, EVERYTHING), (2, 4)):
        listed_within(problem, [0] * 3, looks, width)
