"""The best circles of a few people: of an island at their optimum, of two circles at their best exchange of anybody.

What every set of them is worth is laid out at once, as bits; it is the arithmetic of `circle`, which a property holds.
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
    NONE,
    SHARED,
    SIZE,
    TIME,
    UNITS,
    Folk,
    Rule,
    covered,
    grade,
    together,
)
from services.matching.engine.compiled import compiled, ones
from services.matching.engine.population import Ints, Masks

FEW = 14
"""People whose sets are laid out; each one more takes twice the memory and up to three times the time."""
PLACED = 1 << 30
"""Worth of having somebody in a circle at all, above all that circles are worth."""


@compiled
def _shared(people: Folk, rules: Rule, who: Ints) -> tuple[Ints, Masks]:
    """For every set, as bits, the half-hours of the day they can meet (IMPOSSIBLE for none), and of any day they work.

    IMPOSSIBLE also where two of them may not be together.
    """
    count, days, words = len(who), people.week.shape[1], people.languages.shape[1]
    apart = np.zeros(count, np.int64)
    for one in range(count):
        for other in range(count):
            if one != other and not together(people, who[one], who[other]):
                apart[one] |= 1 << other
    common = np.zeros(1 << count, np.int64)
    hours = np.full(1 << count, ~np.uint64(0))
    week = np.full((1 << count, days), ~np.uint64(0))
    spoken = np.full((1 << count, words), ~np.uint64(0))
    for some in range(1, 1 << count):
        before = some & (some - 1)
        low = 0
        while not some >> low & 1:
            low += 1
        person = who[low]
        hours[some] = hours[before] & people.hours[person]
        both = np.uint64(0)
        for day in range(days):
            week[some, day] = week[before, day] & people.week[person, day]
            both |= week[some, day]
        talk = False
        for word in range(words):
            spoken[some, word] = spoken[before, word] & people.languages[person, word]
            talk = talk or spoken[some, word] != 0
        common[some] = ones(both)
        enough = min(common[some], ones(hours[some])) >= rules.half_hours
        if common[before] == IMPOSSIBLE or before & apart[low] or not talk or not enough:
            common[some] = IMPOSSIBLE
    return common, hours


@compiled
def _topics(people: Folk, who: Ints) -> Ints:
    """NONE, and what somebody of them wants to learn of what the programme is about."""
    found = np.empty(1 + (people.wants_at[who + 1] - people.wants_at[who]).sum(), np.int64)
    found[0], count = NONE, 1
    for person in who:
        for place in range(people.wants_at[person], people.wants_at[person + 1]):
            skill = people.wants[place]
            new = people.about[skill]
            for before in range(count):
                new = new and found[before] != skill
            if new:
                found[count] = skill
                count += 1
    return found[:count]


class Few(NamedTuple):
    """A few people as sets see them: who is like whom, who could teach whom, who wants and knows what, as bits."""

    alike: Ints
    """Of each kind and person those before them of the same."""
    teachers: Ints
    topics: Ints
    wanting: Ints
    knowing: Ints
    grades: Ints
    """Of each topic and person."""


@compiled
def _few(people: Folk, rules: Rule, who: Ints) -> Few:
    alike, teachers = np.zeros((3, len(who)), np.int64), np.zeros(len(who), np.int64)
    two = np.empty(2, np.int64)
    for one in range(len(who)):
        two[0] = who[one]
        for other in range(len(who)):
            two[1] = who[other]
            if one != other and covered(people, rules, two, 2, who[one]):
                teachers[one] |= 1 << other
            for kind in range(3):
                if other < one and people.kinds[who[one], kind] == people.kinds[who[other], kind]:
                    alike[kind, one] |= 1 << other
    topics = _topics(people, who)
    wanting, knowing = np.zeros(len(topics), np.int64), np.zeros(len(topics), np.int64)
    grades = np.empty((len(topics), len(who)), np.int64)
    for at in range(len(topics)):
        for one in range(len(who)):
            grades[at, one] = grade(people, who[one], topics[at])
            wants = people.wants[people.wants_at[who[one]] : people.wants_at[who[one] + 1]]
            knows = people.knows[people.knows_at[who[one]] : people.knows_at[who[one] + 1]]
            if topics[at] != NONE:
                wanting[at] |= np.any(wants == topics[at]) << one
                knowing[at] |= np.any(knows == topics[at]) << one
    return Few(alike, teachers, topics, wanting, knowing, grades)


def sets(people: Folk, rules: Rule, who: Ints, least: int, most: int) -> tuple[Ints, Ints]:
    """What every set of these people, as bits, is worth as a circle about its best topic, and that topic."""
    value, about = np.empty((2, 1 << len(who)), np.int64)
    lay(people, rules, who, least, most, value, about)
    return value, about


@compiled
def lay(people: Folk, rules: Rule, who: Ints, least: int, most: int, value: Ints, about: Ints) -> None:
    """The same, written to arrays: machine code that is called by other such code must return none to Python.

    A topic is wanted by somebody of the set. All in one loop: a call for each set takes ten times as long.
    """
    common, hours = _shared(people, rules, who)
    few, weights = _few(people, rules, who), rules.weights
    value[:], about[:] = IMPOSSIBLE, NONE
    different = np.empty(3, np.int64)
    levels = weights[GRADES] != 0 or rules.band < ANY_BAND
    for some in range(1, len(common)):
        size = ones(np.uint64(some))
        if common[some] == IMPOSSIBLE or size < least or size > most:
            continue
        points = min((common[some] - rules.half_hours) // HALF_HOURS_A_POINT, weights[HOURS])
        different[:] = -1
        for one in range(len(who)):
            if not some >> one & 1:
                continue
            person = who[one]
            for kind in range(3):
                different[kind] += people.kinds[person, kind] >= 0 and some & few.alike[kind, one] == 0
            points += weights[COVERED] * (some & few.teachers[one] != 0)
            points += weights[SIZE] * (people.fewest[person] <= size <= people.most[person])
            if weights[TIME] and not people.liked[person] >> np.uint64(63):
                points += weights[TIME] * (ones(people.liked[person] & hours[some]) >= rules.half_hours)
        if different[FUNCTIONS - UNITS] + 1 < rules.min_functions:
            continue
        for kind in range(3):
            points += weights[UNITS + kind] * different[kind]
        for at in range(len(few.topics)):
            if few.topics[at] != NONE and not some & few.wanting[at]:
                continue
            topical = weights[SHARED] * ones(np.uint64(some & few.wanting[at]))
            topical += weights[CONTRIBUTE] * (some & few.knowing[at] != 0)
            if levels:
                mixed = _levels(few.grades[at], some, rules.band, weights[GRADES])
                if mixed == IMPOSSIBLE:
                    continue
                topical += mixed
            if points + topical > value[some]:
                value[some], about[some] = points + topical, few.topics[at]


@compiled
def _levels(grades: Ints, some: int, band: int, weight: int) -> int:
    """Points for different levels of a set, IMPOSSIBLE where they span too many."""
    low, high, different = ANY_BAND, -1, 0
    for one in range(len(grades)):
        if some >> one & 1 and grades[one] >= 0:
            low, high = min(low, grades[one]), max(high, grades[one])
            new = True
            for before in range(one):
                new = new and not (some >> before & 1 and grades[before] == grades[one])
            different += new
    if high - low > band:
        return IMPOSSIBLE
    return int(weight * max(0, different - 1))


@compiled
def choose(value: Ints, placed: int) -> Ints:
    """Disjoint sets worth most, where having somebody in one is worth `placed` too."""
    best = np.zeros(len(value), np.int64)
    chosen = np.zeros(len(value), np.int64)
    worth = np.empty(len(value), np.int64)
    for some in range(len(value)):
        worth[some] = IMPOSSIBLE if value[some] < 0 else value[some] + placed * ones(np.uint64(some))
    for free in range(1, len(value)):
        first = free & -free
        rest = free ^ first
        best[free] = best[rest]
        part = rest
        while True:
            some = part | first
            if worth[some] != IMPOSSIBLE and worth[some] + best[free ^ some] > best[free]:
                best[free], chosen[free] = worth[some] + best[free ^ some], some
            if part == 0:
                break
            part = (part - 1) & rest
    sets = np.zeros(len(value), np.int64)
    count, free = 0, len(value) - 1
    while free:
        if chosen[free]:
            sets[count] = chosen[free]
            count += 1
            free ^= chosen[free]
        else:
            free &= free - 1
    return sets[:count]


@compiled
def split(value: Ints) -> int:
    """The set that with all the others besides it is worth most, 0 where no two are possible."""
    best, chosen, everybody = IMPOSSIBLE, 0, len(value) - 1
    for some in range(1, len(value) // 2):
        if value[some] >= 0 and value[everybody ^ some] >= 0 and value[some] + value[everybody ^ some] > best:
            best, chosen = value[some] + value[everybody ^ some], some
    return chosen
