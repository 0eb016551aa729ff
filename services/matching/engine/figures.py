"""What a programme's owner weighs before a round is published: how many it reaches, how evenly, how far across."""

from collections import Counter
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from services.matching.engine.parity import parity
from services.matching.engine.people import Match, Outcome, Problem

CARRYING = frozenset({"teacher", "buddy", "facilitator"})


def figures(problem: Problem, outcome: Outcome) -> dict[str, Any]:
    """Coverage, evenness and mixture of a round; shares are None where there is nothing to share."""
    people = {person.id: person for person in problem.people}
    unmatched = frozenset(left.person for left in outcome.unmatched)
    waiting = [one for one in problem.asked if one in people and people[one].waited]
    given = Counter(person for match in outcome.matches for person, role in match.members if role in CARRYING)
    leads = any(role == "facilitator" for match in outcome.matches for _, role in match.members)
    pool = [
        one
        for one in problem.people
        if one.id in given or (one.available and (one.facilitator_ready if leads else one.offers and one.slots > 0))
    ]
    loads = [(one.facilitating if leads else one.load) + given[one.id] for one in pool]
    return {
        "coverage": _share(len(problem.asked) - len(unmatched), len(problem.asked)),
        "coverage_of_those_who_waited": _share(sum(one not in unmatched for one in waiting), len(waiting)),
        "cross_unit_share": _mixed(outcome.matches, {one: person.unit for one, person in people.items()}),
        "cross_site_share": _mixed(outcome.matches, {one: person.site for one, person in people.items()}),
        "mean_score": _share(outcome.value, len(outcome.matches)),
        "load_gini": gini(loads),
        "most_loaded": max(loads, default=0),
        "idle": loads.count(0),
        "parity": parity(problem, unmatched),
    }


def gini(values: Sequence[int]) -> float | None:
    """0 where everybody carries the same, towards 1 where one carries all; zeros count."""
    total, count = sum(values), len(values)
    if not total:
        return None
    ranked = sum(rank * value for rank, value in enumerate(sorted(values), 1))
    return round(2 * ranked / (count * total) - (count + 1) / count, 4)


def _mixed(matches: Sequence[Match], of: dict[UUID, str]) -> float | None:
    """The share of matches whose people, but for the facilitator, are not all from one place."""
    mixed = sum(len({of[one] for one, role in match.members if role != "facilitator"}) > 1 for match in matches)
    return _share(mixed, len(matches))


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None
