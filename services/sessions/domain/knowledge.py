"""What somebody leaves for others: a challenge, a lesson, a resource; who may see it, change it, vouch for it."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal
from uuid import UUID

from shared.events.knowledge import KnowledgeChanged, KnowledgeKind, KnowledgeState, Stage
from shared.events.sessions import Confidentiality
from shared.refusal import Forbidden, InvalidRequest, NotFound, Refused

Scope = Literal["everybody", "group"]
ENOUGH = 5
"""Ratings and readers are shown in steps of this many people."""
LASTS = timedelta(days=365)
LONGEST = timedelta(days=3 * 365)


class UnknownItem(NotFound):
    """There is no such thing, or it is not for the caller."""


class StaysInTheGroup(Refused):
    """What was said in a closed group does not leave it."""


class NotCurrent(Refused):
    """It has expired or was withdrawn."""


class ItemWithdrawn(Refused):
    """It was taken back, and stays so."""


class NotTheAuthor(Forbidden):
    """Its author, or whoever oversees programmes, does this."""


class NotAnExpert(Forbidden):
    """Somebody else who knows one of its skills vouches for it, or whoever oversees programmes."""


class RatesOwnWork(Refused):
    """One's own is for others to rate."""


class NotUsedYet(Refused):
    """Only somebody who has used it can say how good it is."""


class AlreadyRated(Refused):
    """Once a person; which rating it was cannot be found again."""


@dataclass(frozen=True, slots=True)
class Item:
    """What rules need of one item; its words are elsewhere."""

    item_id: UUID
    version: int
    kind: KnowledgeKind
    state: KnowledgeState
    scope: Scope
    programme_id: UUID | None
    author_id: UUID | None
    skills: tuple[str, ...]
    level: int | None
    stage: Stage | None
    job_code: str | None
    verified: bool
    expires_on: date
    capture_id: UUID | None

    def told(self) -> KnowledgeChanged | None:
        """The event; None for what stays in a group."""
        if self.scope == "group":
            return None
        return KnowledgeChanged(**{name: getattr(self, name) for name in KnowledgeChanged.model_fields})

    def check_owned(self, caller: UUID | None, *, oversees: bool) -> None:
        """Raise NotTheAuthor. What names no author is for whoever oversees programmes."""
        if not oversees and (caller is None or caller != self.author_id):
            raise NotTheAuthor("Its author, or a programme owner, does this.")

    def check_not_withdrawn(self) -> None:
        """Raise ItemWithdrawn."""
        if self.state == "withdrawn":
            raise ItemWithdrawn("It was withdrawn.", state=self.state)

    def check_current(self) -> None:
        """Raise NotCurrent with the state it is in."""
        if self.state != "current":
            raise NotCurrent(f"It is {self.state}.", state=self.state)


def placed(
    level: Confidentiality, wanted: Scope | None, author: UUID, session_id: UUID | None
) -> tuple[Scope, UUID | None, UUID | None]:
    """Who sees it, whose name it carries, and of which session it says it is. Raises StaysInTheGroup.

    Open: everybody, with name and session. Chatham House: everybody, without either. Closed: its group alone.
    """
    if level == "closed":
        if wanted == "everybody":
            raise StaysInTheGroup("The programme is closed: share it with the group alone.", state=level)
        return "group", author, session_id
    return wanted or "everybody", *((author, session_id) if level == "open" else (None, None))


def lasting(wanted: date | None, today: date) -> date:
    """Until when it is good: a year unless something else is said. Raises InvalidRequest."""
    until = wanted or today + LASTS
    if not today < until <= today + LONGEST:
        raise InvalidRequest.naming("expires_on", f"must lie after today and by {today + LONGEST}")
    return until
