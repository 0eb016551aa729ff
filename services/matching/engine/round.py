"""One round, whatever it forms."""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain
from types import MappingProxyType
from typing import Any, NamedTuple, Protocol
from uuid import UUID

from services.matching.engine import buddies, cut, cut_circles, groups, pairs
from services.matching.engine.cut import Cut, Found
from services.matching.engine.figures import figures
from services.matching.engine.people import Outcome, Problem
from services.matching.engine.rules import Rules

VERSION = 17
"""Of the engine: whatever may make another round of the same people, rules and seed counts it up."""
SOLVERS: Mapping[str, Callable[[Problem], Outcome]] = MappingProxyType(
    {"pair": pairs.solve, "circle": groups.solve, "buddy": buddies.solve}
)


class Join(Protocol):
    """How parts become a round."""

    def __call__(self, problem: Problem, found: Sequence[Found], *, severed: bool) -> Outcome:
        """Put together what came of them."""


class Cutter(NamedTuple):
    """How a round of one kind is cut, a part of it solved, and the whole put together."""

    cut: Callable[[Problem, int], Cut]
    solve: Callable[[Problem], Found]
    join: Join


CUTTERS: Mapping[str, Cutter] = MappingProxyType(
    {
        "pair": Cutter(cut.cut, cut.solve, cut.join),
        "circle": Cutter(cut_circles.cut, cut_circles.solve, cut_circles.join),
    }
)


class Run(NamedTuple):
    """A round that was solved: digests of what went in and came out, and what to say of it."""

    digest: str
    outcome: Outcome
    output_digest: str
    figures: dict[str, Any]


class Parts(NamedTuple):
    """What a round is cut into, the digest of the whole, and whether feasible matches lie across two parts."""

    digest: str
    people: tuple[tuple[UUID, ...], ...]
    """Of each part."""
    beside: tuple[tuple[UUID, ...], ...]
    """Those among them who are placed in another part, or nowhere."""
    severed: bool


def run(kind: str, problem: Problem) -> Run:
    """Solve a round and describe it."""
    return described(problem, solve(kind, problem))


def parts(kind: str, problem: Problem) -> Parts:
    """What a large round is cut into."""
    found = CUTTERS[kind].cut(problem, problem.rules.part_people)
    people = tuple(tuple(person.id for person in part.people) for part in found.parts)
    beside = tuple(
        tuple(one.id for one in part.people if one.id in problem.asked and one.id not in part.asked)
        for part in found.parts
    )
    return Parts(digest(problem), people, beside, found.severed)


def part(kind: str, problem: Problem) -> Found:
    """One of them solved."""
    return CUTTERS[kind].solve(problem)


def finish(kind: str, problem: Problem, *, found: Sequence[Found], severed: bool) -> Run:
    """A round whose parts were solved elsewhere."""
    return described(problem, CUTTERS[kind].join(problem, found, severed=severed))


def described(problem: Problem, outcome: Outcome) -> Run:
    """What to say of a round."""
    written = hashlib.sha256()
    for line in lines(outcome):
        written.update(line)
    return Run(digest(problem), outcome, written.hexdigest(), figures(problem, outcome))


def solve(kind: str, problem: Problem) -> Outcome:
    """Matches and unmatched people of a round; the same for the same problem, wherever and however often it runs."""
    if is_cut(kind, problem.rules, len(problem.people)):
        cutter = CUTTERS[kind]
        parts = cutter.cut(problem, problem.rules.part_people)
        return cutter.join(problem, [cutter.solve(part) for part in parts.parts], severed=parts.severed)
    return SOLVERS[kind](problem)


def is_cut(kind: str, rules: Rules, people: int) -> bool:
    """Whether the rules have a round of so many people solved in parts."""
    return kind in CUTTERS and people > rules.part_people


def lines(outcome: Outcome) -> Iterator[bytes]:
    """A round's whole output as JSON Lines, byte for byte the same for the same input: a match or a person a line."""
    head = {"value": outcome.value, "bound": outcome.bound, "notes": outcome.notes}
    matches = ({"members": match.members, "skill": match.skill, "terms": match.terms} for match in outcome.matches)
    left = (
        {"person": one.person, "reason": one.reason, "left": one.left, "opens": one.opens, "change": one.change}
        for one in outcome.unmatched
    )
    for line in chain((head,), matches, left):
        yield json.dumps(line, default=str, separators=(",", ":"), sort_keys=True).encode() + b"\n"


def digest(problem: Problem) -> str:
    """SHA-256 of a round's input but for its seed: equal inputs, rules and seeds make equal rounds."""
    found = hashlib.sha256(b"(")
    by_id = sorted(problem.people, key=lambda person: person.id)
    for values in (by_id, sorted(problem.asked), sorted(problem.recent), sorted(problem.skills)):
        found.update(b"[")
        for place, value in enumerate(values):  # one by one: of a million the whole would be written in memory
            found.update(f"{', ' if place else ''}{value!r}".encode())
        found.update(b"], ")
    rest = (problem.in_person, problem.size_min, problem.size_max, problem.rules.digested())
    heard = (problem.heard,) if problem.heard else ()  # rounds that heard nothing are digested as they were before
    bound = ("one site",) if problem.one_site else ()
    found.update(f"{', '.join(map(repr, (*rest, *heard, *bound)))})".encode())
    return found.hexdigest()
