"""What a group says of whoever leads it: five statements, each a number drawn towards what is said of everybody."""

from collections.abc import Mapping

STATEMENTS: Mapping[str, str] = {
    "flow": "The conversation kept flowing.",
    "neutral": "Whoever led took no side.",
    "heard": "Everybody was heard.",
    "safe": "It was safe to say what one thinks.",
    "on_time": "We began and ended on time.",
}
"""By the name of the answer, in the order of FacilitationAnswer."""
PRIOR = 10


def quality(total: float, answers: int, everybody: float) -> float:
    """(C*m + sum x)/(C + n), C = 10: what few have said lies near the mean m of all facilitators."""
    return (PRIOR * everybody + total) / (PRIOR + answers)
