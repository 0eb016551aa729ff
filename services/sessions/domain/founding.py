"""Groups that people found themselves, and who may be in them."""

from typing import Literal
from uuid import UUID

from shared.refusal import Forbidden, Refused

Joining = Literal["member", "requested"]


class NotTheLeader(Forbidden):
    """Its founder, its facilitator and those who oversee programmes do this."""


class GroupNotActive(Refused):
    """It does not meet any more, or not yet."""


class GroupFull(Refused):
    """There is no place left."""


class MembershipFixed(Refused):
    """Who is in it was settled when it began."""


class NotInAudience(Refused):
    """The programme is for others."""


class NotPosted(Refused):
    """Only workgroups and forums live by what is posted."""


class NotLinked(Refused):
    """Nobody knows where people post."""


class OneFunctionAlone(Refused):
    """Its format brings at least two functions together."""


class NotSlotted(Refused):
    """Only office hours have slots."""


def leads(caller: UUID | None, founded_by: UUID | None, facilitator: UUID | None, *, oversees: bool) -> bool:
    """Whether somebody leads a group."""
    return oversees or (caller is not None and caller in {founded_by, facilitator})
