import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.metrics.confidentiality import allowed, explain, hide


@pytest.mark.parametrize(
    ("sizes", "hidden"),
    [
        ([4, 9, 20], [4, 9]),
        ([4, 3, 20], [3, 4]),
        ([1, 1, 6, 30], [1, 1, 6]),
        ([6, 7], []),
        ([4, 9], [4, 9]),
        ([0, 6, 7], []),
        ([0, 0], []),
        ([3], [3]),
    ],
)
def test_small_groups_and_what_would_tell_them_by_subtraction_are_hidden(sizes: list[int], hidden: list[int]) -> None:
    groups = dict(enumerate(sizes))
    assert sorted(groups[group] for group in hide(groups)) == hidden


def test_the_reader_is_told_which_groups_are_small_and_which_hide_them() -> None:
    hidden = hide({"a": 4, "b": 9, "c": 20})
    assert hidden == {"a": "small_group", "b": "complement"}
    assert "Fewer than 5" in explain(hidden["a"], 5)
    assert "subtraction" in explain(hidden["b"], 5)


@given(st.dictionaries(st.integers(), st.integers(0, 40), max_size=12), st.integers(3, 10))
def test_nothing_small_is_shown_and_what_is_hidden_is_never_one_group_or_few_people(
    sizes: dict[int, int], k: int
) -> None:
    hidden = hide(sizes, k)
    shown = [sizes[group] for group in sizes if group not in hidden]
    assert all(size == 0 or size >= k for size in shown)
    if hidden and any(shown):
        assert len(hidden) >= 2
        assert sum(sizes[group] for group in hidden) >= k


def test_which_of_equal_groups_is_hidden_depends_on_no_order() -> None:
    assert hide({"b": 9, "a": 9, "c": 2}) == hide({"c": 2, "a": 9, "b": 9})


def test_k_has_a_floor() -> None:
    with pytest.raises(ValueError, match="floor"):
        hide({"a": 1}, 2)


@pytest.mark.parametrize(
    ("selected", "remaining", "verdict"), [(5, 0, True), (5, 5, True), (4, 20, False), (20, 4, False), (20, 0, True)]
)
def test_a_filter_may_not_leave_few_over(selected: int, remaining: int, *, verdict: bool) -> None:
    assert allowed(selected, remaining) is verdict
