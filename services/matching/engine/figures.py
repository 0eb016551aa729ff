"""What a programme's owner weighs before a round is published: how many it reaches, how evenly, how far across."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from services.matching.engine.parity import parity, tenure
from services.matching.engine.people import Outcome, Person, Problem

CARRYING = frozenset({"teacher", "buddy", "facilitator"})


class Seen(NamedTuple):
    """What the figures ask of one person: a round may be told again of a million, so it is little."""

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
    tally = Tally({person.id: seen(person, asked=person.id in problem.asked) for person in problem.people})
    tally.add(match.members for match in outcome.matches)
    return tally.figures(frozenset(left.person for left in outcome.unmatched), outcome.value)


class Tally:
    """The same, told its matches some at a time."""

    def __init__(self, people: Mapping[UUID, Seen]) -> None:
        self._people = people
        self._given: Counter[UUID] = Counter()
        self._matches = self._across_units = self._across_sites = 0
        self._led = False

    def add(self, matches: Iterable[Sequence[tuple[UUID, str]]]) -> None:
        """Who is in each of these matches, as what."""
        for members in matches:
            self._given.update(person for person, role in members if role in CARRYING)
            self._led = self._led or any(role == "facilitator" for _, role in members)
            together = [self._people[person] for person, role in members if role != "facilitator"]
            self._matches += 1
            self._across_units += len({one.unit for one in together}) > 1
            self._across_sites += len({one.site for one in together}) > 1

    def figures(self, unmatched: Collection[UUID], value: int) -> dict[str, Any]:
        """Of all of them, where these people are left out and the scores add up to `value`."""
        asked = {one: person for one, person in self._people.items() if person.asked}
        waiting = [one for one, person in asked.items() if person.waited]
        loads = [
            (person.facilitating if self._led else person.load) + self._given[one]
            for one, person in self._people.items()
            if one in self._given or (person.leads if self._led else person.teaches)
        ]
        return {
            "coverage": _share(len(asked) - len(unmatched), len(asked)),
            "coverage_of_those_who_waited": _share(sum(one not in unmatched for one in waiting), len(waiting)),
            "cross_unit_share": _share(self._across_units, self._matches),
            "cross_site_share": _share(self._across_sites, self._matches),
            "mean_score": _share(value, self._matches),
            "load_gini": gini(loads),
            "most_loaded": max(loads, default=0),
            "idle": loads.count(0),
            "parity": parity(
                (person.tenure, person.site, person.function, one not in unmatched) for one, person in asked.items()
            ),
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
