"""Lags as a histogram whose buckets grow by an eighth, so that its quantiles are known to an eighth too."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping

GROWTH = 1.125
SMALLEST_SECONDS = 0.001
LAST_BUCKET = 200
"""Half a year: whatever is later counts as that."""


def bucket(seconds: float) -> int:
    """The bucket of a lag; 0 is everything up to a millisecond."""
    if seconds <= SMALLEST_SECONDS:
        return 0
    return min(LAST_BUCKET, math.ceil(math.log(seconds / SMALLEST_SECONDS, GROWTH)))


def upper_bound(number: int) -> float:
    """The longest lag of a bucket, in seconds."""
    return SMALLEST_SECONDS * GROWTH**number


def histogram(lags: Iterable[float]) -> dict[int, int]:
    """How many lags fall in each bucket, in order of bucket."""
    return dict(sorted(Counter(bucket(seconds) for seconds in lags).items()))


def quantile(counts: Mapping[int, int], share: float) -> float | None:
    """The lag, in seconds, that a share of the events stays within; None without events."""
    total, seen = sum(counts.values()), 0
    for number in sorted(counts):
        seen += counts[number]
        if seen >= share * total and total:
            return round(upper_bound(number), 3)
    return None
