"""What of a preview holds at its publication, asked of its people as they are by then."""

from collections import Counter, defaultdict
from collections.abc import Container, Mapping, Sequence
from dataclasses import replace
from operator import itemgetter
from typing import NamedTuple, TypeAlias
from uuid import UUID

from services.matching.domain.match import Match, Member
from services.matching.engine import standing
from services.matching.engine.people import Person, Problem

CARRYING = frozenset({"teacher", "buddy"})
PASSING = frozenset({
    "tenure_days",
    "waited",
    "hosted",
    "load",
    "facilitating",
    "slots",
    "places",
    "utc_offset",
    "agreed_minutes",
    "new_host",
})  # fmt: skip
"""What may change between a preview and its publication without touching a match: it is asked whether there is room,
and whether they can still meet."""
OTHERS = frozenset({"manager", "not_with"})
"""Who is somebody else, and may not be known any more."""
LASTING = itemgetter(*(place for place, name in enumerate(Person._fields) if name not in PASSING | OTHERS))

Line: TypeAlias = Mapping[UUID, UUID | None]
"""Managers of people, and of those in turn."""


class Held(NamedTuple):
    """Matches that stand, circles that stand but for who was to lead them, and those that do not."""

    standing: list[Match]
    leaderless: list[Match]
    lost: list[Match]


class _Room:
    """What these matches have taken of people so far; what earlier ones have is stored, and counts as anything else."""

    def __init__(self, circles: int) -> None:
        self._circles = circles
        self._taken, self._taught, self._led = Counter[UUID](), Counter[UUID](), Counter[UUID]()

    def has(self, person: Person, role: str) -> bool:
        """Whether somebody is free for this; a newcomer is before the first day."""
        if not (person.available or role == "newcomer") or self._taken[person.id] >= person.places:
            return False
        if role == "facilitator":
            return person.facilitating + self._led[person.id] < self._circles
        return role not in CARRYING or self._taught[person.id] < person.slots

    def take(self, members: Sequence[Member], times: int = 1) -> None:
        """These are promised; or, minus one times, are not: the exchange of a pair that held does not."""
        for member in members:
            self._taken[member.person_id] += times
            self._taught[member.person_id] += times * (member.role in CARRYING)
            self._led[member.person_id] += times * (member.role == "facilitator")


def hold(before: Problem, now: Problem, lines: tuple[Line, Line], preview: Sequence[Match]) -> Held:
    """Whose people are as they were (same place, skills and managers), still asked, still free, and can still meet.

    An exchange holds with all of its legs or not at all. `before` and `now` know of everybody in these matches, and
    `lines` who was, and is, above them and above those in turn.
    """
    page = _Page(before, now, lines, preview)
    held = Held([], [], [])
    for legs in _together(preview):
        taken: list[Sequence[Member]] = []
        led = True
        while len(taken) < len(legs) and page.holds(match := legs[len(taken)]):
            led = page.is_led(match)
            taken.append((match if led else match.led_by(None)).members)
            page.room.take(taken[-1])
        if len(taken) == len(legs):
            (held.standing if led else held.leaderless).extend(legs)
            continue
        held.lost.extend(legs)
        for members in taken:
            page.room.take(members, -1)
    return held


class _Page:
    """Some matches of a round, and their people as they were and as they are."""

    def __init__(self, before: Problem, now: Problem, lines: tuple[Line, Line], preview: Sequence[Match]) -> None:
        self._before, self._now = before, now
        self.room = _Room(before.rules.facilitator_circles)
        self._line_was, self._line_is = lines
        self._was = {person.id: person for person in before.people}
        self._is = {person.id: person for person in now.people}
        groups = [*(match.participants for match in preview), *(_everybody(match) for match in preview)]
        hindered = standing.hindrance(replace(now, rules=before.rules), groups)
        self._apart = dict(zip((match.match_id for match in preview), hindered, strict=False))
        self._unled = dict(zip((match.match_id for match in preview), hindered[len(preview) :], strict=True))

    def holds(self, match: Match) -> bool:
        """Whether it would stand with whoever leads it, or with somebody else."""
        led = match.kind == "circle"
        others = [member for member in match.members if member.role != "facilitator"]
        return not (
            self._apart[match.match_id]
            or len(others) < (self._before.size_min if led else 2)
            or not all(one in self._now.asked for one in match.participants if one in self._before.asked)
            or not all(self._same(one, in_line=led) for one in match.participants)
            or not all(map(self._is_free, others))
            or (not led and tuple(sorted(match.participants)) in self._now.recent)
        )

    def is_led(self, match: Match) -> bool:
        """Whether nobody needs to lead it, or whoever was to still may."""
        leaders = [member for member in match.members if member.role == "facilitator"]
        fit = all(self._same(one.person_id, in_line=True) and self._is_free(one) for one in leaders)
        return match.kind != "circle" or (bool(leaders) and self._unled[match.match_id] is None and fit)

    def _same(self, one: UUID, *, in_line: bool) -> bool:
        was, is_ = self._was.get(one), self._is.get(one)
        if was is None or is_ is None or LASTING(was) != LASTING(is_) or self._avoids(was) != self._avoids(is_):
            return False
        known, up = self._line_is.keys(), _above if in_line else _manager
        return up(self._line_was, one, known) == up(self._line_is, one, known)

    def _avoids(self, person: Person) -> list[UUID]:
        return [other for other in person.not_with if other in self._line_is]

    def _is_free(self, member: Member) -> bool:
        return self.room.has(self._is[member.person_id], member.role)


def _together(preview: Sequence[Match]) -> list[list[Match]]:
    """The matches, those of one exchange together."""
    found: dict[UUID, list[Match]] = defaultdict(list)
    for match in preview:
        found[match.ring_id or match.match_id].append(match)
    return list(found.values())


def _everybody(match: Match) -> list[UUID]:
    return [member.person_id for member in match.members]


def _manager(line: Line, one: UUID, known: Container[UUID]) -> UUID | None:
    manager = line.get(one)
    return manager if manager in known else None


def _above(line: Line, one: UUID, known: Container[UUID]) -> list[UUID]:
    """Everybody above somebody, as far as they are known."""
    above: list[UUID] = []
    manager = line.get(one)
    while manager is not None and manager in known and manager not in above:
        above.append(manager)
        manager = line.get(manager)
    return above
