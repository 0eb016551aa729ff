"""One round, whatever it forms."""

import hashlib
import json
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from services.matching.engine import buddies, groups, pairs
from services.matching.engine.figures import figures
from services.matching.engine.people import Outcome, Problem

SOLVERS: Mapping[str, Callable[[Problem], Outcome]] = MappingProxyType(
    {"pair": pairs.solve, "circle": groups.solve, "buddy": buddies.solve}
)


class Run(NamedTuple):
    """A round that was solved: digests of what went in and came out, and what to say of it."""

    digest: str
    outcome: Outcome
    output_digest: str
    figures: dict[str, Any]


def run(kind: str, problem: Problem) -> Run:
    """Solve a round and describe it."""
    outcome = solve(kind, problem)
    written = hashlib.sha256(write(outcome)).hexdigest()
    return Run(digest(problem), outcome, written, figures(problem, outcome))


def solve(kind: str, problem: Problem) -> Outcome:
    """Matches and unmatched people of a round; the same for the same problem, wherever and however often it runs."""
    return SOLVERS[kind](problem)


def write(outcome: Outcome) -> bytes:
    """A round's whole output as JSON Lines, byte for byte the same for the same input: a match or a person a line."""
    head = {"value": outcome.value, "bound": outcome.bound, "notes": outcome.notes}
    matches = ({"members": match.members, "skill": match.skill, "terms": match.terms} for match in outcome.matches)
    left = (
        {"person": one.person, "reason": one.reason, "left": one.left, "opens": one.opens, "change": one.change}
        for one in outcome.unmatched
    )
    return b"".join(
        json.dumps(line, default=str, separators=(",", ":"), sort_keys=True).encode() + b"\n"
        for line in (head, *matches, *left)
    )


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
