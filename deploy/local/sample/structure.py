"""The org tree, planned top down from a head count alone: units, their sizes and who sits where, without any names."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from deploy.local.sample.jobs import DIVISIONS, FAMILIES, FIRST_MANAGER_LEVEL, GENERAL, TOP_LEVEL, Division, Family
from deploy.local.sample.sites import HEADQUARTERS, Site, draw_site

MIN_SPAN, MAX_SPAN = 4, 12
_MIN_TEAM = MIN_SPAN + 1
_USUAL_TEAM = 9
_USUAL_SPAN = 9
_MAX_STAFF = 2
_MAX_UNITS = MAX_SPAN - _MAX_STAFF
_RATHER_WIDE_THAN_DEEP = 0.1
_STAYS_AT_PARENTS_SITE = 0.7
_DEPARTMENT = 2
_FIRST_NUMBER = 100_001


@dataclass(frozen=True, slots=True)
class Unit:
    """A planned unit. Its people are numbered from `first` on: the head, those who report directly, the sub-units.

    The head is of the first of the `families`, members are of any.
    """

    code: str
    name: str
    topic: str
    parent: str | None
    manager: str | None
    depth: int
    site: Site
    families: tuple[Family, ...]
    head_title: str
    first: int
    size: int
    direct: int
    parts: tuple[int, ...]

    @property
    def head(self) -> str:
        """Employee number of the head."""
        return employee_number(self.first)

    @property
    def is_team(self) -> bool:
        """A unit without sub-units."""
        return not self.parts

    @property
    def span(self) -> int:
        """How many report to the head."""
        return self.direct + len(self.parts)

    @property
    def head_level(self) -> int:
        """Job level of the head: the more levels below, the higher."""
        return min(FIRST_MANAGER_LEVEL + _height(self.size), TOP_LEVEL)


def employee_number(index: int) -> str:
    """The number of the index-th person of the tree."""
    return f"E{_FIRST_NUMBER + index}"


def plan(seed: int, people: int, code: str, name: str) -> Iterator[Unit]:
    """All units, parents first, each head with MIN_SPAN to MAX_SPAN reports; holds one path of the tree at a time."""
    shares = tuple(division.share for division in DIVISIONS)
    direct, parts = _split(Random(f"{seed}/{code}/split"), people, shares)
    root = Unit(
        code=code,
        name=name,
        topic=name,
        parent=None,
        manager=None,
        depth=0,
        site=HEADQUARTERS,
        families=(GENERAL, *FAMILIES),
        head_title="Chief Executive Officer",
        first=0,
        size=people,
        direct=direct,
        parts=parts,
    )
    yield root
    for ordinal, (first, size) in enumerate(_places(root)):
        yield from _subtree(seed, root, DIVISIONS[ordinal], ordinal, first, size)


def _subtree(seed: int, parent: Unit, division: Division, ordinal: int, first: int, size: int) -> Iterator[Unit]:
    unit = _unit(seed, parent, division, ordinal, first, size)
    yield unit
    for below, (start, part) in enumerate(_places(unit)):
        yield from _subtree(seed, unit, division, below, start, part)


def _places(unit: Unit) -> Iterator[tuple[int, int]]:
    """Where each sub-unit's people start, and how many they are."""
    first = unit.first + 1 + unit.direct
    for size in unit.parts:
        yield first, size
        first += size


def _unit(seed: int, parent: Unit, division: Division, ordinal: int, first: int, size: int) -> Unit:
    depth = parent.depth + 1
    code = division.code if depth == 1 else f"{parent.code}-{ordinal + 1:02d}"
    rng = Random(f"{seed}/{code}/split")
    direct, parts = _split(rng, size)
    site = draw_site(rng)
    families = division.families
    if depth == 1:
        name = topic = division.name
        head_title = division.head_title
    elif depth == _DEPARTMENT:
        families, topic = _department(division, ordinal)
        name, head_title = topic, f"Head of {topic}"
    else:
        families = parent.families
        site = parent.site if rng.random() < _STAYS_AT_PARENTS_SITE else site
        topic = f"{parent.topic}{' ' if parent.depth == _DEPARTMENT else '.'}{ordinal + 1}"
        name = f"{topic} {site.city}"
        head_title = f"{families[0].function} {'Group Manager' if parts else 'Team Lead'}"
    return Unit(
        code=code,
        name=name,
        topic=topic,
        parent=parent.code,
        manager=parent.head,
        depth=depth,
        site=site,
        families=families,
        head_title=head_title,
        first=first,
        size=size,
        direct=direct,
        parts=parts,
    )


def _department(division: Division, ordinal: int) -> tuple[tuple[Family, ...], str]:
    """The family and the name of a division's ordinal-th department: families take turns, and so do their topics."""
    families = division.families
    family = families[ordinal % len(families)]
    earlier = sum(families[before % len(families)] is family for before in range(ordinal))
    again, topic = divmod(earlier, len(family.topics))
    return (family,), family.topics[topic] + (f" {'I' * (again + 1)}" if again else "")


def _height(size: int) -> int:
    """Levels of units below a unit of this size: 0 for a team."""
    if size <= MAX_SPAN + 1:
        return 0
    return max(1, math.ceil(math.log(size / _USUAL_TEAM, _USUAL_SPAN) - _RATHER_WIDE_THAN_DEEP))


def _split(rng: Random, size: int, shares: tuple[float, ...] = ()) -> tuple[int, tuple[int, ...]]:
    """How a unit's people beside its head divide: how many report directly, and the sizes of the sub-units."""
    others = size - 1
    if others <= MAX_SPAN:
        return others, ()
    teams = others / _USUAL_TEAM
    wanted = len(shares) if shares and teams > len(shares) else round(teams ** (1 / _height(size)))
    units = min(max(2, wanted), _MAX_UNITS)
    direct = max(MIN_SPAN - units, rng.randint(0, _MAX_STAFF))
    weights = shares[:units] or tuple(rng.uniform(0.7, 1.3) for _ in range(units))
    return direct, _portions(others - direct, weights)


def _portions(people: int, weights: tuple[float, ...]) -> tuple[int, ...]:
    """Divide people by weights, none below the smallest team; the remainder goes to the first."""
    spare = people - _MIN_TEAM * len(weights)
    portions = [_MIN_TEAM + int(spare * weight / sum(weights)) for weight in weights]
    portions[0] += people - sum(portions)
    return tuple(portions)
