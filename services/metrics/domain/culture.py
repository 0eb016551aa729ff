"""Whether the place changes: a trend with its parts, never a mark (MEASUREMENT 17)."""

from collections.abc import Mapping, Sequence
from statistics import fmean, pstdev

from services.metrics.domain.measure import Measure

PARTS = {
    "safety": "safety",
    "belonging": "belonging",
    "sharing": "help_offers",
    "reciprocity": "reciprocity",
}
"""Each part and the measure it is read from; what is shared unasked is what people teach."""


def z_scores(values: Sequence[float]) -> list[float]:
    """Each value's distance from the mean in standard deviations; all 0 where nothing varies."""
    mean, spread = fmean(values), pstdev(values)
    return [(value - mean) / spread if spread else 0.0 for value in values]


def trend(parts: Mapping[str, Sequence[float]]) -> list[float]:
    """The mean of the z-scored parts, period by period; every part has a value for every period."""
    scored = [z_scores(values) for values in parts.values()]
    return [fmean(period) for period in zip(*scored, strict=True)]


MEASURES = (
    Measure(
        "culture_index", "Culture, as a trend", "index", None,
        "Mean of z-scored safety, belonging, proactive sharing (help given a participant) and reciprocity over the "
        "months in which all four are shown; trend only, with its parts", "MEASUREMENT 17",
        answers=True, shown_at="GET /v1/culture",
    ),
)  # fmt: skip
