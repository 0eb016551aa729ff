"""A round as a whole: whom what would help, and what the engine had to leave unread."""

from collections import Counter

from services.matching.engine.people import Outcome


def report(outcome: Outcome) -> dict[str, object]:
    """What would give how many of the unmatched a candidate, most first; and what limits were reached."""
    helps = Counter(
        (left.change.code, left.change.detail) for left in outcome.unmatched if left.change and left.change.people
    )
    lacks = Counter(
        (left.change.code, left.change.detail) for left in outcome.unmatched if left.change and not left.change.people
    )
    ordered = sorted([*helps.items(), *lacks.items()], key=lambda item: (-item[1], item[0][0], item[0][1] or ""))
    return {
        "changes": [{"code": code, "detail": detail, "people": people} for (code, detail), people in ordered],
        **outcome.notes,
    }
