"""What people thought of it, from anonymous answers (MEASUREMENT 4)."""

from collections.abc import Sequence
from math import sqrt

from services.metrics.domain.measure import Measure


def nps(promoters: int, detractors: int, count: int) -> tuple[float, float] | None:
    """Net promoter score and half its 95 % interval, in points: 100*(P - D) +- 196*sqrt((P + D - (P - D)^2)/n)."""
    if not count:
        return None
    up, down = promoters / count, detractors / count
    return 100 * (up - down), 196 * sqrt((up + down - (up - down) ** 2) / count)


def half_interval(at_score: Sequence[int]) -> float | None:
    """Half the 95 % interval of the mean of answers; None for fewer than two."""
    count = sum(at_score)
    if count < 2:  # noqa: PLR2004 - no spread in one answer
        return None
    mean = sum(score * many for score, many in enumerate(at_score, 1)) / count
    squares = sum((score - mean) ** 2 * many for score, many in enumerate(at_score, 1))
    return 1.96 * sqrt(squares / (count - 1) / count)


SOURCE = "MEASUREMENT 4"
MEASURES = (
    *(
        Measure(
            name,
            name.capitalize(),
            "score",
            "feedback",
            f"Mean answer to the {name} question, 1 to 5, with half its 95 % interval; no ranks where these overlap",
            SOURCE,
            n_counts="answers",
            denominator_counts="answers",
            digits=1,
            answers=True,
        )
        for name in ("usefulness", "relevance", "engagement")
    ),
    Measure(
        "satisfied",
        "Satisfied",
        "ratio",
        "feedback",
        "CSAT: answers of 4 and 5 to the usefulness question / answers",
        SOURCE,
        n_counts="answers",
        denominator_counts="answers",
        answers=True,
    ),
    Measure(
        "response_rate",
        "Response",
        "ratio",
        "response",
        "Released answers / attendances: everybody who attended is asked once per session.",
        SOURCE,
        n_counts="answers",
        denominator_counts="attendances",
    ),
    Measure(
        "own_questions",
        "Own questions",
        "score",
        "form",
        "Mean over answers to an organization's own forms of the person's mean of items 1 to 5, reversed 6 - x",
        SOURCE,
        n_counts="answers",
        denominator_counts="answers",
        digits=1,
        answers=True,
    ),
    Measure(
        "nps",
        "Would recommend",
        "points",
        "recommendation",
        "100*(|9-10| - |0-6|)/n, 95 % interval +-196*sqrt((P + D - (P - D)^2)/n), of answers from 0 to 10 where an "
        "organization's own form asks whether people would recommend it",
        SOURCE,
        n_counts="answers",
        denominator_counts="answers",
        digits=1,
        answers=True,
    ),
)
