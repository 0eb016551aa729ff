"""What a page asks behind a link, question by question, and what stands above it."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from services.sessions.domain.facilitation import STATEMENTS
from services.sessions.domain.forms import is_recommendation

AGREEMENT = ("I disagree", "I agree")
LETTERS = "abcdefghijkmnpqrstuvwxyz23456789"
"""Nobody mistakes one of them for another."""


@dataclass(frozen=True, slots=True)
class Question:
    """Answered by one of `choices`; by a number up to `most` where there are none.

    `ends`: what the first and the last choice stand for.
    """

    name: str
    text: str
    choices: tuple[tuple[str, str], ...] = ()
    ends: tuple[str, str] | None = None
    most: int | None = None
    required: bool = True


def _scale(
    name: str, text: str, lowest: int, highest: int, ends: tuple[str, str], *, required: bool = True
) -> Question:
    choices = tuple((str(number), str(number)) for number in range(lowest, highest + 1))
    return Question(name, text, choices, ends, required=required)


CHECK_IN = (
    Question("applied", "How often have you used what you learned? Write 0 if never, and skip the rest.", most=1000),
    _scale("frequency", "How regularly do you use it?", 0, 4, ("never", "every day"), required=False),
    _scale("effect", "What has it changed in your work?", 0, 4, ("nothing", "a great deal"), required=False),
    Question("first_use_days", "After how many days did you first use it?", most=120, required=False),
    Question("minutes_saved", "How many minutes has it saved you since?", most=10_000, required=False),
    Question(
        "barrier", "What stood in the way?",
        (("", "Nothing"), ("time", "No time"), ("manager", "My manager"), ("no-occasion", "No occasion"),
         ("not-relevant", "It is not relevant to my work"), ("tools", "Tools or access"), ("other", "Something else")),
        required=False,
    ),
)  # fmt: skip
"""In the words of a page; the names are those of a check-in."""
FACILITATION = tuple(_scale(name, text, 1, 5, AGREEMENT) for name, text in STATEMENTS.items())


def family(kind: str) -> str:
    """What a kind of prompt is asked with: a check-in of any day, a wave of any survey."""
    return kind.rsplit("-", 1)[0]


def scored(items: Sequence[Mapping[str, Any]]) -> tuple[Question, ...]:
    """The questions of a form, by their place."""
    return tuple(_scored(f"score{place}", item) for place, item in enumerate(items))


def _scored(name: str, item: Mapping[str, Any]) -> Question:
    if is_recommendation(item):
        return _scale(name, item["text"], 0, 10, ("not at all likely", "very likely"))
    return _scale(name, item["text"], 1, 5, AGREEMENT)


def new_code() -> str:
    """A code that pairs somebody's answers, to be written down: 95 bits, made for a page and kept nowhere."""
    return "-".join("".join(map(secrets.choice, [LETTERS] * count)) for count in (5, 5, 5, 4))


HEADLINES: Mapping[str, str] = {
    "feedback": "How was it?",
    "check-in": "Have you used it?",
    "facilitation": "How were you led?",
    "survey": "How do you work together?",
    "pulse": "How is it in your group?",
}
"""Every kind of prompt that a page can ask; a review is written in the portal, beside the work."""
