"""Links a newcomer goes through, from culture to payroll, stage by stage."""

from typing import get_args

from shared.events.knowledge import Stage
from shared.refusal import NotFound, Refused

STAGES: tuple[Stage, ...] = get_args(Stage)
MOST_LINKS = 200
WIDE = 1000
"""Places a stage has."""


class UnknownLink(NotFound):
    """There is no such link, or its programme is not for the caller."""


class TooManyLinks(Refused):
    """A list nobody would go through."""


def place_of(stage: Stage, place: int) -> int:
    """Where it stands among all of a programme's links."""
    return STAGES.index(stage) * WIDE + place
