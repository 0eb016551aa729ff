"""One round, whatever it forms."""

import hashlib
from collections.abc import Callable, Mapping
from types import MappingProxyType

from services.matching.engine import buddies, groups, pairs
from services.matching.engine.people import Outcome, Problem

SOLVERS: Mapping[str, Callable[[Problem], Outcome]] = MappingProxyType(
    {"pair": pairs.solve, "circle": groups.solve, "buddy": buddies.solve}
)


def solve(kind: str, problem: Problem) -> Outcome:
    """Matches and unmatched people of a round; the same for the same problem, wherever and however often it runs."""
    return SOLVERS[kind](problem)


def digest(problem: Problem) -> str:
    """SHA-256 of a round's input but for its seed: equal inputs, rules and seeds make equal rounds."""
    values = (
        sorted(problem.people, key=lambda person: person.id),
        sorted(problem.asked),
        sorted(problem.recent),
        sorted(problem.skills),
        problem.in_person,
        problem.size_min,
        problem.size_max,
        problem.rules.stored(),
    )
    return hashlib.sha256(repr(values).encode()).hexdigest()
