"""How far a programme is on the way to its goals (MEASUREMENT 14)."""

from datetime import date
from typing import Literal

from services.metrics.domain.measure import Measure
from shared.refusal import Refused

ON_TRACK, AT_RISK = 0.10, 0.25
"""How far progress may be behind the share of the time that is gone."""
Status = Literal["achieved", "on_track", "at_risk", "off_track"]


class GoalWithoutDistance(Refused):
    """Baseline and target are the same: nothing can be progress."""

    status = 422


def progress(baseline: float, target: float, current: float) -> float:
    """The share of the way done, 0..1; also for goals that go down. Raises GoalWithoutDistance."""
    if baseline == target:
        detail = "The goal's baseline and target are the same."
        raise GoalWithoutDistance(detail)
    return min(1.0, max(0.0, (current - baseline) / (target - baseline)))


def expected(starts_on: date, due: date, today: date) -> float:
    """The share of the time gone, 0..1: what a steady programme would have done."""
    total = (due - starts_on).days
    return 1.0 if total <= 0 else min(1.0, max(0.0, (today - starts_on).days / total))


def status(done: float, due: float) -> Status:
    """What progress means beside what could be expected by now."""
    if done >= 1:
        return "achieved"
    behind = round(due - done, 9)  # .14 - .04 is a little more than .10 to a computer
    if behind <= ON_TRACK:
        return "on_track"
    return "at_risk" if behind <= AT_RISK else "off_track"


MEASURES = (
    Measure(
        "goal_progress", "Way to the goal", "ratio", None,
        "clamp((current - baseline)/(target - baseline), 0, 1), up or down; expected = elapsed/total; achieved, "
        "on_track (>= expected - .10), at_risk (>= expected - .25), off_track", "MEASUREMENT 14",
        shown_at="GET /v1/goals",
    ),
)  # fmt: skip
