"""From when to when a group meets, and what a longer term opens."""

from collections.abc import Collection, Iterator
from datetime import date, timedelta
from typing import NamedTuple


class Term(NamedTuple):
    """First and last day."""

    first: date
    last: date


def opened(last_due: date, settled: Collection[date], cadence: timedelta, old: Term, new: Term) -> Iterator[date]:
    """Due days that come with a new term: in step with those there are, and none that is settled.

    A day before the old end counts where the next one lies after it: its session had fewer days to choose from.
    """
    due = last_due - (last_due - new.first) // cadence * cadence
    while due <= new.last:
        if due not in settled and not (old.first <= due and due + cadence - timedelta(days=1) <= old.last):
            yield due
        due += cadence
