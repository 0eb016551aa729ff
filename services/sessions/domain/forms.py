"""The standard forms, and which one asks where."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from shared.refusal import InvalidRequest, Refused

MOST_QUESTIONS = 3
STANDARD: tuple[Mapping[str, Any], ...] = (
    {"code": "usefulness", "text": "It was useful.", "reverse": False},
    {"code": "relevance", "text": "It was about my work.", "reverse": False},
    {"code": "engagement", "text": "I was engaged.", "reverse": False},
)
"""Version 1 of what is asked after a session, in the order of FeedbackAnswer."""
PULSE_ID = UUID("6f1d1c5e-3f0e-5d9f-9a55-0c6f6b1d7a10")
"""The standard pulse on safety: no items of its own, two of seven take turns."""


SIZES: Mapping[str, tuple[int, int]] = {"survey": (4, 6), "pulse": (2, 2), "feedback": (1, MOST_QUESTIONS)}


class OtherForm(Refused):
    """Another form, or another version of it, is asked there now: read it and answer that."""


def check_size(kind: str, theme: str, items: Sequence[object]) -> None:
    """Raise InvalidRequest unless a form of that kind may ask so many questions."""
    least, most = SIZES[kind]
    rotates = kind == "pulse" and theme == "safety" and not items
    if not rotates and not least <= len(items) <= most:
        raise InvalidRequest.naming("items", f"must be {least} to {most} for a {kind}")


def check_form(
    asked: tuple[UUID, int] | None, answered: tuple[UUID, int] | None, scores: Sequence[int], questions: int
) -> None:
    """Raise OtherForm unless what was answered is what is asked, InvalidRequest unless it has a score a question."""
    if asked != answered:
        form_id, version = asked or (None, 1)
        raise OtherForm("Another form is asked here.", state="other form", form_id=form_id, form_version=version)
    if len(scores) != questions:
        raise InvalidRequest.naming("scores", f"must be {questions}, one for each question")
