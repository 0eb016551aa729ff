"""What a circle is worth and whether it may be: the rules that forming and improving circles share."""

from collections.abc import Sequence

import numpy as np

from services.matching.engine.constraints import above_or_below
from services.matching.engine.people import Problem, Term
from services.matching.engine.population import Ints, Population, contains

TENURE_BANDS = (180, 730, 1825)
HALF_HOURS_A_POINT = 2


class Judge:
    """Scores circles and refuses impossible ones; lists instead of arrays, as circles are small."""

    def __init__(self, pop: Population, problem: Problem) -> None:
        self.pop = pop
        self.rules = problem.rules
        weights = problem.rules.weights
        self._weights = weights
        self._mixed = (
            ("mixed_units", weights["mixed_units"], pop.unit.tolist()),
            ("mixed_functions", weights["mixed_functions"], pop.function.tolist()),
            ("mixed_tenure", weights["mixed_tenure"], np.digitize(pop.tenure, TENURE_BANDS).tolist()),
        )
        self._function = pop.function.tolist()
        self._hours = pop.hours.tolist()
        self._days = pop.days.tolist()
        self._languages = [sum(int(word) << (64 * place) for place, word in enumerate(row)) for row in pop.languages]
        self._enters = pop.enters.tolist()
        self._leaves = pop.leaves.tolist()
        self._apart = set(pop.apart.tolist())
        self.wants = _by_skill(pop.needs.skill, pop.needs.person)
        self.knows = _by_skill(pop.offers.skill, pop.offers.person)

    def terms(self, members: Sequence[int], topic: int | None) -> list[Term]:
        """The terms of a circle's score, its facilitator's apart."""
        skill = None if topic is None else self.pop.skills[topic]
        found = []
        if topic is not None:
            wants, knows = self.wants.get(topic, frozenset()), self.knows.get(topic, frozenset())
            found.append(Term("shared_need", self._weights["shared_need"] * len(wants.intersection(members)), skill))
            if not knows.isdisjoint(members):
                found.append(Term("can_contribute", self._weights["can_contribute"], skill))
        found += [
            Term(code, weight * (len({values[member] for member in members}) - 1))
            for code, weight, values in self._mixed
        ]
        spare = self._common(self._hours, members).bit_count() - self.rules.common_half_hours
        found.append(Term("common_hours", min(spare // HALF_HOURS_A_POINT, self._weights["common_hours"])))
        return [term for term in found if term.points]

    def score(self, members: Sequence[int], topic: int | None) -> int:
        """The sum of the terms."""
        return sum(term.points for term in self.terms(members, topic))

    def may_be(self, members: Sequence[int]) -> bool:
        """Whether no hard constraint speaks against these people together."""
        return (
            self._common(self._hours, members).bit_count() >= self.rules.common_half_hours
            and self._common(self._days, members) != 0
            and self._common(self._languages, members) != 0
            and len({self._function[member] for member in members}) >= self.rules.min_functions
            and not any(
                self._kept_apart(one, other) for place, one in enumerate(members) for other in members[place + 1 :]
            )
        )

    def fits(self, members: Sequence[int], others: Ints) -> Ints:
        """Which of `others` could join the members, leaving aside the mix of functions."""
        pop, inside = self.pop, np.array(members, np.int64)
        hours = pop.hours[others] & np.bitwise_and.reduce(pop.hours[inside])
        days = pop.days[others] & np.bitwise_and.reduce(pop.days[inside])
        spoken = pop.languages[others] & np.bitwise_and.reduce(pop.languages[inside])
        good = (np.bitwise_count(hours) >= self.rules.common_half_hours) & (days != 0) & spoken.any(-1)
        others = others[good]
        one, other = others[:, None], inside[None, :]
        bad = above_or_below(pop, one, other) | contains(pop.apart, pop.keys(one, other)) | (one == other)
        found: Ints = others[~bad.any(1)]
        return found

    def gains(self, members: Sequence[int], others: Ints, topic: int | None) -> Ints:
        """Roughly what each of `others` would add: what the greedy choice goes by."""
        gain = np.zeros(len(others), np.int64)
        inside = np.array(members, np.int64)
        for weight, column in (
            (self._weights["mixed_units"], self.pop.unit),
            (self._weights["mixed_functions"], self.pop.function),
        ):
            gain += weight * ~np.isin(column[others], column[inside])
        if topic is not None:
            wants = np.fromiter(self.wants.get(topic, ()), np.int64)
            gain += self._weights["shared_need"] * np.isin(others, wants)
        common = self.pop.hours[others] & np.bitwise_and.reduce(self.pop.hours[inside])
        gain += np.bitwise_count(common).astype(np.int64)
        return gain

    def most(self, size: int) -> int:
        """More than this no circle of a size can score, its facilitator included."""
        weights = self._weights
        mixed = weights["mixed_units"] + weights["mixed_functions"] + weights["mixed_tenure"]
        whole = weights["can_contribute"] + weights["common_hours"]
        whole += weights["neutral_facilitator"] + weights["cross_unit"]
        return size * weights["shared_need"] + (size - 1) * mixed + whole

    @staticmethod
    def _common(masks: Sequence[int], members: Sequence[int]) -> int:
        common = masks[members[0]]
        for member in members[1:]:
            common &= masks[member]
        return common

    def _kept_apart(self, one: int, other: int) -> bool:
        low, high = sorted((self._enters[one], self._enters[other]))
        upper = one if self._enters[one] == low else other
        if low < high <= self._leaves[upper]:
            return True
        return min(one, other) * len(self.pop) + max(one, other) in self._apart


def _by_skill(skill: Ints, person: Ints) -> dict[int, frozenset[int]]:
    found: dict[int, set[int]] = {}
    for one, who in zip(skill.tolist(), person.tolist(), strict=True):
        found.setdefault(one, set()).add(who)
    return {one: frozenset(people) for one, people in found.items()}
