"""What a process of its own is asked: people by place in, what came of it out, some matches and people at a time."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, NamedTuple, TypeVar
from uuid import UUID

from services.matching.engine import rings
from services.matching.engine import round as engine
from services.matching.engine.cut import Found
from services.matching.engine.people import Match, Unmatched
from services.matching.engine.placing import Assembled
from services.matching.engine.report import report
from services.matching.engine.round import Run

Value = TypeVar("Value")
AT_ONCE = 2000


class Answer(NamedTuple):
    """What is told at once, and what comes in pages."""

    head: Any
    pages: Iterable[Any] = ()


class Summary(NamedTuple):
    """A round that was solved, but for its matches and whom it left out."""

    digest: str
    output_digest: str
    figures: dict[str, Any]
    asked: int
    reasons: dict[str, int]
    matches: int
    value: int
    bound: int
    gap: float
    timings: dict[str, float]
    report: dict[str, object]


class Page(NamedTuple):
    """Some of what came of a round: matches, those of one exchange together, or people it left out."""

    exchanges: Sequence[Sequence[Match]] = ()
    unmatched: Sequence[Unmatched] = ()


class Parts(NamedTuple):
    """What a round is cut into, by place; `beside` are those of a part who are placed in another, or nowhere."""

    digest: str
    people: tuple[list[int], ...]
    beside: tuple[list[int], ...]
    severed: bool


def run(kind: str, given: Assembled) -> Answer:
    """A round: its Summary, and Pages."""
    return _told(given, engine.run(kind, given.problem))


def again(kind: str, given: Assembled) -> Answer:
    """The digests of what went into a round and of what came out; then that itself, byte for byte."""
    found = engine.run(kind, given.problem)
    return Answer((found.digest, found.output_digest), _some(engine.lines(found.outcome)))


def cut(kind: str, given: Assembled) -> Answer:
    """What a large round is cut into: Parts."""
    parts = engine.parts(kind, given.problem)
    place = _place(given)
    people, beside = (
        tuple(sorted(map(place.__getitem__, part)) for part in each) for each in (parts.people, parts.beside)
    )
    return Answer(Parts(parts.digest, people, beside, parts.severed))


def part(kind: str, given: Assembled) -> Answer:
    """What came of one of these, by place."""
    found, place = engine.part(kind, given.problem), _place(given)
    return Answer(
        {
            "pairs": [(place[one], place[other], skill, level) for one, other, skill, level in found.pairs],
            "prices": {str(place[person]): price for person, price in found.prices.items()},
            "bound": found.bound,
            "unseen": found.unseen,
            "circles": [([place[one] for one in members], topic) for members, topic in found.circles],
        }
    )


def finish(kind: str, given: Assembled, *, found: Sequence[str], severed: bool) -> Answer:
    """A round whose parts were solved elsewhere, and written as JSON: its Summary, and Pages."""
    person = {place: one.id for place, one in zip(given.places, given.problem.people, strict=True)}
    parts = [_found(json.loads(each), person) for each in found]
    return _told(given, engine.finish(kind, given.problem, found=parts, severed=severed))


def _place(given: Assembled) -> dict[UUID, int]:
    return {one.id: place for place, one in zip(given.places, given.problem.people, strict=True)}


def _found(found: Mapping[str, Any], person: Mapping[int, UUID]) -> Found:
    """What came of a part, of those who have not been erased since."""
    return Found(
        tuple(
            (person[one], person[other], skill, level)
            for one, other, skill, level in found["pairs"]
            if one in person and other in person
        ),
        {person[int(at)]: price for at, price in found["prices"].items() if int(at) in person},
        found["bound"],
        found["unseen"],
        tuple((tuple(person[at] for at in members if at in person), topic) for members, topic in found["circles"]),
    )


def _told(given: Assembled, found: Run) -> Answer:
    made = found.outcome
    summary = Summary(
        digest=found.digest,
        output_digest=found.output_digest,
        figures=found.figures,
        asked=len(given.problem.asked),
        reasons=dict(sorted(Counter(left.reason for left in made.unmatched).items())),
        matches=len(made.matches),
        value=made.value,
        bound=made.bound,
        gap=made.gap,
        timings={name: round(seconds, 4) for name, seconds in made.timings.items()},
        report=report(made),
    )
    return Answer(summary, _pages(made.matches, made.unmatched, exchange=given.problem.rules.exchange))


def _some(values: Iterable[Value]) -> Iterator[list[Value]]:
    rest = iter(values)
    while some := list(islice(rest, AT_ONCE)):
        yield some


def _pages(matches: Sequence[Match], unmatched: Sequence[Unmatched], *, exchange: bool) -> Iterator[Page]:
    together = rings.legs(matches) if exchange else ([match] for match in matches)
    yield from map(Page, _some(together))
    for start in range(0, len(unmatched), AT_ONCE):
        yield Page(unmatched=unmatched[start : start + AT_ONCE])
