"""What people learned, by tests before and after (MEASUREMENT 5)."""

from services.metrics.domain.measure import Measure


def normalised_gain(before: float, after: float, highest: float) -> float | None:
    """(post - pre) / (max - pre): the share of what could be gained; None for whoever had it all before."""
    return (after - before) / (highest - before) if before < highest else None


def retained(after: float, later: float) -> float | None:
    """Score at day 30 / score just after."""
    return later / after if after else None


SOURCE = "MEASUREMENT 5"
_WAITS = "waits for assessment scores, which no service collects; the arithmetic is here and tested"
MEASURES = (
    Measure(
        "trainings_completed", "Trainings completed", "count", "learning",
        "Statements `completed` or `passed` about a course, module, lesson or assessment, told by a "
        "learning management system; by division and month", SOURCE, digits=0,
    ),
    Measure(
        "resources_used", "Resources used", "count", "learning",
        "Statements `experienced`, `viewed`, `launched`, `completed` or `passed` about an article, page, video, file "
        "or link, told by a learning management system; by division and month", SOURCE, digits=0,
    ),
    Measure(
        "normalised_gain", "Learning gain", "ratio", None, "Mean of (post - pre)/(max - pre), pre < max", SOURCE,
        shown_at=_WAITS, answers=True,
    ),
    Measure(
        "teacher_gain", "Teachers' learning gain", "ratio", None, "The same over those who taught", SOURCE,
        shown_at=_WAITS, answers=True,
    ),
    Measure(
        "retained_30", "Retained after 30 days", "ratio", None, "score at day 30 / score after", SOURCE,
        shown_at=_WAITS, answers=True,
    ),
    Measure(
        "confidence_change", "Confidence", "score", None, "Mean of confidence after - before, 1 to 5", SOURCE,
        shown_at=_WAITS, answers=True,
    ),
    Measure(
        "commitment_change", "Commitment", "score", None, "Mean of commitment after - before, 1 to 5", SOURCE,
        shown_at=_WAITS, answers=True,
    ),
)  # fmt: skip
