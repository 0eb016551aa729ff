"""How long until something happens, when for some it has not happened yet: the Kaplan-Meier estimate."""

from collections.abc import Iterable


def median_time(observed: Iterable[tuple[float, bool]]) -> float | None:
    """The first time by which half have had the event; None when fewer than half have, or nobody was observed.

    Each observation is a duration and whether it ended with the event (or was cut off: censored).
    """
    found = sorted(observed)
    waiting, survival = len(found), 1.0
    at = 0
    while at < len(found):
        time = found[at][0]
        tied = [happened for duration, happened in found[at:] if duration == time]
        survival *= 1 - sum(tied) / waiting
        if survival <= 0.5 + 1e-12:
            return time
        waiting -= len(tied)
        at += len(tied)
    return None
