"""Which numbers may be shown: nothing about fewer than k people, directly or by subtraction (MEASUREMENT 13). Pure."""

from collections.abc import Hashable, Mapping
from typing import Literal, TypeVar

Group = TypeVar("Group", bound=Hashable)
Reason = Literal["small_group", "complement", "filter", "overlap", "alike"]
Few = Literal["people", "came", "did", "beyond", "led", "sides", "share", "most", "leaders"]

K = 5
FLOOR = 3

FEW: dict[Few, str] = {
    "people": "Fewer than {k} people",
    "came": "Fewer than {k} people came, or fewer than {k} did not",
    "did": "Fewer than {k} people did, or fewer than {k} did not",
    "beyond": "Fewer than {k} people, or fewer than {k} beyond this number",
    "led": "Fewer than {k} people answered, or fewer than {k} led",
    "sides": "Fewer than {k} people on one side or the other",
    "most": "Fewer than {k} people in the most active tenth",
    "leaders": "Fewer than {k} people came, or fewer than {k} led",
    "share": "Fewer than {k} people, be it nobody, or fewer than {k} others",
}
"""Who may be few, by what a number tells of. Which of two they were is not told: it would be news of them."""


def explain(reason: Reason, k: int, few: Few = "people") -> str:
    """What a reader is told in place of a number."""
    return {
        "small_group": f"{FEW[few].format(k=k)}: not shown, so that nobody can be made out.",
        "complement": f"Not shown, because a group of fewer than {k} could be worked out from it by subtraction.",
        "filter": f"Not shown, because this selection singles out a group that is itself not shown (fewer than {k} "
        "people, or what would be left over is).",
        "overlap": f"Not shown, because fewer than {k} people could be worked out from it and what was shown before.",
        "alike": "Not shown, because everybody answered the same: the number would tell what each one said.",
    }[reason]


def thresholded(k: int) -> int:
    """A threshold that may be used. Raises ValueError for one below the floor."""
    if k < FLOOR:
        message = f"k is {k}, below the floor of {FLOOR}"
        raise ValueError(message)
    return k


def hide(sizes: Mapping[Group, int], k: int = K) -> dict[Group, Reason]:
    """The groups of one partition of one parent that stay hidden, and why. Sizes are distinct persons.

    Hides 0 < n < k; then, while what is hidden sums to less than k (as a single group does), the next smallest visible.
    Empty groups are nobody's and stay visible. Raises ValueError for a k below the floor.
    """
    thresholded(k)
    ascending = sorted((group for group in sizes if sizes[group] > 0), key=lambda group: (sizes[group], str(group)))
    hidden: dict[Group, Reason] = {group: "small_group" for group in ascending if sizes[group] < k}
    visible = [group for group in ascending if group not in hidden]
    while hidden and visible and sum(sizes[group] for group in hidden) < k:
        hidden[visible.pop(0)] = "complement"
    return hidden


def allowed(selected: int, remaining: int, k: int = K) -> bool:
    """Whether a selection of distinct persons may be asked about: neither it nor what it leaves over is too small."""
    return selected >= k and (remaining == 0 or remaining >= k)


def unsettled(changed: Mapping[Group, int], k: int = K) -> set[Group]:
    """The groups that keep the number they had: too few people's facts have changed to show another one.

    A change is a partition like any other: fewer than k are not shown, nor what would tell them by subtraction.
    """
    return set(hide(changed, k))
