"""A round as a whole: whom what would help, and what the engine had to leave unread."""

from collections import Counter

from services.matching.engine.people import Outcome


def report(outcome: Outcome) -> dict[str, object]:
    """What would give how many of the unmatched a candidate, most first; and what limits were reached."""
    told = [left.change for left in outcome.unmatched if left.change]
    helps = Counter((one.code, one.detail, one.also) for one in told if one.people)
    lacks = Counter((one.code, one.detail, one.also) for one in told if not one.people)
    ordered = sorted([*helps.items(), *lacks.items()], key=lambda item: (-item[1], item[0][0], str(item[0][1:])))
    return {
        "changes": [
            {"code": code, "detail": detail, "people": people} | ({"also": also} if also else {})
            for (code, detail, also), people in ordered
        ],
        **outcome.notes,
    }
