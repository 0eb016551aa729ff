"""The standard pulses in our own words, two statements at a time: safety (construct: Edmondson 1999), belonging."""

from collections.abc import Mapping
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
BELONGING_STATEMENTS = (
    ("fit-in", False, "I fit in here."),
    ("outsider", True, "I feel like an outsider here."),
    ("missed", False, "Somebody here would miss me."),
    ("myself", False, "I can be myself here."),
    ("alone-with-it", True, "With what I find hard I am alone here."),
)
Items = tuple[dict[str, Any], ...]


def _items(statements: tuple[tuple[str, bool, str], ...]) -> Items:
    return tuple({"code": code, "text": text, "reverse": reverse} for code, reverse, text in statements)


SAFETY = _items(STATEMENTS)
ROTATING: Mapping[str, Items] = {"safety": SAFETY, "belonging": _items(BELONGING_STATEMENTS)}
"""What a pulse of that theme asks that has no items of its own."""


def rotating(turn: int, theme: str = "safety") -> list[dict[str, Any]]:
    """The two statements of a turn: after as many turns as there are statements every one was asked twice."""
    items = ROTATING[theme]
    return [items[(2 * turn + step) % len(items)] for step in (0, 1)]
