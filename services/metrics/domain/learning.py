"""What people learned, by tests before and after (MEASUREMENT 5)."""

from services.metrics.domain.measure import Measure, Unit


def normalised_gain(before: float, after: float, highest: float) -> float | None:
    """(post - pre) / (max - pre): the share of what could be gained; None for whoever had it all before."""
    return (after - before) / (highest - before) if before < highest else None


LEARNED = frozenset({"knowledge", "confidence", "commitment"})
"""Codes of questions about what was learned: they are no behaviour."""
HIGHEST = 5
"""The highest answer to a survey's question."""
SOURCE = "MEASUREMENT 5"
_PAIRS = "over matched pairs of the question coded `{}` in surveys before and after, 1 to 5; 10 pairs or more"
_PAIRED: tuple[tuple[str, str, Unit, str, str], ...] = (
    ("normalised_gain", "Learning gain", "ratio", "Mean of (post - pre)/(max - pre), pre < max, ", "knowledge"),
    (
        "teacher_gain",
        "Teachers' learning gain",
        "ratio",
        "The same of those who teach, asked apart (arm `teachers`): mean of (post - pre)/(max - pre), pre < max, ",
        "knowledge",
    ),
    (
        "retained_30",
        "Retained after 30 days",
        "ratio",
        "Sum of scores 30 days later and more / sum of scores just after, over who answered a third time, ",
        "knowledge",
    ),
    ("confidence_change", "Confidence", "score", "Mean of after - before ", "confidence"),
    ("commitment_change", "Commitment", "score", "Mean of after - before ", "commitment"),
)
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
    *(
        Measure(
            name, title, unit, "learned", formula + _PAIRS.format(code), SOURCE, n_counts="pairs of answers",
            denominator_counts="pairs of answers", answers=True,
        )
        for name, title, unit, formula, code in _PAIRED
    ),
)  # fmt: skip
