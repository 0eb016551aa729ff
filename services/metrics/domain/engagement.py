"""How engaged a group is: one index of attendance, contribution, feedback and recency (MEASUREMENT 2)."""

from dataclasses import dataclass

from services.metrics.domain.measure import Measure

HALF_LIFE_DAYS = 45


@dataclass(frozen=True)
class Weights:
    """What each part counts; they sum to 1 and are told in the definition. Raises ValueError."""

    attendance: float = 0.35
    contribution: float = 0.30
    feedback: float = 0.15
    recency: float = 0.20

    def __post_init__(self) -> None:
        if abs(self.attendance + self.contribution + self.feedback + self.recency - 1) > 1e-9:  # noqa: PLR2004
            message = "the weights of the engagement index do not sum to 1"
            raise ValueError(message)


WEIGHTS = Weights()


def recency(days: float) -> float:
    """1 for today, a half after 45 days, a quarter after 90."""
    return float(0.5 ** (days / HALF_LIFE_DAYS))


def index(attendance: float, contribution: float, feedback: float, recent: float, weights: Weights = WEIGHTS) -> float:
    """0..100 of parts between 0 and 1, of one person or, as a mean of parts is the mean of indices, of a group."""
    return 100 * (
        weights.attendance * min(1.0, attendance)
        + weights.contribution * contribution
        + weights.feedback * feedback
        + weights.recency * recent
    )


MEASURES = (
    Measure(
        "engagement_index",
        "Engagement",
        "index",
        "engagement",
        "Mean over active people of 100*(0.35*A + 0.30*C + 0.15*F + 0.20*R). A = min(1, attended / months of the "
        "window); C = attended sessions with a contribution / attended; R = 0.5^(days from the last session to the "
        "window's end or today / 45); F = released answers / attendances of the whole cell, because nobody knows who "
        "answered. Of groups only: no person has one.",
        "MEASUREMENT 2",
        denominator_counts="active people",
        digits=0,
    ),
)
