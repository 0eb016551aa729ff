"""Free seats of a session; a hybrid one may tell those in the room from those for people far away."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from services.sessions.domain.attendance import ParticipantState
from shared.refusal import InvalidRequest, Refused

Attends = Literal["in_person", "remote"]
KINDS: tuple[Attends, ...] = ("in_person", "remote")


class NoSeatOfThatKind(Refused):
    """What one would change to is full; the seat or the place one has stays."""


@dataclass(frozen=True, slots=True)
class Seats:
    """How many are free; `apart`: of each kind, where the session tells them apart."""

    free: int
    apart: Mapping[Attends, int] | None = None

    def kind(self, said: Attends | None, held: Attends | None, state: ParticipantState) -> Attends | None:
        """Which kind a yes is for. Unsaid it stays what is held, or else is the first with a free seat, the room's.

        Raises InvalidRequest where seats are not told apart.
        """
        if self.apart is None:
            _check_unsaid(said)
            return None
        if said is None and state in {"registered", "waitlisted"}:
            return held
        return said or next((kind for kind in KINDS if self.apart[kind] > 0), KINDS[0])

    def of(self, wanted: Attends | None) -> int:
        """How many are free of a kind, or of whichever has most. Raises InvalidRequest where they are not apart."""
        if self.apart is None:
            _check_unsaid(wanted)
            return max(0, self.free)
        return max(0, self.apart[wanted] if wanted else max(self.apart.values()))

    def is_free(self, kind: Attends | None) -> bool:
        """Whether one more of that kind has a seat."""
        return (self.free if self.apart is None or kind is None else self.apart[kind]) > 0


def _check_unsaid(said: Attends | None) -> None:
    if said is not None:
        raise InvalidRequest.naming("attends", "is for sessions with seats in the room and remote ones apart")
