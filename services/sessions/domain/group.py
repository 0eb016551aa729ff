"""A group: the people of a match, under ground rules."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from shared.events.matching import MatchMember
from shared.refusal import NotFound, Refused

CHOSEN_BY_MATCHING = "Chosen by matching: above nobody in the group, by who is ready and has led least for their time"


class UnknownGroup(NotFound):
    """There is no such group, or none the caller is in."""


class GroundRulesOutdated(Refused):
    """What was accepted is not what the group says now."""


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """A member has accepted this version of the group's ground rules."""

    group_id: UUID
    person_id: UUID
    rules_version: int


def led_by(members: Iterable[MatchMember]) -> UUID | None:
    """The neutral facilitator among the members, where there is one."""
    return next((member.person_id for member in members if member.role == "facilitator"), None)
