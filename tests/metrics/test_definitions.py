"""The numeric examples of the definitions, and what holds for all numbers."""

from datetime import date
from itertools import pairwise
from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.metrics.domain import (
    behaviour,
    culture,
    engagement,
    evenness,
    facilitation,
    learning,
    matching,
    network,
    participation,
    reaction,
    results,
    skills,
    transfer,
)
from services.metrics.domain.gini import gini, top_share
from services.metrics.domain.measures import COUNTED, MEASURES
from services.metrics.domain.survival import median_time
from services.metrics.queries.tallies import QUERIES

near = pytest.approx


def test_participation_counts_people_and_divides_by_nothing_to_nothing() -> None:
    assert participation.ratio(1, 0) is None
    assert participation.retention({"a", "b"}, {"b", "c"}) == 0.5
    assert participation.retention({"a"}, set()) is None
    assert participation.reciprocity({"a", "b"}, {"b", "c"}) == near(1 / 3)


def test_the_median_time_counts_whoever_has_not_come_yet() -> None:
    assert median_time([(1, True), (2, True), (3, True), (4, True)]) == 2
    assert median_time([(1, True), (2, False), (3, True), (4, True)]) == 3
    assert median_time([(5, False), (6, False)]) is None
    assert median_time([]) is None


@given(st.lists(st.tuples(st.integers(0, 90), st.booleans()), min_size=1, max_size=30))
def test_more_waiting_never_shortens_the_median_time(observed: list[tuple[int, bool]]) -> None:
    before, late = (inf if days is None else days for days in map(median_time, (observed, [*observed, (91, False)])))
    assert before <= late


def test_recency_halves_in_45_days() -> None:
    assert [engagement.recency(days) for days in (0, 45, 90)] == [1, 0.5, 0.25]
    assert engagement.index(1, 1, 1, 1) == near(100)
    assert engagement.index(0.5, 1, 0, 0) == near(47.5)
    with pytest.raises(ValueError, match="sum to 1"):
        engagement.Weights(attendance=0.5)


@given(*(st.floats(0, 1) for _ in range(4)))
def test_engagement_lies_between_0_and_100_and_grows_with_each_part(a: float, c: float, f: float, r: float) -> None:
    """K25."""
    found = engagement.index(a, c, f, r)
    assert -1e-9 <= found <= 100 + 1e-9
    assert engagement.index(min(1, a + 0.1), c, f, r) >= found - 1e-9


def test_the_most_active_tenth_is_at_least_one_member() -> None:
    assert top_share([5, 3, 2, 0, 0]) == 0.5
    assert top_share([0, 0]) is None
    assert evenness.in_band("lightning_talks", 0.2)
    assert not evenness.in_band("peer_circle", 0.2)


@given(st.lists(st.integers(0, 50), min_size=2, max_size=20).filter(any), st.integers(2, 9))
def test_unevenness_depends_on_shares_and_not_on_order_or_scale(contributions: list[int], factor: int) -> None:
    found = gini(contributions)
    assert gini(contributions[::-1]) == near(found)
    assert gini([value * factor for value in contributions]) == near(found)
    assert gini([*contributions, 0]) >= found - 1e-9  # type: ignore[operator]


def test_reaction_has_intervals() -> None:
    assert reaction.csat([0, 0, 1, 2, 1]) == 0.75
    assert reaction.csat([0] * 5) is None
    assert reaction.nps(50, 20, 100) == near((30, 15.3), abs=0.05)
    assert reaction.nps(0, 0, 0) is None
    assert reaction.half_interval([0, 0, 0, 0, 1]) is None
    assert reaction.half_interval([1, 0, 0, 0, 1]) == near(1.96 * 2)
    assert reaction.ranked((4.5, 0.1), (4.0, 0.2))
    assert not reaction.ranked((4.5, 0.3), (4.0, 0.2))


def test_learning_is_the_share_of_what_could_be_gained() -> None:
    assert learning.normalised_gain(60, 80, 100) == 0.5
    assert learning.normalised_gain(100, 100, 100) is None
    assert learning.retained(80, 60) == 0.75
    assert learning.retained(0, 60) is None


def test_transfer_lies_between_its_bounds() -> None:
    """K11."""
    assert transfer.transfer(6, 8) == 0.75
    assert transfer.bounds(6, 8, 12) == near((0.5, 10 / 12))
    assert transfer.bounds(0, 0, 0) is None
    assert transfer.depth([(4, 4), (2, 2)]) == near(0.625)


@given(st.integers(0, 50), st.integers(0, 50), st.integers(0, 50))
def test_what_all_would_say_lies_between_the_bounds(applied: int, not_applied: int, silent: int) -> None:
    respondents = applied + not_applied
    found, value = transfer.bounds(applied, respondents, respondents + silent), transfer.transfer(applied, respondents)
    if found and value is not None:
        assert found[0] - 1e-9 <= value <= found[1] + 1e-9


def test_behaviour_is_compared_in_matched_pairs_only() -> None:
    """K6."""
    assert behaviour.change([1] * 9) is None
    found = behaviour.change([0, 1] * 10)
    assert found is not None
    assert (found.mean, found.pairs) == (0.5, 20)
    assert found.d_z == near(0.5 / 0.51299, rel=1e-4)
    assert found.low < 0.5 < found.high
    assert behaviour.change([0, 1] * 10) == found
    assert behaviour.difference_in_differences((3.0, 3.8), (3.1, 3.3)) == near(0.6)
    assert behaviour.attrition(20, 15) == 0.25
    assert results.cost_avoided(40, 90) == 3600


def test_ties_are_weighted_by_the_size_of_the_session_and_fade() -> None:
    """K21."""
    assert network.tie_weight(5) == 0.25
    assert network.tie_weight(2, 90) == 0.5
    assert network.tie_weight(1) == 0
    assert network.density(6, 3, 4) == 0.5
    assert network.density(3, 3) == 1
    assert network.ei_index(3, 1) == 0.5
    assert network.ei_index(0, 0) is None
    assert network.ei_expected([5, 5, 10]) == near(0.3158, abs=5e-5)
    assert network.largest_component("abcde", [("a", "b"), ("b", "c"), ("d", "e")]) == 0.6
    assert network.isolates({"a": 2, "b": 1}, 8) == 0.75


@given(st.lists(st.integers(1, 30), min_size=2, max_size=8))
def test_the_expected_e_i_index_is_between_minus_one_and_one(sizes: list[int]) -> None:
    found = network.ei_expected(sizes)
    assert found is not None
    assert -1 <= found <= 1


def test_a_level_is_what_the_best_fresh_evidence_says() -> None:
    today, old = date(2026, 11, 22), date(2024, 1, 1)
    self_said = skills.Proof("self", 4, today)
    assert skills.level([skills.Proof("assessment", 2, today), self_said], today) == 2
    assert skills.level([skills.Proof("peer", 2, old), self_said], today) == 4
    assert skills.level([], today) == 0
    assert skills.gap(3, 1) == 2
    assert skills.gap(1, 3) == 0
    assert skills.closure({"a": (1, 2), "b": (2, 1)}, {"a": 0}) == 0.5
    assert skills.closure({}, {}) is None
    assert skills.supply_demand(3, 2) == 1.5
    assert skills.at_risk(2)
    assert not skills.at_risk(3)


def test_facilitators_carry_their_share() -> None:
    assert facilitation.hours([60, 30]) == 3
    assert facilitation.overloaded([0.5, 1.1, 1.2])
    assert not facilitation.overloaded([1.1, 0.9, 1.2])
    assert facilitation.next_host({"a": 2, "b": 1}, {"a": 4, "b": 1}) == "a"
    assert facilitation.starting_load({"a": 2, "b": 4}, {"a": 1, "b": 1}, 0.5) == 1.5


def test_few_scores_stay_near_the_organizations_mean() -> None:
    assert facilitation.shrunk_mean([5] * 5, 4.2) == near(4.47, abs=0.005)
    assert facilitation.shrunk_mean([3.5] * 200, 4.2) == near(3.53, abs=0.005)
    assert facilitation.r_wg([4, 4, 5, 4, 3]) == near(0.75)
    assert facilitation.r_wg([4]) is None
    reverse = [False, False, True, False, True, False, False]
    assert facilitation.person_mean([5, 5, 1, 5, 1, None, None], reverse) == 5
    assert facilitation.person_mean([5, 5, 1, 5, None, None, None], reverse) is None


@given(st.lists(st.floats(1, 5), min_size=2, max_size=20))
def test_agreement_lies_between_none_and_all(scores: list[float]) -> None:
    found = facilitation.r_wg(scores)
    assert found is not None
    assert 0 <= found <= 1


def test_coverage_is_compared_among_groups_of_k_or_more() -> None:
    assert matching.parity({"a": (5, 10), "b": (8, 10), "c": (0, 4)}, 5) == near(0.625)
    assert matching.parity({"a": (5, 10)}, 5) is None


def test_culture_is_a_trend_of_its_parts() -> None:
    """K25."""
    assert culture.z_scores([1, 1]) == [0, 0]
    rising = culture.trend({part: [1, 2, 3] for part in culture.PARTS})
    assert all(one < other for one, other in pairwise(rising))
    assert sum(rising) == near(0)


def test_every_measure_is_defined_and_is_counted_or_says_where_it_is() -> None:
    for name, measure in MEASURES.items():
        assert measure.name == name
        assert measure.formula
        assert measure.source.startswith(("MEASUREMENT ", "MISSION "))
        assert (measure.family is None) == (measure.shown_at is not None), name
    assert {measure.family for measure in COUNTED.values()} - {"freshness"} <= set(QUERIES)
    sources = (measure.source.split() for measure in MEASURES.values())
    sections = {int(number) for page, number in sources if page == "MEASUREMENT"}
    assert sections == set(range(1, 18)) - {13}
