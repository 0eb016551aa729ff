"""What people do differently, by matched pairs of answers before and after (MEASUREMENT 7)."""

from collections.abc import Sequence
from dataclasses import dataclass
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


SOURCE = "MEASUREMENT 7"
_SURVEYS: tuple[tuple[str, str, Unit, str], ...] = (
    (
        "behaviour_change",
        "Change of behaviour",
        "score",
        (
            "D = mean(post - pre) over matched pairs, items turned where high is bad, those coded `knowledge`, "
            "`confidence` or `commitment` left out; 95 % bootstrap interval; 10 pairs"
        ),
    ),
    ("behaviour_effect", "Size of the change", "index", "d_z = mean(d) / sd(d) of the same pairs"),
    (
        "behaviour_did",
        "Change beyond the waitlist's",
        "score",
        "(T_post - T_pre) - (C_post - C_pre), waitlisted people of the same survey as C; null, no claim, without them",
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
            version=2,
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
    *(
        Measure(
            name,
            title,
            "ratio" if name == "help_taken" else "hours",
            "help",
            f"{formula}. Whole fives of a month's requests, in the order they were made: who asked is not told.",
            SOURCE,
            n_counts="requests",
            denominator_counts="requests",
            digits=2 if name == "help_taken" else 1,
        )
        for name, title, formula in (
            ("time_to_first_help", "Hours to first help, half", "p50 of hours from a request for help to an offer"),
            (
                "time_to_first_help_p90",
                "Hours to first help, nine of ten",
                "p90 of hours from a request for help to an offer",
            ),
            ("help_taken", "Help found", "requests that ended with an offer taken / requests that are over"),
        )
    ),
    *(
        Measure(
            name,
            title,
            "count",
            "knowledge",
            f"{formula} that people have left for others; only what five or more used, told in steps of five",
            SOURCE,
            n_counts="people, those of the item most used",
            digits=0,
        )
        for name, title, formula in (
            ("knowledge_uses", "Uses of what others left", "Uses a person and day of challenges, lessons, resources"),
            ("knowledge_used", "Things used that others left", "Challenges, lessons and resources"),
        )
    ),
)  # fmt: skip
