"""The numeric examples of the definitions, and what holds for all numbers."""

from itertools import pairwise
from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.metrics.domain import (
    behaviour,
    culture,
    engagement,
    facilitation,
    network,
    results,
)
from services.metrics.domain.gini import gini, top_share
from services.metrics.domain.measures import COUNTED, MEASURES
from services.metrics.domain.survival import median_time
from services.metrics.queries.tallies import QUERIES

near = pytest.approx


def test_the_median_time_counts_whoever_has_not_come_yet() -> None:
    assert median_time([(1, True), (2, True), (3, True), (4, True)]) == 2
    assert median_time([(1, True), (2, False), (3, True), (4, True)]) == 3
    assert median_time([(5, False), (6, False)]) is None
    assert median_time([]) is None


@given(st.lists(st.tuples(st.integers(0, 90), st.booleans()), min_size=1, max_size=30))
def test_more_waiting_never_shortens_the_median_time(observed: list[tuple[int, bool]]) -> None:
    before, late = (inf if days is None else days for days in map(median_time, (observed, [*observed, (91, False)])))
    assert before <= late


@given(*(st.floats(0, 1) for _ in range(4)))
def test_engagement_lies_between_0_and_100_and_grows_with_each_part(a: float, c: float, f: float, r: float) -> None:
    """K25."""
    found = engagement.index(a, c, f, r)
    assert -1e-9 <= found <= 100 + 1e-9
    assert engagement.index(min(1, a + 0.1), c, f, r) >= found - 1e-9


def test_the_most_active_tenth_is_at_least_one_member() -> None:
    assert top_share([5, 3, 2, 0, 0]) == 0.5
    assert top_share([0, 0]) is None


@given(st.lists(st.integers(0, 50), min_size=2, max_size=20).filter(any), st.integers(2, 9))
def test_unevenness_depends_on_shares_and_not_on_order_or_scale(contributions: list[int], factor: int) -> None:
    found = gini(contributions)
    assert gini(contributions[::-1]) == near(found)
    assert gini([value * factor for value in contributions]) == near(found)
    assert gini([*contributions, 0]) >= found - 1e-9  # type: ignore[operator]


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


@given(st.lists(st.integers(1, 30), min_size=2, max_size=8))
def test_the_expected_e_i_index_is_between_minus_one_and_one(sizes: list[int]) -> None:
    found = network.ei_expected(sizes)
    assert found is not None
    assert -1 <= found <= 1


@given(st.lists(st.floats(1, 5), min_size=2, max_size=20))
def test_agreement_lies_between_none_and_all(scores: list[float]) -> None:
    found = facilitation.r_wg(scores)
    assert found is not None
    assert 0 <= found <= 1


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
