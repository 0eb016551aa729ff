"""A link in a message that opens what somebody is asked: for one person, without a log-in, once."""

from dataclasses import dataclass
from datetime import date

from shared.refusal import NotFound, Refused


class UnknownLink(NotFound):
    """There is no such link, or it was revoked."""


class LinkUsed(Refused):
    """The questions it opened are answered."""


class LinkEnded(Refused):
    """The time for an answer is over."""


@dataclass(frozen=True, slots=True)
class FeedbackLink:
    """What a message carries: the secret, and the last day on which it opens anything."""

    token: str
    until: date
