"""What is asked after sessions, and how it becomes something that can be told without an author."""

import hashlib
from collections.abc import Mapping, Sequence
from random import SystemRandom
from typing import Any, TypeVar
from uuid import UUID

from shared.events.follow_up import PairedAnswer
from shared.refusal import InvalidRequest, NotFound, Refused

ENOUGH = 5
CHUNK = 1000
"""Pairs an event: it stays far below the size a record may have."""
TEACHING = ("teacher", "facilitator", "presenter", "host", "buddy", "mentor", "reviewer")
"""Roles of a group or a session in which somebody teaches."""
T = TypeVar("T")


class UnknownForm(NotFound):
    """There is no such form, or no such version of it."""


class FormFrozen(Refused):
    """Somebody may have read it: what they answered must not get other words. Make a new version."""


class UnknownSurvey(NotFound):
    """There is no such survey, or none the caller was asked."""


class NotAsked(NotFound):
    """Nobody has asked this of the caller."""


class AlreadyAnswered(Refused):
    """One answer a person; which one it was cannot be found again."""


class NotOpen(Refused):
    """It can be answered between two days, and today is none of them."""


class ProgrammeNotRunning(Refused):
    """Only people in a published programme can be asked."""


def respondent(survey_id: UUID, token: str) -> str:
    """A respondent's pseudonym in one survey: the token is theirs alone and is kept nowhere."""
    return hashlib.sha256(survey_id.bytes + token.encode()).hexdigest()[:32]


def check_scores(scores: Sequence[int], items: Sequence[Mapping[str, Any]]) -> None:
    """Raise InvalidRequest unless there is one score an item."""
    if len(scores) != len(items):
        raise InvalidRequest.naming("scores", f"must be {len(items)}, one for each statement")


def draw(answers: Sequence[T]) -> tuple[list[T], list[T]]:
    """Answers that leave, shuffled, in fives, and the ones that wait for others."""
    drawn = SystemRandom().sample(answers, len(answers))
    leaving = len(drawn) // ENOUGH * ENOUGH
    return drawn[:leaving], drawn[leaving:]


def pair(
    before: Sequence[Mapping[str, Any]], after: Sequence[Mapping[str, Any]], later: Sequence[Mapping[str, Any]] = ()
) -> list[PairedAnswer]:
    """Whoever answered both times, by their pseudonym, shuffled; a pseudonym used twice pairs nobody."""
    first, second, third = _single(before), _single(after), _single(later)
    both = SystemRandom().sample(sorted(first.keys() & second.keys()), len(first.keys() & second.keys()))
    return [
        PairedAnswer(
            before=tuple(first[one]), after=tuple(second[one]), later=tuple(third[one]) if one in third else None
        )
        for one in both
    ]


def hide_few(pairs: Sequence[PairedAnswer]) -> tuple[PairedAnswer, ...]:
    """Pairs without what fewer than five of them have answered a third time."""
    if sum(one.later is not None for one in pairs) >= ENOUGH:
        return tuple(pairs)
    return tuple(one.model_copy(update={"later": None}) for one in pairs)


def chunks(pairs: Sequence[T]) -> list[list[T]]:
    """Parts of a thousand or fewer, and none of fewer than five."""
    if len(pairs) < ENOUGH:
        return []
    count = -(-len(pairs) // CHUNK)
    return [list(pairs[number::count]) for number in range(count)]


def _single(answers: Sequence[Mapping[str, Any]]) -> dict[str, list[int]]:
    by_name: dict[str, list[list[int]]] = {}
    for answer in answers:
        if answer.get("t"):
            by_name.setdefault(answer["t"], []).append(list(answer["s"]))
    return {name: scores[0] for name, scores in by_name.items() if len(scores) == 1}
