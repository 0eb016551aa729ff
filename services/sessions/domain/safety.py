"""What makes it safe to speak: notes as the level allows, somebody neutral to turn to, questions without a name."""

from uuid import UUID

from shared.events.sessions import Confidentiality
from shared.refusal import Forbidden, NotFound, Refused

QUESTIONS = 5


class UnknownConcern(NotFound):
    """There is no such concern, or none that is the caller's to know."""


class ConcernClosed(Refused):
    """It is closed: raise another."""


class NotTheContact(Forbidden):
    """The one who was turned to answers."""


class NotTheirsToChange(Forbidden):
    """The group's facilitator, or a member where there is none, or the programme's owner changes its ground rules."""


class GroupHasEnded(Refused):
    """Nobody meets under these rules any more."""


class TooManyQuestions(Refused):
    """Five a session: the box is for everybody."""

    status = 429


class UnknownContact(NotFound):
    """Nobody known here, or nobody who still works here."""


def signed(confidentiality: Confidentiality, author: UUID) -> tuple[UUID | None, bool]:
    """Whose name a note carries, and whether it is private: open names, Chatham House does not, closed is one's own."""
    return {"open": (author, False), "chatham": (None, False), "closed": (author, True)}[confidentiality]
