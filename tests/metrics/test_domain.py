from datetime import date
from itertools import permutations
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.metrics.domain.gini import corrected_gini, evenness, gini, mean_of
from services.metrics.domain.goals import GoalWithoutDistance, expected, progress, status
from services.metrics.domain.lag import bucket, histogram, quantile, upper_bound
from services.metrics.domain.latest import newest
from tests.metrics.world import person


@pytest.mark.parametrize(
    ("contributions", "plain", "corrected"),
    [([1, 1, 1, 1], 0, 0), ([0, 0, 0, 4], 0.75, 1), ([1, 2, 3, 4], 0.25, 1 / 3), ([5, 3, 2, 0, 0], 0.52, 0.65)],
)
def test_unevenness_is_as_measured_on_paper(contributions: list[int], plain: float, corrected: float) -> None:
    assert gini(contributions) == pytest.approx(plain)
    assert corrected_gini(contributions) == pytest.approx(corrected)


def test_without_the_silent_members_a_group_would_look_more_even() -> None:
    assert gini([5, 3, 2]) == pytest.approx(0.20)
    assert gini([5, 3, 2, 0, 0]) == pytest.approx(0.52)


@pytest.mark.parametrize("contributions", [[], [0, 0, 0], [3]])
def test_a_group_in_which_nobody_or_only_one_could_speak_has_no_evenness(contributions: list[int]) -> None:
    assert evenness(contributions) is None


@given(st.lists(st.integers(0, 50), min_size=2, max_size=20).filter(any))
def test_evenness_lies_between_none_and_all(contributions: list[int]) -> None:
    found = evenness(contributions)
    assert found is not None
    assert -1e-9 <= found <= 1 + 1e-9


def test_each_group_counts_once_in_the_mean() -> None:
    value, counted = mean_of([[1, 1], [0, 0, 0, 4], [0, 0]], evenness)
    assert value == pytest.approx(0.5)
    assert counted == 2


@pytest.mark.parametrize(
    ("baseline", "target", "current", "done"),
    [(100, 150, 120, 0.4), (150, 100, 130, 0.4), (0, 1, 2, 1), (0, 1, -1, 0)],
)
def test_progress_goes_up_or_down(baseline: float, target: float, current: float, done: float) -> None:
    assert progress(baseline, target, current) == pytest.approx(done)


def test_a_goal_that_is_where_it_began_is_none() -> None:
    with pytest.raises(GoalWithoutDistance):
        progress(3, 3, 3)


def test_what_is_expected_grows_with_the_time_gone() -> None:
    start, due = date(2026, 10, 1), date(2026, 10, 11)
    assert [expected(start, due, date(2026, month, day)) for month, day in ((9, 1), (10, 6), (12, 1))] == [0, 0.5, 1]
    assert expected(due, due, start) == 1


@pytest.mark.parametrize(
    ("done", "verdict"), [(1, "achieved"), (0.4, "on_track"), (0.39, "at_risk"), (0.25, "at_risk"), (0.2, "off_track")]
)
def test_status_compares_progress_with_time(done: float, verdict: str) -> None:
    assert status(done, 0.5) == verdict


def test_exactly_a_tenth_behind_is_on_track_whatever_a_computer_makes_of_it() -> None:
    assert status(0.04, 0.14) == "on_track"
    assert status(0.05, 0.30) == "at_risk"


@given(st.floats(0, 1e7))
def test_a_bucket_holds_its_lag_to_an_eighth(seconds: float) -> None:
    bound = upper_bound(bucket(seconds))
    assert bound >= seconds * (1 - 1e-9)
    assert seconds <= 0.001 or bound <= seconds * 1.125 * (1 + 1e-9)


def test_quantiles_come_from_the_histogram() -> None:
    counts = histogram({0.01: 98, 1.0: 1, 1.001: 1})
    assert quantile(counts, 0.5) == pytest.approx(0.01, rel=0.13)
    assert quantile(counts, 0.99) == pytest.approx(1.0, rel=0.13)
    assert quantile({}, 0.5) is None


def test_the_newest_state_wins_in_every_order() -> None:
    somebody = uuid4()
    states = [person(somebody, version=version) for version in (1, 2, 3)]
    for order in permutations(states):
        assert [state.version for state in newest(order, lambda state: state.person_id)] == [3]
