"""Knowledge at risk: when somebody's leaving would take the last or last but one who knows a skill."""

from typing import Literal

from shared.refusal import Forbidden, NotFound, Refused

CaptureState = Literal["waiting", "planned", "captured", "missed", "dropped"]
FEW = 2
"""People who know a skill, the one who leaves among them, at which it is at risk (MEASUREMENT 10)."""
HORIZON_DAYS = 90
LEARNERS = 5
"""At most so many are invited to one capture session."""
LESSON = "lesson"
"""What a format must require for its sessions to keep something."""


class UnknownCapture(NotFound):
    """There is no such request, or it is neither about the caller nor theirs to oversee."""


class UnknownHolder(NotFound):
    """Nobody known here, or nobody who still works here."""


class CaptureRuns(Refused):
    """It has been asked for already."""


class CaptureNotOpen(Refused):
    """It is captured, missed or dropped."""


class NothingToPlanBy(Refused):
    """No programme, nobody who wants to learn it, or no time."""


class NotTheirsToAsk(Forbidden):
    """People ask for themselves; whoever oversees programmes asks for anybody."""
