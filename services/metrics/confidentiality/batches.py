"""What waits until enough people's wait together: a batch that grows by one tells that one. Pure."""

from collections.abc import Hashable, Mapping
from typing import TypeVar

from services.metrics.confidentiality import K, hide

Group = TypeVar("Group", bound=Hashable)


def ripe(waiting: Mapping[Group, int], k: int = K) -> set[Group]:
    """The groups that may leave: k distinct people's news wait in each. Each group is a whole of its own."""
    return {group for group, people in waiting.items() if people and not hide({group: people}, k)}
