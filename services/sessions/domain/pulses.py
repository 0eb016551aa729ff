"""The pulse on psychological safety: seven statements of our own wording (construct: Edmondson 1999), two at a time."""

from typing import Any

STATEMENTS = (
    ("admit-error", False, "I can admit an error in this group without it being used against me."),
    ("hard-topics", False, "Hard topics get raised here."),
    ("different-put-down", True, "People here are put down for being different."),
    ("try-uncertain", False, "I can try something uncertain here."),
    ("asking-is-awkward", True, "Asking for help in this group is awkward."),
    ("nobody-against", False, "Nobody here would work against my effort."),
    ("strengths-used", False, "What I am good at gets used here."),
)
SAFETY: tuple[dict[str, Any], ...] = tuple(
    {"code": code, "text": text, "reverse": reverse} for code, reverse, text in STATEMENTS
)


def rotating(turn: int) -> list[dict[str, Any]]:
    """The two statements of a turn: after seven turns every one was asked twice."""
    return [SAFETY[(2 * turn + step) % len(SAFETY)] for step in (0, 1)]
