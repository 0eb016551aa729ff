"""People as arrays, in an order of their own: bit masks, postings of skills, and the reporting tree as intervals."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from itertools import groupby
from operator import itemgetter
from typing import TypeAlias
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from services.matching.engine.people import Person

Ints: TypeAlias = NDArray[np.int64]
Bools: TypeAlias = NDArray[np.bool_]
Masks: TypeAlias = NDArray[np.uint64]

SLOTS = 48
SLOT_MINUTES = 30
SHIFTS = (-1, 0, 1)
"""Days in UTC that a local day may lie on, from its own."""
WEEK = 7
WORD = 64
ANY = np.uint64(1 << 63)
MANAGER, NOT_WITH = (Person._fields.index(field) for field in ("manager", "not_with"))


@dataclass(frozen=True)
class Postings:
    """(skill, person, level[, target]) rows in this order; `start[s]:start[s + 1]` are the rows of skill `s`."""

    person: Ints
    level: Ints
    target: Ints
    skill: Ints
    start: Ints


@dataclass(frozen=True)
class Population:
    """One row a person, sorted by what they are like, so that the order people came in changes nothing."""

    ids: tuple[UUID, ...]
    index: dict[UUID, int]
    skills: tuple[str, ...]
    """Names; where people are taken apart by site, that of one skill once a site."""
    skill_site: Ints
    """The site of each, -1 where they are not."""
    tags: tuple[str, ...]
    """What people have been through."""
    available: Bools
    hours: Masks
    """Half-hours in UTC that lie inside the working day."""
    liked: Masks
    """Those of the half of it they like; all of them, and the bit ANY, for who likes any."""
    days: Masks
    """Weekdays in UTC that have a working half-hour."""
    week: Masks
    """The working half-hours of each weekday in UTC, Monday first: a local day may lie on two of them."""
    languages: Masks
    """One row a person, as many 64-bit words as the languages need."""
    spoken: tuple[str, ...]
    """The language of each bit."""
    unit: Ints
    division: Ints
    site: Ints
    function: Ints
    """-1 where it is not known: nobody's."""
    level: Ints
    tenure: Ints
    slots: Ints
    places: Ints
    load: Ints
    ready: Bools
    facilitating: Ints
    hosted: Ints
    agreed: Ints
    new_host: Bools
    waited: Ints
    keen: Bools
    fewest: Ints
    """How many they like to be in a circle at the least, and below at the most: 0 for any number."""
    most: Ints
    manager: Ints
    """Row of the manager, -1 for none."""
    enters: Ints
    leaves: Ints
    """Euler tour: `a` is above `b` when enters[a] < enters[b] <= leaves[a]."""
    apart: Ints
    """Sorted keys `low * n + high` of people kept apart for good."""
    offers: Postings
    needs: Postings
    lived: tuple[Ints, Ints]
    """Person and tag of all that has been lived through."""
    lots: Masks
    """A number a person drawn by seed and likeness: ties are broken by it."""

    def __len__(self) -> int:
        return len(self.available)

    def keys(self, left: Ints, right: Ints) -> Ints:
        """One number per unordered pair of rows."""
        return np.minimum(left, right) * len(self) + np.maximum(left, right)

    def common(self, left: Ints, right: Ints) -> Ints:
        """How many half-hours of the day two people both work on a weekday they share."""
        both = np.bitwise_or.reduce(self.week[left] & self.week[right], axis=-1)
        shared: Ints = np.bitwise_count(both).astype(np.int64)
        return shared

    def above(self, upper: Ints, lower: Ints) -> Bools:
        """Whether `upper` stands above `lower`, at any distance."""
        return (self.enters[upper] < self.enters[lower]) & (self.enters[lower] <= self.leaves[upper])

    def draw(self, left: Ints, right: Ints) -> NDArray[np.float64]:
        """A tie-break in [0, 1) for each pair of rows."""
        drawn = mixed(self.lots[left] ^ mixed(self.lots[right]))
        return (drawn >> np.uint64(11)).astype(np.float64) / float(1 << 53)


def build(people: Iterable[Person], seed: int, *, by_site: bool = False) -> Population:
    """Arrays of people; `seed` decides ties. With `by_site` one skill at two sites is two: nobody learns from afar."""
    like, rows = _alike(people)
    index = {person.id: row for row, person in enumerate(rows)}
    manager = np.array([index.get(person.manager, -1) if person.manager else -1 for person in rows], np.int64)
    site = _codes([person.site for person in rows])
    at = site.tolist() if by_site else [-1] * len(rows)
    offered = {(skill, here) for person, here in zip(rows, at, strict=True) for skill, _ in person.offers}
    asked = {(skill, here) for person, here in zip(rows, at, strict=True) for skill, _, _ in person.needs}
    skills = sorted(offered | asked)
    number = {skill: place for place, skill in enumerate(skills)}
    tags = tuple(sorted({tag for person in rows for tag in person.experience}))
    tag_number = {tag: place for place, tag in enumerate(tags)}
    lived = [(row, tag_number[tag]) for row, person in enumerate(rows) for tag in sorted(set(person.experience))]
    enters, leaves = euler(manager)
    week = weeks(*_span(rows), _works(rows))
    spoken = tuple(sorted({language for person in rows for language in person.languages}))
    return Population(
        ids=tuple(person.id for person in rows),
        index=index,
        skills=tuple(skill for skill, _ in skills),
        skill_site=np.array([here for _, here in skills], np.int64),
        tags=tags,
        available=np.array([person.available for person in rows], np.bool_),
        hours=_hours(*_span(rows)),
        liked=liked_hours(*_span(rows), np.array([person.likes for person in rows], np.str_)),
        days=np.packbits(week != 0, axis=1, bitorder="little")[:, 0].astype(np.uint64),
        week=week,
        languages=_languages(rows, spoken),
        spoken=spoken,
        unit=_codes([person.unit for person in rows]),
        division=_codes([person.division for person in rows]),
        site=site,
        function=np.where([person.function != "" for person in rows], _codes([one.function for one in rows]), -1),
        level=np.array([person.level for person in rows], np.int64),
        tenure=np.array([person.tenure_days for person in rows], np.int64),
        slots=np.array([max(0, person.slots) for person in rows], np.int64),
        places=np.array([max(0, person.places) for person in rows], np.int64),
        load=np.array([person.load for person in rows], np.int64),
        ready=np.array([person.facilitator_ready for person in rows], np.bool_),
        facilitating=np.array([person.facilitating for person in rows], np.int64),
        hosted=np.array([p.facilitating if p.hosted is None else p.hosted for p in rows], np.int64),
        agreed=np.array([max(1, person.agreed_minutes) for person in rows], np.int64),
        new_host=np.array([person.new_host for person in rows], np.bool_),
        waited=np.array([person.waited for person in rows], np.int64),
        keen=np.array([person.keen for person in rows], np.bool_),
        fewest=np.array([person.company[0] for person in rows], np.int64),
        most=np.array([person.company[1] for person in rows], np.int64),
        manager=manager,
        enters=enters,
        leaves=leaves,
        apart=pair_keys(index, ((person.id, other) for person in rows for other in person.not_with)),
        offers=_postings(
            [(number[skill, at[row]], row, level, 0) for row, one in enumerate(rows) for skill, level in one.offers],
            len(skills),
        ),
        needs=_postings(
            [(number[skill, at[row]], row, low, aim) for row, one in enumerate(rows) for skill, low, aim in one.needs],
            len(skills),
        ),
        lived=(np.array([row for row, _ in lived], np.int64), np.array([tag for _, tag in lived], np.int64)),
        lots=_draw(like, seed),
    )


def pair_keys(index: dict[UUID, int], pairs: Iterable[tuple[UUID, UUID]]) -> Ints:
    """Sorted keys of the pairs whose people are both here."""
    size = len(index)
    rows = ((index[one], index[other]) for one, other in pairs if one in index and other in index)
    return np.array(sorted({min(pair) * size + max(pair) for pair in rows}), np.int64)


def both_ways(keys: Ints, size: int) -> tuple[Ints, Ints]:
    """Unordered pairs as lists of the others: those of person `p` are `other[at[p]:at[p + 1]]`."""
    one, other = np.divmod(keys, max(1, size))
    left, right = np.concatenate((one, other)), np.concatenate((other, one))
    order = np.lexsort((right, left))
    return np.searchsorted(left[order], np.arange(size + 1)).astype(np.int64), right[order]


def contains(keys: Ints, wanted: Ints) -> Bools:
    """Which of `wanted` are among the sorted `keys`."""
    if not len(keys):
        return np.zeros(wanted.shape, np.bool_)
    found: Bools = keys[np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)] == wanted
    return found


def euler(manager: Ints) -> tuple[Ints, Ints]:
    """Enter and leave numbers of a depth-first walk. A cycle, seen between two events, is cut where it is met."""
    size = len(manager)
    reports: list[list[int]] = [[] for _ in range(size)]
    for row, boss in enumerate(manager.tolist()):
        if boss >= 0:
            reports[boss].append(row)
    enters = np.full(size, -1, np.int64)
    leaves = np.full(size, -1, np.int64)
    clock = 0
    roots = [row for row in range(size) if manager[row] < 0]
    for root in (*roots, *range(size)):
        stack = [root] if enters[root] < 0 else []
        while stack:
            row = stack.pop()
            if row < 0:
                leaves[~row] = clock - 1
            elif enters[row] < 0:
                enters[row] = clock
                clock += 1
                stack.append(~row)
                stack += reports[row]
    return enters, leaves


def weeks(first: Ints, end: Ints, works: Bools) -> Masks:
    """The working half-hours of each weekday in UTC: what lies before or after midnight is the day's next to it.

    `first` and `end` count half-hours from midnight UTC of the local day; `works` has a column a weekday.
    """
    week = np.zeros(works.shape, np.uint64)
    for shift in SHIFTS:
        week |= np.where(np.roll(works, shift, axis=1), _inside(first, end, shift)[:, None], np.uint64(0))
    return week


def _works(rows: Sequence[Person]) -> Bools:
    works = [[day in person.days for day in range(1, WEEK + 1)] for person in rows]
    return np.array(works, np.bool_).reshape(-1, WEEK)


def _span(rows: Sequence[Person]) -> tuple[Ints, Ints]:
    """The first half-hour of the working day and the one after its last, from midnight UTC of the local day."""
    starts = np.array([person.starts - person.utc_offset for person in rows], np.int64)
    ends = np.array([person.ends - person.utc_offset for person in rows], np.int64)
    return -(-starts // SLOT_MINUTES), ends // SLOT_MINUTES


def liked_hours(first: Ints, end: Ints, likes: NDArray[np.str_]) -> Masks:
    """The half-hours of the day they like: of the first half, the second half, or any."""
    middle = first + (end - first) // 2
    first, end = np.where(likes == "afternoon", middle, first), np.where(likes == "morning", middle, end)
    liked: Masks = _hours(first, end) | np.where(likes == "", ANY, np.uint64(0))
    return liked


def _hours(first: Ints, end: Ints) -> Masks:
    """Whole half-hours of a day in UTC; what passes midnight comes in again on the other side."""
    hours: Masks = np.bitwise_or.reduce([_inside(first, end, shift) for shift in SHIFTS])
    return hours


def _inside(first: Ints, end: Ints, shift: int) -> Masks:
    """The half-hours from `first` to before `end` that lie in the UTC day so many days after the local one."""
    low, high = (np.clip(at - shift * SLOTS, 0, SLOTS).astype(np.uint64) for at in (first, end))
    one = np.uint64(1)
    inside: Masks = ((one << high) - one) & ~((one << low) - one)
    return inside


def _languages(rows: Sequence[Person], known: Sequence[str]) -> Masks:
    place = {language: divmod(bit, WORD) for bit, language in enumerate(known)}
    masks = np.zeros((len(rows), len(known) // WORD + 1), np.uint64)
    for row, person in enumerate(rows):
        for language in person.languages:
            word, bit = place[language]
            masks[row, word] |= np.uint64(1 << bit)
    return masks


def _codes(values: Sequence[str]) -> Ints:
    return np.unique(np.array(values, np.str_), return_inverse=True)[1].astype(np.int64).reshape(-1)


def _postings(rows: list[tuple[int, int, int, int]], skills: int) -> Postings:
    table = np.array(sorted(set(rows)), np.int64).reshape(-1, 4)
    start = np.searchsorted(table[:, 0], np.arange(skills + 1)).astype(np.int64)
    return Postings(table[:, 1], table[:, 2], table[:, 3], table[:, 0], start)


def lots(rows: Iterable[Person], seed: int) -> Masks:
    """A number for each of these people, in the order of rows; those alike draw by their place among themselves."""
    return _draw([_likeness(person) for person in rows], seed)


def _draw(like: Sequence[str], seed: int) -> Masks:
    drawn = [
        int.from_bytes(blake2b(f"{place}/{same}".encode(), digest_size=8).digest())
        for same, alike in groupby(like)
        for place, _ in enumerate(alike)
    ]
    return mixed(np.array(drawn, np.uint64) ^ mixed(np.full(len(drawn), seed % 2**64, np.uint64)))


def _alike(people: Iterable[Person]) -> tuple[list[str], list[Person]]:
    """People sorted by what they are like, and what that is for each."""
    rows = sorted(((_likeness(person), person.id, person) for person in people), key=itemgetter(0, 1))
    return [like for like, *_ in rows], [person for *_, person in rows]


def _likeness(person: Person) -> str:
    """What a person is like, without random ids: the same organization set up anew gets the same round."""
    return repr((*person[1:MANAGER], *person[MANAGER + 1 : NOT_WITH], *person[NOT_WITH + 1 :]))


def mixed(value: Masks) -> Masks:
    """The finaliser of SplitMix64: every input bit moves every output bit."""
    value = value + np.uint64(0x9E3779B97F4A7C15)
    value = (value ^ (value >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    value = (value ^ (value >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return value ^ (value >> np.uint64(31))
