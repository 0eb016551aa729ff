"""Nothing is recorded unless everybody who is there has said yes."""

from collections.abc import Mapping, Sequence
from typing import Literal
from uuid import UUID

from shared.refusal import NotFound, Refused

RecordingState = Literal["asking", "allowed", "refused"]


class NoRecording(NotFound):
    """Nobody has asked to record this session."""


class ClosedSession(Refused):
    """What is confidential is not recorded."""


class RecordingNotAllowed(Refused):
    """Somebody has not agreed."""


def state_of(expected: Sequence[UUID], answers: Mapping[UUID, bool]) -> RecordingState:
    """One no refuses; it is allowed once everybody expected has said yes."""
    if any(answers.get(person) is False for person in expected):
        return "refused"
    return "allowed" if expected and all(answers.get(person) for person in expected) else "asking"
