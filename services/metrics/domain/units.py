"""Where people belonged, remembered from one batch of facts to the next while nobody's history changes."""

from bisect import bisect_right
from collections.abc import Hashable, Sequence
from typing import TypeAlias

MOST_PEOPLE = 100_000
"""Some 25 MB."""

History: TypeAlias = bytes | tuple[Sequence[int], Sequence[bytes]] | None
"""The one unit somebody belonged to; or from which days on to which ones, in order; None for who is forgotten."""


class Units:
    """What was asked of one edition of people's history, by the numbers of their ids."""

    def __init__(self, most: int = MOST_PEOPLE) -> None:
        self._most = most
        self._edition: Hashable = None
        self._known: dict[int, History] = {}

    def of(self, edition: Hashable) -> dict[int, History]:
        """What is known of this edition, to look up and to add to; nothing of another one is."""
        if edition != self._edition or len(self._known) > self._most:
            self._known, self._edition = {}, edition
        return self._known


def history(days: Sequence[int], units: Sequence[bytes]) -> History:
    """From those days on in those units."""
    return units[0] if len(units) == 1 else (days, units)


def unit_on(told: History, day: int) -> bytes | None:
    """The unit on a day, and before all that is known the first one."""
    if told is None or isinstance(told, bytes):
        return told
    days, units = told
    return units[max(0, bisect_right(days, day) - 1)]
