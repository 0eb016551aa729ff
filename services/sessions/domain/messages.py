"""A message on its way: whether it is still true, and when it is tried again."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from random import SystemRandom
from uuid import UUID

from services.sessions.domain.calendar import Entry
from services.sessions.domain.letters import Text
from shared.refusal import NotFound, Refused

ATTEMPTS = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 30, 120, 360))
"""Waits between attempts: six in nine hours."""


class UnknownMessage(NotFound):
    """There is no such message."""


class MessageNotFailed(Refused):
    """Only what has failed is sent again by hand."""


class ChatAddressTaken(Refused):
    """One address in a chat is one person's: by it they answer."""


@dataclass(frozen=True, slots=True)
class Letter:
    """A claimed message with its words and its address."""

    message_id: UUID
    kind: str
    sequence: int
    attempts: int
    channel: str
    address: str
    name: str | None
    text: Text
    entry: Entry | None


def still_true(kind: str, sequence: int, entry: Entry) -> bool:
    """Whether it may still be said: a later version of an invitation has its own message, a reminder needs a seat."""
    if kind == "invitation":
        return entry.state == "scheduled" and entry.version == sequence
    if kind == "reminder":
        return entry.state == "scheduled" and entry.answer == "registered" and sequence == minute_of(entry.starts_at)
    if kind == "nudge":
        return entry.state == "scheduled" and entry.answer == "invited"
    if kind == "seat":
        return entry.state == "scheduled" and entry.answer == "registered"
    if kind == "free_seat":
        return entry.state == "scheduled" and entry.answer not in {"registered", "waitlisted"}
    return True


def minute_of(moment: datetime) -> int:
    """An instant as a number that fits a column."""
    return int(moment.timestamp()) // 60


def next_attempt(attempts: int, asked: float | None, now: datetime) -> datetime | None:
    """When to try again after so many attempts, with a fifth of jitter, not before `asked` seconds; None when never."""
    if attempts > len(ATTEMPTS):
        return None
    wait = ATTEMPTS[attempts - 1].total_seconds() * SystemRandom().uniform(0.8, 1.2)
    return now + timedelta(seconds=max(wait, asked or 0))
