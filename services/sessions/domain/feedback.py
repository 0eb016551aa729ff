"""Feedback that nobody can trace: how much of it must lie together before any of it is told."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from random import SystemRandom
from uuid import UUID, uuid4

from shared.events.sessions import FeedbackAnswer, FeedbackReleased, SessionRole
from shared.refusal import Refused

ENOUGH = 5
"""Fewer answers than this, by as many people, are told to nobody."""
CROWD = 10
"""Words need more people than scores do: they may say more than their writers meant to."""
PRIOR, MIDDLE = 10, 3.0
"""As in the quality of what people leave for others: a few good answers are not better than many."""
LEARNING: frozenset[SessionRole] = frozenset(
    {"participant", "contributor", "mentee", "observer", "reviewee", "newcomer"}
)
"""Roles of whoever learns in a pair."""


class DidNotAttend(Refused):
    """Only somebody who was there can say how it was."""


class FeedbackAlreadyGiven(Refused):
    """One answer a person and session; which one it was cannot be found again."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Answers that leave together: one a person, in random order."""

    batch_id: UUID
    programme_id: UUID
    format: str
    division: str
    month: date
    released_on: date
    answers: tuple[FeedbackAnswer, ...]
    comments: tuple[str, ...]

    def told(self) -> FeedbackReleased:
        """The event: no comment, no person, no session."""
        names = FeedbackReleased.model_fields.keys() - {"form_version"}
        return FeedbackReleased(**{name: getattr(self, name) for name in names})


def release(
    cell: tuple[UUID, str, str, date], answers: Sequence[FeedbackAnswer], comments: Sequence[str], today: date
) -> tuple[Batch, list[FeedbackAnswer]]:
    """A ripe cell's content as a batch, drawn by lot in fives, and the answers that wait for others.

    In fives, so that what is told does not depend on when somebody looked. The id is random: it sorts by nothing.
    """
    if len(answers) < ENOUGH:
        raise ValueError(f"{len(answers)} answers are too few")
    dice = SystemRandom()
    drawn = dice.sample(answers, len(answers))
    leaving = len(answers) // ENOUGH * ENOUGH
    batch = Batch(
        uuid4(),
        *cell,
        released_on=today,
        answers=tuple(drawn[:leaving]),
        comments=tuple(dice.sample(comments, len(comments))),
    )
    return batch, drawn[leaving:]


def release_alike(answers: Sequence[int]) -> tuple[list[int], list[int]]:
    """Answers that leave, by lot, in tens, and those that wait for others.

    Whoever leaves both in fives and in tens leaves no fewer than five between the two.
    """
    drawn = SystemRandom().sample(answers, len(answers))
    leaving = len(drawn) // CROWD * CROWD
    return drawn[:leaving], drawn[leaving:]


def quality(scores: Iterable[tuple[int, float]]) -> float | None:
    """One to five: what was answered, drawn towards the middle by ten answers that nobody gave; None of too few.

    `scores`: how many answered one form, and the mean of its questions.
    """
    known = list(scores)
    answers = sum(count for count, _ in known)
    if answers < ENOUGH:
        return None
    return round((PRIOR * MIDDLE + sum(count * mean for count, mean in known)) / (PRIOR + answers), 2)


def told_in_tens(batches: Iterable[tuple[int, Sequence[str]]]) -> list[str]:
    """Comments of batches in the order of their release, in order of letters: of ten people at a time, or none.

    `batches`: how many answered, and what some of them wrote. Two readings differ by ten people or more.
    """
    told: list[str] = []
    waiting: list[str] = []
    people = 0
    for answers, comments in batches:
        people += answers
        waiting += comments
        if people >= CROWD:
            told += waiting
            waiting, people = [], 0
    return sorted(told)


def month_of(starts_at: datetime) -> date:
    """First day of the session's month (UTC): the finest time an answer is kept with."""
    return starts_at.astimezone(UTC).date().replace(day=1)
