"""A cycle is found exactly where walking up comes back to where it was."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from services.directory.domain.cycles import find_cycle

names = st.sampled_from("ABCDEFGH")
parents = st.dictionaries(names, names)


def comes_back(tree: dict[str, str], start: str) -> bool:
    at = start
    for _ in range(len(tree) + 1):
        if at not in tree:
            return False
        at = tree[at]
    return True


@given(parents, st.lists(names))
def test_a_cycle_is_found_where_the_way_up_never_ends_and_nowhere_else(tree: dict[str, str], starts: list[str]) -> None:
    found = find_cycle(tree, starts)
    assert (found is not None) == any(comes_back(tree, start) for start in starts)
    if found:
        assert found[0] == found[-1]
        assert all(tree[child] == parent for child, parent in pairwise(found))
        assert len(set(found)) == len(found) - 1


def test_a_very_long_line_is_no_problem() -> None:
    tree = {str(number): str(number + 1) for number in range(100_000)}
    assert find_cycle(tree, tree) is None
    assert find_cycle({**tree, "100000": "0"}, ["5"]) is not None
