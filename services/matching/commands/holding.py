"""What of a preview holds at its publication, asked of its people as they are by then."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple
from uuid import UUID

from services.matching.commands.problems import inside
from services.matching.domain.match import Match, Member
from services.matching.engine import standing
from services.matching.engine.people import Person, Problem

CARRYING = frozenset({"teacher", "buddy"})
PASSING: dict[str, Any] = {
    "tenure_days": 0,
    "waited": 0,
    "hosted": 0,
    "load": 0,
    "facilitating": 0,
    "slots": 0,
    "places": 0,
    "utc_offset": 0,
    "agreed_minutes": 0,
    "new_host": False,
}
"""What may change between a preview and its publication without touching a match: it is asked whether there is room,
and whether they can still meet."""


class Held(NamedTuple):
    """Matches that stand, circles that stand but for who was to lead them, and those that do not."""

    standing: list[Match]
    leaderless: list[Match]
    lost: list[Match]


class _Room:
    """What this publication has taken of people so far."""

    def __init__(self, people: Mapping[UUID, Person], circles: int) -> None:
        self._people, self._circles = people, circles
        self._taken: Counter[UUID] = Counter()
        self._taught: Counter[UUID] = Counter()
        self._led: Counter[UUID] = Counter()

    def has(self, member: Member) -> bool:
        """Whether somebody is free for this; a newcomer is before the first day."""
        person = self._people[member.person_id]
        if not (person.available or member.role == "newcomer") or self._taken[person.id] >= person.places:
            return False
        if member.role == "facilitator":
            return person.facilitating + self._led[person.id] < self._circles
        return member.role not in CARRYING or self._taught[person.id] < person.slots

    def take(self, members: Sequence[Member]) -> None:
        """These are promised."""
        self._taken.update(member.person_id for member in members)
        self._taught.update(member.person_id for member in members if member.role in CARRYING)
        self._led.update(member.person_id for member in members if member.role == "facilitator")

    def give_back(self, members: Sequence[Member]) -> None:
        """They are not: the exchange of a pair that held does not."""
        self._taken.subtract(member.person_id for member in members)
        self._taught.subtract(member.person_id for member in members if member.role in CARRYING)


def hold(before: Problem, now: Problem, preview: Sequence[Match]) -> Held:
    """Whose people are as they were (same place, skills and managers), still asked, still free, and can still meet.

    An exchange holds with all of its legs or not at all.
    """
    is_ = {person.id: person for person in now.people}
    was = {person.id: inside(person, is_.keys()) for person in before.people if person.id in is_}
    room = _Room(is_, before.rules.facilitator_circles)
    groups = [*(match.participants for match in preview), *(_everybody(match) for match in preview)]
    hindered = standing.hindrance(replace(now, rules=before.rules), groups)
    apart = dict(zip((match.match_id for match in preview), hindered, strict=False))
    unled = dict(zip((match.match_id for match in preview), hindered[len(preview) :], strict=True))

    def holds(match: Match) -> bool:
        led = match.kind == "circle"
        others = [member for member in match.members if member.role != "facilitator"]
        return not (
            apart[match.match_id]
            or len(others) < (before.size_min if led else 2)
            or not all(one in now.asked for one in match.participants if one in before.asked)
            or not all(_same(was, is_, one, in_line=led) for one in match.participants)
            or not all(map(room.has, others))
            or (not led and tuple(sorted(match.participants)) in now.recent)
        )

    def is_led(match: Match) -> bool:
        leaders = [member for member in match.members if member.role == "facilitator"]
        fit = all(_same(was, is_, one.person_id, in_line=True) and room.has(one) for one in leaders)
        return match.kind != "circle" or (bool(leaders) and unled[match.match_id] is None and fit)

    held = Held([], [], [])
    for legs in _together(preview):
        taken: list[Match] = []
        led = True
        while len(taken) < len(legs) and holds(match := legs[len(taken)]):
            led = is_led(match)
            taken.append(match)
            room.take((match if led else match.led_by(None)).members)
        if len(taken) == len(legs):
            (held.standing if led else held.leaderless).extend(legs)
            continue
        held.lost.extend(legs)
        for match in taken:
            room.give_back(match.members)
    return held


def _together(preview: Sequence[Match]) -> list[list[Match]]:
    """The matches, those of one exchange together."""
    found: dict[UUID, list[Match]] = defaultdict(list)
    for match in preview:
        found[match.ring_id or match.match_id].append(match)
    return list(found.values())


def _everybody(match: Match) -> list[UUID]:
    return [member.person_id for member in match.members]


def _same(was: Mapping[UUID, Person], is_: Mapping[UUID, Person], one: UUID, *, in_line: bool) -> bool:
    if one not in was or one not in is_ or was[one]._replace(**PASSING) != is_[one]._replace(**PASSING):
        return False
    return not in_line or _line(was, one) == _line(is_, one)


def _line(people: Mapping[UUID, Person], one: UUID) -> list[UUID]:
    """Everybody above somebody."""
    line: list[UUID] = []
    manager = people[one].manager
    while manager is not None and manager in people and manager not in line:
        line.append(manager)
        manager = people[manager].manager
    return line
