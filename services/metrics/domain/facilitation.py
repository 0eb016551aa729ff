"""How much facilitators carry, how good it is, and how safe groups feel (MEASUREMENT 11, 12)."""

from collections.abc import Sequence
from itertools import pairwise
from statistics import fmean

from services.metrics.domain.measure import Measure, Unit

PREPARATION = 1.0
"""Hours of preparation an hour of session takes."""
WEEKS_A_MONTH = 52 / 12
SHRINKAGE = 10
ENOUGH_FOR_OWNERS = 10
ENOUGH_ITEMS = 5
SHARED_VIEW = 0.5
NO_SHARED_VIEW = "No shared view: people answered too differently for one number to stand for them."


def overloaded(utilisation: Sequence[float]) -> bool:
    """Whether two weeks running were over what was agreed; in order of week."""
    return any(one > 1 and other > 1 for one, other in pairwise(utilisation))


def shrunk(total: float, count: int, organization_mean: float, weight: int = SHRINKAGE) -> float:
    """(C*m + sum x)/(C + n)."""
    return (weight * organization_mean + total) / (weight + count)


def person_mean(answers: Sequence[int | None], reverse: Sequence[bool]) -> float | None:
    """Mean of one person's items of 1 to 5, turned where high is bad; None below five answers of seven."""
    given = [
        6 - answer if turned else answer for answer, turned in zip(answers, reverse, strict=True) if answer is not None
    ]
    return fmean(given) if len(given) >= min(ENOUGH_ITEMS, len(reverse)) else None


def r_wg(scores: Sequence[float], options: int = 5) -> float | None:
    """1 - s^2/((A^2 - 1)/12), the agreement of a group, not below 0; None for fewer than two."""
    if len(scores) < 2:  # noqa: PLR2004 - no agreement of one
        return None
    mean = fmean(scores)
    variance = sum((score - mean) ** 2 for score in scores) / (len(scores) - 1)
    return max(0.0, 1 - variance / ((options**2 - 1) / 12))


_PULSES: tuple[tuple[str, str, Unit, str, int], ...] = (
    (
        "safety", "Psychological safety", "score",
        "Mean over answers to pulses on safety of the person's mean of items 1 to 5, reversed 6 - x", 1,
    ),
    (
        "safety_agreement", "Agreement on safety", "index",
        "r_wg = 1 - s^2/((A^2 - 1)/12) of the persons' means; below 0.5 there is no shared view", 2,
    ),
    (
        "belonging", "Belonging", "score",
        "Mean over answers to pulses on belonging of the person's mean of items 1 to 5, reversed 6 - x", 1,
    ),
)  # fmt: skip
MEASURES = (
    Measure(
        "hosting_hours", "Facilitators' hours a week", "hours", "hosting",
        "sum(session + preparation, 1.0 x session) of held sessions / facilitators / weeks of the window",
        "MEASUREMENT 11", n_counts="facilitators", denominator_counts="facilitators", digits=1,
    ),
    Measure(
        "hosting_unevenness", "Unevenness of facilitators' load", "index", "hosting",
        "Gini of hours over everybody who facilitated in the window", "MEASUREMENT 11", n_counts="facilitators",
        denominator_counts="facilitators",
    ),
    Measure(
        "hosting_overload", "Facilitators overloaded", "ratio", "overload",
        "facilitators over their agreed hours two weeks running / facilitators; utilisation = hours with preparation / "
        "agreed hours, those being the time a month agreed on with the manager, over 52/12 weeks",
        "MEASUREMENT 11", n_counts="facilitators", denominator_counts="facilitators",
    ),
    Measure(
        "facilitator_quality", "Facilitator quality", "score", "facilitation",
        "(C*m + sum x)/(C + n), C = 10, m the organization's mean, x a person's mean of: kept flow, neutral, everyone "
        "heard, safe, on time; in the quarter's first month. Of 10 answers or more and no facilitator by name: "
        "each reads their own in sessions, from 5 answers on, each about 2 sessions or more", "MEASUREMENT 12",
        n_counts="answers", denominator_counts="answers", answers=True, digits=2, version=2,
    ),
    Measure(
        "conflicts_of_interest", "Facilitators above a member", "count", "sessions",
        "Held sessions whose facilitator was above somebody who was there in the reporting line, at any distance, when "
        "attendance was recorded; must be 0", "MEASUREMENT 12", digits=0,
    ),
    Measure(
        "ground_rules_rate", "Ground rules acknowledged", "ratio", "rules",
        "members who acknowledged / members, over everybody expected in held sessions of a group, each once a group",
        "MEASUREMENT 12", denominator_counts="memberships of groups",
    ),
    Measure(
        "on_time_start", "Started on time", "ratio", "sessions",
        "held sessions begun within 5 minutes of their time / held sessions whose beginning was noted with "
        "attendance; where somebody led them, of k facilitators or more",
        "MEASUREMENT 12", denominator_counts="sessions",
    ),
    *(
        Measure(
            name, title, unit, "pulse", formula, "MEASUREMENT 12", n_counts="answers", denominator_counts="answers",
            answers=True, digits=digits,
        )
        for name, title, unit, formula, digits in _PULSES
    ),
)  # fmt: skip
