"""What a measure cannot be told apart by: asked so it says so, or it would look like one of which there is nothing."""

from services.metrics.domain.measure import By, Family, Measure

NOT_BY_UNIT: frozenset[Family] = frozenset(
    {"places", "behaviour", "rounds", "hosting", "overload", "facilitation", "learned", "knowledge", "help"}
)
"""What is told of whole sessions, surveys, rounds and facilitators, which are of no unit."""
SILENT_TOO = frozenset({"transfer_low", "transfer_high"})
"""Those who did not answer are counted by programme alone."""
NOT_BY_PROGRAMME: frozenset[Family] = frozenset({"newcomers", "newcomer_ties", "learning", "help"})
"""What people do in the whole organization, whoever set it up."""
BY_DIVISION: frozenset[Family] = frozenset(
    {"feedback", "response", "saved", "transfer", "first_use", "pulse", "form", "recommendation"}
)
"""Answers without a name say which division they come from, and no smaller unit."""
DIVISION = 2
"""How far below the root a division is, itself counted."""

NO_UNIT = "Not told apart by unit."
NO_PROGRAMME = "Not told apart by programme or format."
ONE_UNIT = "Told of all divisions at once: ask by unit, without naming one."
ANSWERS = "Answers are known by division, and of no smaller unit."


def by_programme(measure: Measure) -> bool:
    """Whether programmes and formats have numbers of their own."""
    return measure.family not in NOT_BY_PROGRAMME


def why_not(measure: Measure, by: By, depth: int | None, *, of_programme: bool) -> str | None:
    """Why it has no number by `by`, of a unit so deep below the root, of a programme or format; None where it has."""
    if (by == "unit" or depth) and (measure.family in NOT_BY_UNIT or measure.name in SILENT_TOO):
        return NO_UNIT
    if (by in {"programme", "format"} or of_programme) and not by_programme(measure):
        return NO_PROGRAMME
    if depth and measure.family == "learning":
        return ONE_UNIT
    if depth and measure.family in BY_DIVISION and depth + (by == "unit") > DIVISION:
        return ANSWERS
    return None
