"""The standard forms, and which one asks where."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from services.sessions.domain.formats import FeedbackForm
from services.sessions.domain.pulses import ROTATING
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
STANDARD_FORMS: Mapping[FeedbackForm, UUID] = {
    "pulse": UUID("7b0f6a52-9c1e-5a7d-8e3b-2d4c6f8a1b01"),
    "critique": UUID("7b0f6a52-9c1e-5a7d-8e3b-2d4c6f8a1b02"),
    "debrief": UUID("7b0f6a52-9c1e-5a7d-8e3b-2d4c6f8a1b03"),
}
"""What formats ask that do not ask `STANDARD`: their questions are rows, in versions, as everybody's are."""


SIZES: Mapping[str, tuple[int, int]] = {"survey": (4, 6), "pulse": (2, 2), "feedback": (1, MOST_QUESTIONS)}


class OtherForm(Refused):
    """Another form, or another version of it, is asked there now: read it and answer that."""


class NothingAsked(Refused):
    """The format asks nothing afterwards, and nobody has chosen a form for it."""


def is_recommendation(item: Mapping[str, Any]) -> bool:
    """Whether a question is answered from 0 to 10, and not from 1 to 5 as all others."""
    return item.get("scale") == "recommendation"


def usefulness(scores: Sequence[int], items: Sequence[Mapping[str, Any]]) -> int | None:
    """How useful it was, from 1 to 5, by a form that asks it; None by another."""
    for score, item in zip(scores, items, strict=True):
        if item["code"] == "usefulness" and not is_recommendation(item):
            return 6 - score if item["reverse"] else score
    return None


def check_items(kind: str, theme: str, items: Sequence[Mapping[str, Any]]) -> None:
    """Raise InvalidRequest unless a form of that kind may ask so many questions, and such."""
    least, most = SIZES[kind]
    rotates = kind == "pulse" and theme in ROTATING and not items
    if not rotates and not least <= len(items) <= most:
        raise InvalidRequest.naming("items", f"must be {least} to {most} for a {kind}")
    ratings = [number for number, item in enumerate(items) if is_recommendation(item)]
    if ratings and (kind != "feedback" or len(ratings) > 1 or len(items) == 1 or items[ratings[0]].get("reverse")):
        problem = "a recommendation is asked once, after sessions, beside a statement and not reversed"
        raise InvalidRequest.naming(f"items.{ratings[-1]}.scale", problem)


def check_form(
    asked: tuple[UUID, int] | None,
    answered: tuple[UUID, int] | None,
    scores: Sequence[int],
    items: Sequence[Mapping[str, Any]],
) -> None:
    """Raise OtherForm unless what was answered is what is asked, InvalidRequest unless it has a score a question."""
    if asked != answered:
        form_id, version = asked or (None, 1)
        raise OtherForm("Another form is asked here.", state="other form", form_id=form_id, form_version=version)
    if len(scores) != len(items):
        raise InvalidRequest.naming("scores", f"must be {len(items)}, one for each question")
    for number, (score, item) in enumerate(zip(scores, items, strict=True)):
        lowest, highest = (0, 10) if is_recommendation(item) else (1, 5)
        if not lowest <= score <= highest:
            raise InvalidRequest.naming(f"scores.{number}", f"must be {lowest} to {highest}")
