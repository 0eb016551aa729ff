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
    grade,
    teaches,
    together,
)
from services.matching.engine.compiled import compiled, ones
from services.matching.engine.population import ANY, Ints, Masks

FEW = 14
"""People of two circles shared out anew; each one more takes twice the memory and up to three times the time."""
WHOLE = 18
"""People who have the best circles there are: these take a quarter of a second."""
PLACED = 1 << 30
"""Worth of having somebody in a circle at all, above all that circles are worth."""


@compiled
def _shared(people: Folk, rules: Rule, who: Ints) -> tuple[Ints, Masks]:
    """For every set, as bits, the half-hours of the day they can meet (IMPOSSIBLE for none), and of any day they work.

    IMPOSSIBLE also where two of them may not be together. A set is the one without its last person, and that person.
    """
    every = 1 << len(who)
    common = np.zeros(every, np.int64)
    hours, both, shared = np.full(every, ~np.uint64(0)), np.zeros(every, np.uint64), np.full(every, ~np.uint64(0))
    for last in range(len(who)):
        bit = 1 << last
        for some in range(bit):
            hours[bit + some] = hours[some] & people.hours[who[last]]
    for column in range(people.week.shape[1] + people.languages.shape[1]):
        day = column < people.week.shape[1]
        masks = people.week[:, column] if day else people.languages[:, column - people.week.shape[1]]
        if day and _seen(people.week, who, column):
            continue
        for last in range(len(who)):
            bit = 1 << last
            for some in range(bit):
                shared[bit + some] = shared[some] & masks[who[last]]
        for some in range(1, every):
            if day:
                both[some] |= shared[some]
            else:
                common[some] |= shared[some] != 0
    for last in range(len(who)):
        bit, apart = 1 << last, 0
        for other in range(last):
            away = people.place[who[last]] != people.place[who[other]]
            apart |= (away or not together(people, who[last], who[other])) << other
        for some in range(bit):
            here = bit + some
            talk, common[here] = common[here], ones(both[here])
            enough = min(common[here], ones(hours[here])) >= rules.half_hours
            if common[some] == IMPOSSIBLE or some & apart or not talk or not enough:
                common[here] = IMPOSSIBLE
    return common, hours


@compiled
def _seen(week: Masks, who: Ints, day: int) -> bool:
    """Whether all of them work on an earlier day as they do on this one."""
    for before in range(day):
        same = True
        for person in who:
            same = same and week[person, before] == week[person, day]
        if same:
            return True
    return False


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
    taught: Ints
    """Whom each could teach."""
    topics: Ints
    wanting: Ints
    knowing: Ints
    grades: Ints
    """Of each topic and person."""
    met: Ints
    """Whom of those before them each has been with within the cool-off."""


@compiled
def _few(people: Folk, rules: Rule, who: Ints) -> Few:
    alike, taught, met = np.zeros((4, len(who)), np.int64), np.zeros(len(who), np.int64), np.zeros(len(who), np.int64)
    for one in range(len(who)):
        for other in range(len(who)):
            if one != other and people.known[who[one]] & people.wanted[who[other]]:
                taught[one] |= teaches(people, rules, who[one], who[other]) << other
            for kind in range(4):
                if other < one and people.kinds[who[one], kind] == people.kinds[who[other], kind]:
                    alike[kind, one] |= 1 << other
    for one in range(len(who)):
        for place in range(people.met_at[who[one]], people.met_at[who[one] + 1]):
            for other in range(one):
                met[one] |= (people.met[place] == who[other]) << other
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
    return Few(alike, taught, topics, wanting, knowing, grades, met)


def sets(people: Folk, rules: Rule, who: Ints, least: int, most: int) -> tuple[Ints, Ints]:
    """What every set of these people, as bits, is worth as a circle about its best topic, and that topic."""
    value, about = np.empty((2, 1 << len(who)), np.int64)
    lay(people, rules, who, least, most, value, about, False)
    return value, about


@compiled
def lay(people: Folk, rules: Rule, who: Ints, least: int, most: int, value: Ints, about: Ints, halves: bool) -> None:
    """The same, written to arrays: machine code that is called by other such code must return none to Python.

    A topic is wanted by somebody of the set. With `halves` only of sets that leave a possible circle behind.
    """
    common, hours = _shared(people, rules, who)
    few, weights = _few(people, rules, who), rules.weights
    value[:], about[:] = IMPOSSIBLE, NONE
    possible, count, rest = np.empty(len(value), np.int64), 0, len(value) - 1
    for number in range(1, len(value)):
        fits = common[number] != IMPOSSIBLE and least <= ones(np.uint64(number)) <= most
        if halves and fits:
            fits = common[rest - number] != IMPOSSIBLE and least <= ones(np.uint64(rest - number)) <= most
        if fits:
            possible[count] = number
            count += 1
    possible = _mixed(people, rules, who, few, possible[:count], value)
    for some in possible:
        value[some] += min((common[some] - rules.half_hours) // HALF_HOURS_A_POINT, weights[HOURS])
    _liked(people, rules, who, possible, hours, value)
    levels = weights[GRADES] != 0 or rules.band < ANY_BAND
    best = np.full(len(value), IMPOSSIBLE)
    for at in range(len(few.topics)):
        wanting, knowing = few.wanting[at], few.knowing[at]
        for some in possible:
            if few.topics[at] != NONE and not some & wanting:
                continue
            topical = weights[SHARED] * ones(np.uint64(some & wanting)) + weights[CONTRIBUTE] * (some & knowing != 0)
            if levels:
                mixed = _levels(few.grades[at], int(some), rules.band, weights[GRADES])
                if mixed == IMPOSSIBLE:
                    continue
                topical += mixed
            if topical > best[some]:
                best[some], about[some] = topical, few.topics[at]
    for some in possible:
        value[some] = value[some] + best[some] if best[some] != IMPOSSIBLE else IMPOSSIBLE


@compiled
def _mixed(people: Folk, rules: Rule, who: Ints, few: Few, possible: Ints, value: Ints) -> Ints:
    """Write what different kinds, who teaches whom and each alone bring; returns those with enough functions."""
    different, taught, due = np.zeros((3, len(value)), np.int64)
    for last in range(len(who)):
        bit = 1 << last
        units, functions, tenure, sites = few.alike[0, last], few.alike[1, last], few.alike[2, last], few.alike[3, last]
        kinds = people.kinds[who[last]]
        first, second = np.int64(kinds[0] >= 0), np.int64(kinds[1] >= 0) << 16
        third, fourth = np.int64(kinds[2] >= 0) << 32, np.int64(kinds[3] >= 0) << 48
        for before in range(bit):
            new = first * (before & units == 0) + second * (before & functions == 0)
            new += third * (before & tenure == 0) + fourth * (before & sites == 0)
            different[bit + before] = different[before] + new
            taught[bit + before] = taught[before] | few.taught[last]
            due[bit + before] = due[before] + people.due[who[last]]
            if rules.weights[MET]:
                due[bit + before] -= rules.weights[MET] * ones(np.uint64(before & few.met[last]))
    weights, count = rules.weights, 0
    for some in possible:
        units, functions = different[some] & 0xFFFF, different[some] >> 16 & 0xFFFF
        if functions < rules.min_functions:
            continue
        value[some] = weights[UNITS] * (units - 1) + weights[FUNCTIONS] * max(0, functions - 1)
        value[some] += weights[TENURE] * ((different[some] >> 32 & 0xFFFF) - 1) + weights[SITES] * (
            (different[some] >> 48) - 1
        )
        value[some] += weights[COVERED] * ones(np.uint64(taught[some] & some)) + due[some]
        possible[count] = some
        count += 1
    return possible[:count]


@compiled
def _liked(people: Folk, rules: Rule, who: Ints, possible: Ints, hours: Masks, value: Ints) -> None:
    """Add what sizes and times of day that people like bring."""
    for one in range(len(who)):
        person, fewest, liked = who[one], people.fewest[who[one]], people.liked[who[one]]
        timely = rules.weights[TIME] and not liked & ANY
        if people.most[person] <= 0 and not timely:
            continue
        for some in possible:
            if some >> one & 1:
                value[some] += rules.weights[SIZE] * (fewest <= ones(np.uint64(some)) <= people.most[person])
                if timely:
                    value[some] += rules.weights[TIME] * (ones(liked & hours[some]) >= rules.half_hours)


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
        worth[some] = IMPOSSIBLE if value[some] == IMPOSSIBLE else value[some] + placed * ones(np.uint64(some))
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
        both = value[some] + value[everybody ^ some]
        if both > best and IMPOSSIBLE not in (value[some], value[everybody ^ some]):
            best, chosen = both, some
    return chosen
