"""What people do differently, by matched pairs of answers before and after (MEASUREMENT 7)."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from random import Random
from statistics import fmean, stdev

from services.metrics.domain.measure import Measure, Unit

FEWEST_PAIRS = 10
RESAMPLES = 2000


@dataclass(frozen=True)
class Change:
    """Mean difference, its size in standard deviations, and its 95 % interval."""

    mean: float
    d_z: float | None
    low: float
    high: float
    pairs: int


def change(differences: Sequence[float], seed: int = 0) -> Change | None:
    """D = mean(post - pre), d_z = mean/sd, percentile bootstrap; None below ten pairs."""
    if len(differences) < FEWEST_PAIRS:
        return None
    spread = stdev(differences)
    rng = Random(seed)  # noqa: S311 - resampling, no secret
    means = sorted(fmean(rng.choices(differences, k=len(differences))) for _ in range(RESAMPLES))
    mean = fmean(differences)
    low, high = means[int(RESAMPLES * 0.025)], means[int(RESAMPLES * 0.975)]
    return Change(mean, mean / spread if spread else None, low, high, len(differences))


def difference_in_differences(treated: tuple[float, float], control: tuple[float, float]) -> float:
    """(T_post - T_pre) - (C_post - C_pre)."""
    return (treated[1] - treated[0]) - (control[1] - control[0])


def attrition(before: int, pairs: int) -> float | None:
    """The share of those who answered before and not after."""
    return 1 - pairs / before if before else None


def interval(differences: Sequence[float]) -> float | None:
    """Half the normal 95 % interval of the mean, for a quick look; None for fewer than two."""
    return 1.96 * stdev(differences) / sqrt(len(differences)) if len(differences) > 1 else None


SOURCE = "MEASUREMENT 7"
_SURVEYS: tuple[tuple[str, str, Unit, str], ...] = (
    (
        "behaviour_change",
        "Change of behaviour",
        "score",
        "D = mean(post - pre) over matched pairs, items turned where high is bad; 95 % bootstrap interval; 10 pairs",
    ),
    ("behaviour_effect", "Size of the change", "index", "d_z = mean(d) / sd(d) of the same pairs"),
    (
        "behaviour_did",
        "Change beyond the waitlist's",
        "score",
        "(T_post - T_pre) - (C_post - C_pre), waitlisted people as C; null, and no causal claim, without them",
    ),
    ("behaviour_attrition", "Answered before only", "ratio", "1 - pairs / answers before"),
)  # fmt: skip
MEASURES = (
    *(
        Measure(
            name,
            title,
            unit,
            "behaviour",
            formula,
            SOURCE,
            n_counts="pairs of answers",
            denominator_counts="pairs of answers",
            answers=True,
        )
        for name, title, unit, formula in _SURVEYS
    ),
    Measure(
        "help_offers",
        "Help given a participant",
        "count",
        "presence",
        "Contributions `taught` / people with at least one attendance",
        SOURCE,
        denominator_counts="active people",
        digits=1,
    ),
    Measure(
        "cross_unit_sessions",
        "Sessions across units",
        "ratio",
        "sessions",
        "held sessions with people of two or more divisions / held sessions with somebody in them",
        SOURCE,
        denominator_counts="sessions",
    ),
    Measure(
        "time_to_first_help",
        "Time to first help",
        "hours",
        None,
        "p50 and p90 of hours from a help request to the first offer",
        SOURCE,
        shown_at="waits for help requests to be told of on matching.matches",
    ),
)  # fmt: skip
