"""What a programme's owner weighs before a round is published: how many it reaches, how evenly, how far across."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import compress
from typing import Any, NamedTuple
from uuid import UUID

from services.matching.engine.parity import parity, tenure
from services.matching.engine.people import Outcome, Person, Problem

CARRYING = frozenset({"teacher", "buddy", "facilitator"})


class Seen(NamedTuple):
    """What the figures ask of one person."""

    asked: bool
    waited: bool
    unit: str
    site: str
    function: str
    tenure: str
    teaches: bool
    leads: bool
    load: int
    facilitating: int


def seen(person: Person, *, asked: bool) -> Seen:
    """One person, as the figures see them."""
    return Seen(
        asked,
        person.waited > 0,
        person.unit,
        person.site,
        person.function or "none",
        tenure(person),
        person.available and bool(person.offers) and person.slots > 0,
        person.available and person.facilitator_ready,
        person.load,
        person.facilitating,
    )


def figures(problem: Problem, outcome: Outcome) -> dict[str, Any]:
    """Coverage, evenness and mixture of a round; shares are None where there is nothing to share."""
    given = Counter(person for match in outcome.matches for person, role in match.members if role in CARRYING)
    left = {one.person for one in outcome.unmatched}
    people = {one.id: one for one in problem.people}
    tally = Tally()
    tally.add_people(
        (seen(person, asked=one in problem.asked), given[one], one in left) for one, person in people.items()
    )
    tally.add_matches(_mixed(people, match.members) for match in outcome.matches)
    return tally.figures(outcome.value)


def _mixed(people: Mapping[UUID, Person], members: Sequence[tuple[UUID, str]]) -> "Mixed":
    together = [people[person] for person, role in members if role != "facilitator"]
    units, sites = {one.unit for one in together}, {one.site for one in together}
    return Mixed(len(units) > 1, len(sites) > 1, len(together) < len(members))


class Mixed(NamedTuple):
    """What the figures ask of one match."""

    units: bool
    """People of several are in it."""
    sites: bool
    led: bool
    """It has a facilitator."""


class Tally:
    """The same, told people and matches some at a time: what it holds does not grow with them."""

    def __init__(self) -> None:
        self._asked: Counter[tuple[str, str, str, bool]] = Counter()
        self._waited: Counter[bool] = Counter()
        self._teaching: Counter[int] = Counter()
        self._leading: Counter[int] = Counter()
        self._matches: Counter[str] = Counter()

    def add_people(self, people: Iterable[tuple[Seen, int, bool]]) -> None:
        """Each with how many they were given to teach or to lead, and whether they were left out."""
        for one, given, left in people:
            if one.asked:
                self._asked[one.tenure, one.site, one.function, not left] += 1
            if one.asked and one.waited:
                self._waited[not left] += 1
            if given or one.teaches:
                self._teaching[one.load + given] += 1
            if given or one.leads:
                self._leading[one.facilitating + given] += 1

    def add_matches(self, matches: Iterable[Mixed]) -> None:
        """Whom each brings together."""
        for one in matches:
            self._matches.update(["all", *compress(Mixed._fields, one)])

    def figures(self, value: int) -> dict[str, Any]:
        """Of all of them, where their scores add up to `value`."""
        found, matches = self._matches, self._matches["all"]
        loads = self._leading if found["led"] else self._teaching
        matched = sum(people for (*_, matched), people in self._asked.items() if matched)
        return {
            "coverage": _share(matched, self._asked.total()),
            "coverage_of_those_who_waited": _share(self._waited[True], self._waited.total()),
            "cross_unit_share": _share(found["units"], matches),
            "cross_site_share": _share(found["sites"], matches),
            "mean_score": _share(value, matches),
            "load_gini": gini([*loads.elements()]),
            "most_loaded": max(loads, default=0),
            "idle": loads[0],
            "parity": parity(self._asked.elements()),
        }


def gini(values: Sequence[int]) -> float | None:
    """0 where everybody carries the same, towards 1 where one carries all; zeros count."""
    total, count = sum(values), len(values)
    if not total:
        return None
    ranked = sum(rank * value for rank, value in enumerate(sorted(values), 1))
    return round(2 * ranked / (count * total) - (count + 1) / count, 4)


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None
