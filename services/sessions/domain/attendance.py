"""From invited to attended: which moves there are, and which are impossible."""

from datetime import datetime, timedelta
from typing import Literal

from shared.refusal import Refused

ParticipantState = Literal[
    "invited", "registered", "waitlisted", "cancelled_early", "cancelled_late", "attended", "no_show", "excused"
]
Outcome = Literal["attended", "no_show", "excused"]
Answer = Literal["accept", "decline"]

LATE = timedelta(hours=24)
OUTCOMES: frozenset[ParticipantState] = frozenset({"attended", "no_show", "excused"})
CANCELLED: frozenset[ParticipantState] = frozenset({"cancelled_early", "cancelled_late"})
WITHOUT_YES: frozenset[ParticipantState] = frozenset({"invited", *CANCELLED})
NEVER_EXPECTED: frozenset[ParticipantState] = frozenset({"waitlisted", "cancelled_early", "cancelled_late"})
"""They may turn up after all, but cannot be missing."""


class ImpossibleMove(Refused):
    """The state machine has no such arrow."""


def accept(state: ParticipantState, *, seat_free: bool) -> ParticipantState:
    """The state after yes. Saying it twice changes nothing. Raises ImpossibleMove once attendance is recorded."""
    if state in OUTCOMES:
        raise _impossible(state, "accept")
    if state in {"registered", "waitlisted"}:
        return state
    return "registered" if seat_free else "waitlisted"


def decline(state: ParticipantState, starts_at: datetime, now: datetime) -> ParticipantState:
    """The state after no; whoever waits for a seat holds up nobody. Raises ImpossibleMove once attendance is known."""
    if state in OUTCOMES:
        raise _impossible(state, "decline")
    if state in CANCELLED:
        return state
    late = state != "waitlisted" and starts_at - now < LATE
    return "cancelled_late" if late else "cancelled_early"


def record(state: ParticipantState, outcome: Outcome) -> ParticipantState:
    """The state once it is known who was there; a correction is one more record. Raises ImpossibleMove."""
    if state in NEVER_EXPECTED and outcome != "attended":
        raise _impossible(state, outcome)
    return outcome


def _impossible(state: ParticipantState, move: str) -> ImpossibleMove:
    return ImpossibleMove(f"From {state} there is no way to {move}.", state=state, move=move)
