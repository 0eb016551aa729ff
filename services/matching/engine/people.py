"""What the engine is told of people and what it answers: plain values, no arrays."""

from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple
from uuid import UUID

from services.matching.engine.rules import Rules


class Person(NamedTuple):
    """One person as a round sees them. `slots`, `load` and `facilitating` already count their open matches."""

    id: UUID
    available: bool
    """Active, opted in, not paused, with time left: may be asked and may be offered."""
    manager: UUID | None
    unit: str
    division: str
    site: str
    function: str
    """"" where it is not known."""
    level: int
    tenure_days: int
    """Days since they were hired; negative before the first day."""
    starts: int
    """Local minute the working day starts at, and below the one it ends at."""
    ends: int
    utc_offset: int
    """Minutes their clock is ahead of UTC on the round's date."""
    days: tuple[int, ...]
    languages: tuple[str, ...]
    offers: tuple[tuple[str, int], ...]
    needs: tuple[tuple[str, int, int], ...]
    slots: int
    """Learners they can still take."""
    load: int
    """Learners they have."""
    facilitator_ready: bool
    facilitating: int
    waited: int
    """Rounds that had nobody for them since one had."""
    not_with: tuple[UUID, ...]
    places: int = 99
    """Commitments, as a learner or as a teacher, that the time left allows."""
    hosted: int | None = None
    """Circles they were given this month; what they lead now where that is not known."""
    agreed_minutes: int = 60
    """What a month of theirs has for learning: their weight in the rota."""
    keen: bool = False
    """The programme meets as often as they like."""
    company: tuple[int, int] = (0, 0)
    """How few and how many they like to be in a circle; (0, 0) is any number."""
    experience: tuple[str, ...] = ()
    """Tags of what they have been through and say so."""
    likes: str = ""
    """The half of their working day they like, morning or afternoon; "" for any."""
    new_host: bool = False
    """They became ready to facilitate this month."""


class Heard(NamedTuple):
    """How useful sessions of a format were to learn in, in pairs of a likeness: answers, and their sum, 1 to 5 each."""

    format: str
    likeness: str
    answers: int
    usefulness: int


@dataclass(frozen=True)
class Problem:
    """A round's whole input. The order of nothing in it matters."""

    people: tuple[Person, ...]
    asked: frozenset[UUID]
    rules: Rules
    seed: int
    recent: frozenset[tuple[UUID, UUID]] = frozenset()
    """Pairs still in their cool-off; of circles, who has been together within it."""
    skills: frozenset[str] = frozenset()
    """What the programme is about; empty is anything."""
    in_person: bool = False
    size_min: int = 2
    size_max: int = 2
    heard: tuple[Heard, ...] = ()
    """What was said of earlier sessions, in the order of formats and classes."""
    only_in_person: bool = False
    """It is met in person, and in no other way."""

    @property
    def one_site(self) -> bool:
        """Whether only people of one site may meet. Whose site is not known may meet whose is not known either."""
        return self.only_in_person and self.rules.one_site


class Term(NamedTuple):
    """A reason and its share of the score."""

    code: str
    points: int
    skill: str | None = None


@lru_cache(1 << 16)
def term(code: str, points: int, skill: str | None = None) -> Term:
    """A term, the same object whenever it says the same: a round of a million says few different ones, and travels."""
    return Term(code, points, skill)


@dataclass(frozen=True)
class Match:
    """People brought together; `terms` add up to `score`."""

    members: tuple[tuple[UUID, str], ...]
    skill: str | None
    terms: tuple[Term, ...]

    @property
    def score(self) -> int:
        """The sum of the terms."""
        return sum(term.points for term in self.terms)


class Count(NamedTuple):
    """How many candidates a constraint leaves, or would open if it alone were lifted."""

    constraint: str
    people: int


class Change(NamedTuple):
    """A small change that would open so many candidates; `detail` says which language, skill or number."""

    code: str
    people: int
    detail: str | None = None
    also: tuple[str, ...] = ()
    """Changes that have to come with it; () where it is enough alone."""


@dataclass(frozen=True)
class Unmatched:
    """Somebody left out: the first constraint that left no candidate, and what lifting one alone would open."""

    person: UUID
    reason: str
    left: tuple[Count, ...]
    opens: tuple[Count, ...]
    change: Change | None = None
    """The smallest change that would help."""


@dataclass(frozen=True)
class Outcome:
    """A round's whole output: `value` is the matches' scores, no matching at all could be worth more than `bound`."""

    matches: tuple[Match, ...]
    unmatched: tuple[Unmatched, ...]
    value: int
    bound: int
    notes: dict[str, object] = field(default_factory=dict)
    """What else there is to say of the round: limits reached, rules that contradict each other, how even it is."""
    timings: dict[str, float] = field(default_factory=dict, compare=False)

    @property
    def gap(self) -> float:
        """How much better could exist, as a share of the bound."""
        return min(1.0, (self.bound - self.value) / self.bound) if self.bound > 0 else 0.0
