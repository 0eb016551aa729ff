"""Lags as a histogram whose buckets grow by an eighth, so that its quantiles are known to an eighth too."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping

GROWTH = 1.125
SMALLEST_SECONDS = 0.001
LAST_BUCKET = 200
"""Half a year: whatever is later counts as that."""


def bucket(seconds: float) -> int:
    """The bucket of a lag; 0 is everything up to a millisecond."""
    return bisect_left(BOUNDS, seconds)


def upper_bound(number: int) -> float:
    """The longest lag of a bucket, in seconds."""
    return SMALLEST_SECONDS * GROWTH**number


BOUNDS = [upper_bound(number) for number in range(LAST_BUCKET)]


def histogram(lags: Mapping[float, int]) -> dict[int, int]:
    """How many lags fall in each bucket, in order of bucket, of so many of each length."""
    counts: Counter[int] = Counter()
    for lag, many in lags.items():
        counts[bucket(lag)] += many
    return dict(sorted(counts.items()))


def quantile(counts: Mapping[int, int], share: float) -> float | None:
    """The lag, in seconds, that a share of the events stays within; None without events."""
    total, seen = sum(counts.values()), 0
    for number in sorted(counts):
        seen += counts[number]
        if seen >= share * total and total:
            return round(upper_bound(number), 3)
    return None
