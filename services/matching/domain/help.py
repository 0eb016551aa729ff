"""A request for help and what may become of it."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal, NamedTuple, TypeAlias
from uuid import UUID

from shared.events.matching import HelpCircle, HelpOutcome
from shared.refusal import NotFound, Refused

State: TypeAlias = Literal["open", "accepted", "withdrawn", "expired"]
AskState: TypeAlias = Literal["asked", "offered", "passed", "accepted", "declined", "released"]
CIRCLES: tuple[HelpCircle, ...] = ("unit", "division", "everybody")
STEPS = 4
"""A quarter of the time the asker has goes by before a wider circle is asked, and then more people of the widest."""
MOST_OPEN = 5
PENDING = frozenset({"asked", "offered"})


class UnknownHelpRequest(NotFound):
    """No such request, or none the caller was asked about."""


class HelpRequestClosed(Refused):
    """The request is over."""


class NotAskedForThat(Refused):
    """The person is not in a state to say this."""


class TooManyOpen(Refused):
    """Somebody has as many open requests as anybody may have."""


class NotTakingPart(Refused):
    """Somebody is away, has not opted in or pauses."""


class Over(NamedTuple):
    """A request as it stood when it was over for somebody: what becomes of it later is not theirs to see."""

    version: int
    circle: HelpCircle
    first_offer_at: datetime | None


@dataclass(frozen=True, slots=True)
class Ask:
    """Somebody who was asked, or offered by themselves."""

    person_id: UUID
    state: AskState
    over: Over | None = None
    """What they see where the request was over for them alone."""


@dataclass(frozen=True, slots=True)
class HelpRequest:
    """Who needs help with what, how far it has been asked around, and who answered."""

    request_id: UUID
    version: int
    requester_id: UUID
    skill_id: str
    level: int
    question: str | None
    circle: HelpCircle
    state: State
    helper_id: UUID | None
    created_at: datetime
    next_step_at: datetime
    expires_at: datetime
    first_offer_at: datetime | None
    asks: tuple[Ask, ...] = ()
    engine: int | None = None
    """The version of the engine, whose own rules say who is asked; None for what is older than this was kept."""

    def state_of(self, person_id: UUID) -> AskState | None:
        """How it stands with somebody; None for who was never asked."""
        return next((ask.state for ask in self.asks if ask.person_id == person_id), None)

    def over(self, person_id: UUID) -> Over | None:
        """How it stood when it was over for somebody alone; None where it was not."""
        return next((ask.over for ask in self.asks if ask.person_id == person_id), None)

    @property
    def waiting(self) -> bool:
        """Somebody may still answer, or has offered and waits for the asker."""
        return any(ask.state in PENDING for ask in self.asks)

    def with_ask(self, person_id: UUID, state: AskState) -> "HelpRequest":
        """The request with somebody's new state."""
        rest = tuple(ask for ask in self.asks if ask.person_id != person_id)
        return replace(self, asks=(*rest, Ask(person_id, state)))

    def without(self, people: Collection[UUID]) -> "HelpRequest":
        """The request with those among these people released who still wait."""
        return replace(self, asks=tuple(_released(ask) if ask.person_id in people else ask for ask in self.asks))

    def wider(self) -> HelpCircle:
        """The next circle; the widest has none beyond it."""
        return CIRCLES[min(CIRCLES.index(self.circle) + 1, len(CIRCLES) - 1)]

    def step(self) -> timedelta:
        """How long one circle is waited for."""
        return (self.expires_at - self.created_at) / STEPS


def offered(request: HelpRequest, person_id: UUID, now: datetime) -> HelpRequest:
    """The request after an offer; the same offer again changes nothing."""
    was = request.state_of(person_id)
    if was == "offered":
        return request
    check_open(request, now)
    if was not in {"asked", "passed", None}:
        raise NotAskedForThat(f"Your offer is {was}.", state=was)
    return replace(request.with_ask(person_id, "offered"), first_offer_at=request.first_offer_at or now)


def passed(request: HelpRequest, person_id: UUID, now: datetime) -> HelpRequest:
    """The request after somebody says that it is not for them."""
    was = request.state_of(person_id)
    if was == "passed":
        return request
    check_open(request, now)
    if was not in PENDING:
        raise NotAskedForThat(f"Nothing is asked of you here: it is {was}.", state=was)
    return request.with_ask(person_id, "passed")


def chosen(request: HelpRequest, person_id: UUID, now: datetime) -> HelpRequest:
    """The request after the asker takes an offer: everybody else is released."""
    if request.state == "accepted" and request.helper_id == person_id:
        return request
    check_open(request, now)
    _check_offer(request, person_id)
    closed = closing(request.with_ask(person_id, "accepted"), "accepted")
    return replace(closed, helper_id=person_id)


def refused(request: HelpRequest, person_id: UUID, now: datetime) -> HelpRequest:
    """The request after the asker does not take an offer."""
    if request.state_of(person_id) == "declined":
        return request
    check_open(request, now)
    _check_offer(request, person_id)
    return request.with_ask(person_id, "declined")


def closing(request: HelpRequest, outcome: HelpOutcome) -> HelpRequest:
    """The request at its end; whoever still waited is released."""
    return replace(request, state=outcome, asks=tuple(map(_released, request.asks)))


def over_for(request: HelpRequest, person_id: UUID) -> HelpRequest:
    """A request as who is kept from the asker finds it: withdrawn, and so it stays whatever becomes of it.

    Expired it would be before its time, accepted without an offer: nothing else is true of every open request.
    """
    over = request.over(person_id)
    if over is None and request.state != "open":
        return request
    over = over or Over(request.version + 1, request.circle, request.first_offer_at)
    return replace(closing(request, "withdrawn"), **over._asdict())


def check_open(request: HelpRequest, now: datetime) -> None:
    """Raise HelpRequestClosed for a request that is over."""
    state = "expired" if request.state == "open" and request.expires_at <= now else request.state
    if state != "open":
        raise HelpRequestClosed(f"The request is {state}.", state=state)


def _released(ask: Ask) -> Ask:
    return replace(ask, state="released") if ask.state in PENDING else ask


def _check_offer(request: HelpRequest, person_id: UUID) -> None:
    was = request.state_of(person_id)
    if was != "offered":
        raise NotAskedForThat("This person has made no offer that could be answered.", state=was or "none")
