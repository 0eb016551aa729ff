"""A poll in a group on how and how often it meets: one vote each, a day it closes on, a rule it proposes."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from typing import Literal

from shared.refusal import NotFound, Refused

PollState = Literal["open", "closed", "applied"]


class UnknownPoll(NotFound):
    """There is no such poll, or none of a group the caller is in."""


class PollStillOpen(Refused):
    """It is asked still: its result is not known before it closes."""


class PollIsOver(Refused):
    """Nobody votes any more."""


class PollApplied(Refused):
    """Its result is the group's series already."""


class NobodyVoted(Refused):
    """Without a vote it proposes nothing."""


def state_of(closes_at: datetime, applied: int | None, now: datetime) -> PollState:
    """Where it stands."""
    if applied is not None:
        return "applied"
    return "closed" if closes_at <= now else "open"


def winner(votes: Iterable[int]) -> int | None:
    """The option most voted for, of equal ones the one that was put first; None without a vote."""
    counted = Counter(votes)
    return min(counted, key=lambda option: (-counted[option], option), default=None)
