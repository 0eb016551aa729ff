"""Whose turn it is to facilitate: the least loaded for the time they have agreed to give, new ones not flooded."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from services.sessions.domain.hours import Hours

DEFAULT_WEIGHT = 240
"""Agreed minutes a month of somebody whose budget is not known."""


@dataclass(frozen=True, slots=True)
class Host:
    """Somebody who may facilitate. `assigned`: minutes this month, sessions and their preparation."""

    person_id: UUID
    hours: Hours
    agreed: int
    assigned: int
    ready_since: date | None


@dataclass(frozen=True, slots=True)
class Turn:
    """A host and their load: assigned minutes for each agreed one."""

    host: Host
    load: float

    @property
    def why(self) -> str:
        """The reason, for everybody to see."""
        return f"Above nobody in the group, free at its times, and next in turn: {self.load:.0%} of their time is taken"


def in_turn(pool: Iterable[Host], today: date) -> list[Turn]:
    """The next first. Whoever became ready this month starts at the pool's weighted mean; ties go by id."""
    hosts = [host for host in pool if host.agreed > 0]
    start = mean_load(hosts, today)
    turns = [Turn(host, host.assigned / host.agreed + (start if _is_new(host, today) else 0.0)) for host in hosts]
    return sorted(turns, key=lambda turn: (turn.load, turn.host.person_id))


def mean_load(hosts: Sequence[Host], today: date) -> float:
    """What those who were there before this month have on average, weighted by the time they give."""
    older = [host for host in hosts if not _is_new(host, today)]
    agreed = sum(host.agreed for host in older)
    return sum(host.assigned for host in older) / agreed if agreed else 0.0


def _is_new(host: Host, today: date) -> bool:
    return host.ready_since is not None and host.ready_since >= today.replace(day=1)
