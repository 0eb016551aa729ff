"""One round, whatever it forms."""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple
from uuid import UUID

from services.matching.engine import buddies, cut, groups, pairs
from services.matching.engine.cut import Found
from services.matching.engine.figures import figures
from services.matching.engine.people import Outcome, Problem

VERSION = 2
"""Of the engine: whatever may make another round of the same people, rules and seed counts it up."""
SOLVERS: Mapping[str, Callable[[Problem], Outcome]] = MappingProxyType(
    {"pair": pairs.solve, "circle": groups.solve, "buddy": buddies.solve}
)


class Run(NamedTuple):
    """A round that was solved: digests of what went in and came out, and what to say of it."""

    digest: str
    outcome: Outcome
    output_digest: str
    figures: dict[str, Any]


class Parts(NamedTuple):
    """The people of each part of a round, the digest of the whole, and whether feasible pairs lie across two parts."""

    digest: str
    people: tuple[tuple[UUID, ...], ...]
    severed: bool


def run(kind: str, problem: Problem) -> Run:
    """Solve a round and describe it."""
    return described(problem, solve(kind, problem))


def parts(problem: Problem) -> Parts:
    """What a large round is cut into."""
    found = cut.cut(problem, problem.rules.part_people)
    people = tuple(tuple(person.id for person in part.people) for part in found.parts)
    return Parts(digest(problem), people, found.severed)


def part(problem: Problem) -> Found:
    """One of them solved."""
    return cut.solve(problem)


def finish(problem: Problem, *, found: Sequence[Found], severed: bool) -> Run:
    """A round of pairs whose parts were solved elsewhere."""
    return described(problem, cut.join(problem, found, severed=severed))


def described(problem: Problem, outcome: Outcome) -> Run:
    """What to say of a round."""
    written = hashlib.sha256(write(outcome)).hexdigest()
    return Run(digest(problem), outcome, written, figures(problem, outcome))


def solve(kind: str, problem: Problem) -> Outcome:
    """Matches and unmatched people of a round; the same for the same problem, wherever and however often it runs."""
    if is_cut(kind, problem):
        return cut.whole(problem)
    return SOLVERS[kind](problem)


def is_cut(kind: str, problem: Problem) -> bool:
    """Whether the rules have the round solved in parts."""
    return kind == "pair" and len(problem.people) > problem.rules.part_people


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
