"""Circles as they change: what counts of each member lies beside the others', and what a change brings is told at once.

It is the arithmetic of `circle` without hours, which a property holds; who is put in or taken out is compared with each
other member once, where `circle` compares all with all.
"""

from typing import NamedTuple

import numpy as np

from services.matching.engine.circle import (
    ANY_BAND,
    CONTRIBUTE,
    COVERED,
    FUNCTIONS,
    GRADES,
    HALF_HOURS_A_POINT,
    HOURS,
    IMPOSSIBLE,
    MARKS,
    MET,
    NONE,
    SHARED,
    SITES,
    SIZE,
    TENURE,
    TIME,
    UNITS,
    Folk,
    Rule,
    can_meet,
    grade,
    pleased,
    suits,
    teaches,
    together,
)
from services.matching.engine.compiled import compiled
from services.matching.engine.population import ANY, Ints

FIELDS = 14
PERSON, UNIT, FUNCTION, KEPT, SITE, WANTED, KNOWN, FEWEST, MOST, LIKES, OWED, GRADE, ABOUT, TAUGHT = range(FIELDS)
"""Of a seat; KEPT is the band of tenure. The last three hang on the circle: how far they are in its topic, whether they
want it (1) and know it (2), and how many of the others could teach them something."""
SUMS = 6
POINTS, DIFFERENT, KNOWING, LIKING, GRADED, VALUE = range(SUMS)
"""Of a circle: points without hours and the part of them for levels, job functions, who knows the topic, who likes a
time of day, and points with hours."""


class Seats(NamedTuple):
    """Circles' members: `seat[c, place]`, and what they come to, `sums[c]`."""

    seat: Ints
    sums: Ints


@compiled
def welcome(people: Folk, person: int, seats: Seats, at: int, place: int) -> None:
    """Write what counts of a person whatever the circle is about."""
    seat = seats.seat[at, place]
    seat[PERSON] = person
    seat[UNIT] = people.kinds[person, 0]
    seat[FUNCTION] = people.kinds[person, 1]
    seat[KEPT] = people.kinds[person, 2]
    seat[SITE] = people.kinds[person, 3]
    seat[WANTED] = np.int64(people.wanted[person])
    seat[KNOWN] = np.int64(people.known[person])
    seat[FEWEST] = people.fewest[person]
    seat[MOST] = people.most[person]
    seat[LIKES] = not people.liked[person] & ANY
    seat[OWED] = people.due[person]


@compiled
def about(people: Folk, seat: Ints, topic: int) -> int:
    """Whether they want the topic (1), and know it (2)."""
    found, mark = 0, np.int64(0) if topic == NONE else np.int64(1) << np.int64(topic % MARKS)
    person = seat[PERSON]
    if seat[WANTED] & mark:
        for want in range(people.wants_at[person], people.wants_at[person + 1]):
            if people.wants[want] == topic:
                found |= 1
    if seat[KNOWN] & mark:
        for know in range(people.knows_at[person], people.knows_at[person + 1]):
            if people.knows[know] == topic:
                found |= 2
    return found


@compiled
def seated(
    people: Folk, rules: Rule, members: Ints, size: int, topic: int, seats: Seats, at: int, points: Ints
) -> bool:
    """Lay out a circle's seats and sums; False where functions or levels speak against it."""
    for place in range(size):
        welcome(people, members[place], seats, at, place)
    if not suits(people, rules, members, size, topic, points):
        return False
    seat, sums = seats.seat[at], seats.sums[at]
    sums[:] = 0
    sums[POINTS], sums[GRADED] = points.sum(), points[GRADES]
    for place in range(size):
        seat[place, GRADE] = grade(people, members[place], topic)
        seat[place, ABOUT] = about(people, seat[place], topic)
        sums[KNOWING] += seat[place, ABOUT] >> 1
        sums[LIKING] += seat[place, LIKES]
        seat[place, TAUGHT] = 0
        new = seat[place, FUNCTION] >= 0
        for other in range(size):
            if other != place and seat[place, WANTED] & seat[other, KNOWN]:
                seat[place, TAUGHT] += teaches(people, rules, members[other], members[place])
            new = new and not (other < place and seat[other, FUNCTION] == seat[place, FUNCTION])
        sums[DIFFERENT] += new
    return True


@compiled
def changed(
    people: Folk,
    rules: Rule,
    seats: Seats,
    at: int,
    size: int,
    leaver: int,
    topic: int,
    others: Seats,
    there: int,
    one: int,
) -> int:
    """Points without hours after a member left (NONE: nobody) and the one of another seat came (NONE: nobody).

    IMPOSSIBLE where functions or levels speak against it.
    """
    seat, sums, weights = seats.seat, seats.sums, rules.weights
    leaves, comes = leaver != NONE, one != NONE
    unit, function, kept, site, wanted, known, newcomer = NONE, NONE, NONE, NONE, 0, 0, NONE
    if comes:
        came = others.seat[there, one]
        unit, function, kept, site = came[UNIT], came[FUNCTION], came[KEPT], came[SITE]
        wanted, known, newcomer = came[WANTED], came[KNOWN], came[PERSON]
    old_unit, old_function, old_kept, old_site, old_known, gone = NONE, NONE, NONE, NONE, 0, NONE
    if leaves:
        left = seat[at, leaver]
        old_unit, old_function, old_kept, old_site = left[UNIT], left[FUNCTION], left[KEPT], left[SITE]
        old_known, gone = left[KNOWN], left[PERSON]
    new_unit, new_function, new_kept, new_site = unit >= 0, function >= 0, kept >= 0, site >= 0
    lost_unit, lost_function, lost_kept, lost_site = old_unit >= 0, old_function >= 0, old_kept >= 0, old_site >= 0
    now = size - leaves + comes
    covered, taught, sized = 0, False, 0
    for place in range(size):
        if place == leaver:
            continue
        here = seat[at, place]
        new_unit &= here[UNIT] != unit
        lost_unit &= here[UNIT] != old_unit
        new_function &= here[FUNCTION] != function
        lost_function &= here[FUNCTION] != old_function
        new_kept &= here[KEPT] != kept
        lost_kept &= here[KEPT] != old_kept
        new_site &= here[SITE] != site
        lost_site &= here[SITE] != old_site
        lost = here[TAUGHT] == 1 and here[WANTED] & old_known and teaches(people, rules, gone, here[PERSON])
        if here[WANTED] & known and (lost or here[TAUGHT] == 0):
            covered += teaches(people, rules, newcomer, here[PERSON])
        covered -= lost
        taught = taught or (wanted & here[KNOWN] and teaches(people, rules, here[PERSON], newcomer))
        if now != size:
            sized += (here[FEWEST] <= now <= here[MOST]) - (here[FEWEST] <= size <= here[MOST])
    functions = sums[at, DIFFERENT] + new_function - lost_function
    if functions < rules.min_functions:
        return IMPOSSIBLE
    points = sums[at, POINTS]
    points += weights[UNITS] * (np.int64(new_unit) - np.int64(lost_unit))
    points += weights[FUNCTIONS] * (max(0, functions - 1) - max(0, sums[at, DIFFERENT] - 1))
    points += weights[TENURE] * (np.int64(new_kept) - np.int64(lost_kept))
    points += weights[SITES] * (np.int64(new_site) - np.int64(lost_site))
    knowing, shared = sums[at, KNOWING], 0
    if comes:
        its = about(people, came, topic)
        knowing, shared = knowing + (its >> 1), its & 1
        covered += taught
        sized += came[FEWEST] <= now <= came[MOST]
        points += came[OWED]
    if leaves:
        knowing, shared = knowing - (left[ABOUT] >> 1), shared - (left[ABOUT] & 1)
        covered -= left[TAUGHT] > 0
        sized -= left[FEWEST] <= size <= left[MOST]
        points -= left[OWED]
    if weights[MET]:
        points -= weights[MET] * (
            acquainted(people, seat[at], size, leaver, newcomer) - acquainted(people, seat[at], size, leaver, gone)
        )
    points += weights[SHARED] * shared + weights[COVERED] * covered + weights[SIZE] * sized
    points += weights[CONTRIBUTE] * (np.int64(knowing > 0) - np.int64(sums[at, KNOWING] > 0))
    if weights[GRADES] or rules.band < ANY_BAND:
        level = grade(people, newcomer, topic) if comes else NONE
        mixed = graded(rules, seat[at], size, leaver, level)
        if mixed == IMPOSSIBLE:
            return IMPOSSIBLE
        points += mixed - sums[at, GRADED]
    return int(points)


@compiled
def acquainted(people: Folk, seat: Ints, size: int, leaver: int, person: int) -> int:
    """How many of those who stay the person (NONE: nobody) has been with within the cool-off."""
    found = 0
    if person == NONE:
        return found
    for at in range(people.met_at[person], people.met_at[person + 1]):
        for place in range(size):
            found += place != leaver and seat[place, PERSON] == people.met[at]
    return found


@compiled
def graded(rules: Rule, seat: Ints, size: int, leaver: int, level: int) -> int:
    """Points for levels once somebody left and one of this level came; IMPOSSIBLE where they span too many."""
    low, high, different = ANY_BAND, NONE, 0
    if level >= 0:
        low, high, different = level, level, 1
    for place in range(size):
        its = seat[place, GRADE]
        if place == leaver or its < 0:
            continue
        low, high = min(low, its), max(high, its)
        new = its != level
        for before in range(place):
            new = new and (before == leaver or seat[before, GRADE] != its)
        different += new
    if high - low > rules.band:
        return IMPOSSIBLE
    return int(rules.weights[GRADES] * max(0, different - 1))


@compiled
def hours_bring(rules: Rule, liking: int) -> int:
    """What hours could bring at the most where so many like a time of day."""
    return int(rules.weights[HOURS] + rules.weights[TIME] * liking)


@compiled
def hours_points(people: Folk, rules: Rule, members: Ints, size: int, newcomer: int, liking: int) -> int:
    """Points of hours where nobody but the newcomer is new; IMPOSSIBLE where these may not be together or not meet."""
    common = can_meet(people, rules, members, size)
    if common == IMPOSSIBLE:
        return IMPOSSIBLE
    if newcomer != NONE:
        for place in range(size):
            if members[place] != newcomer and not together(people, members[place], newcomer):
                return IMPOSSIBLE
    points = min((common - rules.half_hours) // HALF_HOURS_A_POINT, int(rules.weights[HOURS]))
    if liking and rules.weights[TIME]:
        points += int(rules.weights[TIME]) * pleased(people, rules, members, size)
    return points
