"""A session and a person's part in it, as rows hold them and as events tell of them."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal, TypeVar
from uuid import UUID

from services.sessions.domain.attendance import ParticipantState
from services.sessions.domain.seats import Attends
from shared.events.sessions import (
    AttendanceState,
    LinkedCourse,
    ParticipationChanged,
    SessionEvent,
    SessionRole,
)
from shared.refusal import Forbidden, InvalidRequest, NotFound, Refused

SessionState = Literal["scheduled", "cancelled", "held"]
E = TypeVar("E", bound=SessionEvent)
WITHOUT_SEAT: frozenset[SessionRole] = frozenset({"facilitator", "host"})
"""They run the session: they take nobody's place."""
EARLIEST = timedelta(hours=1)
"""How long before its time a session may have begun."""


class UnknownSession(NotFound):
    """There is no such session, or none the caller takes part in."""


class SessionIsCancelled(Refused):
    """It will not take place."""


class SessionNotStarted(Refused):
    """Nobody knows yet who was there."""


class SessionHasStarted(Refused):
    """It is too late to answer the invitation."""


class ConfirmedByOthers(Refused):
    """A log is not attended: those named in it say whether it was so."""


class OverlappingTimes(Refused):
    """Whoever shall be there is somewhere else then."""


class TooFewPeople(Refused):
    """Fewer than its format is for are in it: it does not count as held, and no attendance is written down."""


class NotTheFacilitator(Forbidden):
    """Only the facilitator does this; where there is none, any member."""


class GroundRulesNotAcknowledged(Refused):
    """Nobody joins before they have accepted the group's ground rules."""


@dataclass(frozen=True, slots=True)
class Session:
    """Everything an event says of a session, and a little more."""

    session_id: UUID
    version: int
    state: SessionState
    programme_id: UUID
    group_id: UUID
    match_id: UUID | None
    format: str
    skill_id: str | None
    starts_at: datetime
    ends_at: datetime
    capacity: int
    facilitator_id: UUID | None
    courses: tuple[LinkedCourse, ...] = ()

    def told(self, event: type[E]) -> E:
        """The session as an event of that class."""
        return event(**{name: getattr(self, name) for name in SessionEvent.model_fields})

    def check_open_now(self) -> None:
        """Raise when it is too late to sign up."""
        self.check_open(datetime.now(UTC))

    def check_open(self, now: datetime) -> None:
        """Raise when the invitation can no longer be answered."""
        self.check_not_cancelled()
        if self.starts_at <= now:
            raise SessionHasStarted("It has started.", state=self.state, starts_at=self.starts_at)

    def is_open(self, now: datetime) -> bool:
        """Whether the invitation can still be answered."""
        return self.state != "cancelled" and self.starts_at > now

    def check_started(self, now: datetime) -> None:
        """Raise when there can be no attendance yet, or never."""
        self.check_not_cancelled()
        if now < self.starts_at:
            raise SessionNotStarted("It has not started.", state=self.state, starts_at=self.starts_at)

    def check_began(self, began_at: datetime | None, now: datetime) -> None:
        """Raise InvalidRequest when it cannot have begun then."""
        if began_at is None:
            return
        if not self.starts_at - EARLIEST <= began_at < self.ends_at:
            raise InvalidRequest.naming("began_at", "must be between an hour before the session and its end")
        if began_at > now:
            raise InvalidRequest.naming("began_at", "is in the future")

    def check_not_cancelled(self) -> None:
        """Raise SessionIsCancelled when it is."""
        if self.state == "cancelled":
            raise SessionIsCancelled("It is cancelled.", state=self.state)


@dataclass(frozen=True, slots=True)
class Participation:
    """One person's part in one session."""

    session_id: UUID
    person_id: UUID
    role: SessionRole
    state: ParticipantState
    version: int
    minutes: int = 0
    taught: int = 0
    asked: int = 0
    shared: int = 0
    challenged: int = 0
    summarised: int = 0
    attends: Attends | None = None

    def told(self, session: Session) -> ParticipationChanged:
        """The part as an event; nothing is told of an invitation nobody has answered."""
        state: AttendanceState = self.state  # type: ignore[assignment]
        own = ("session_id", "person_id", "version", "role", *CONTENT[1:])
        return ParticipationChanged(
            **{name: getattr(self, name) for name in own},
            state=state,
            programme_id=session.programme_id,
            format=session.format,
            session_starts_at=session.starts_at,
            skill_id=session.skill_id,
        )


CONTENT = ("state", "minutes", "taught", "asked", "shared", "challenged", "summarised")
