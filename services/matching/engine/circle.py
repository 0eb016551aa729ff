"""What a circle is worth and whether it may be: one arithmetic for forming, improving and explaining circles."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from services.matching.engine.compiled import compiled, ones
from services.matching.engine.market import bonus
from services.matching.engine.people import Problem, Term
from services.matching.engine.population import ANY, Bools, Ints, Masks, Population, Postings, both_ways, pair_keys

TENURE_BANDS = (180, 730, 1825)
HALF_HOURS_A_POINT = 2
MARKS = 64
"""Bits of a person's wants or knowledge: most people share none, which one look tells."""
ANY_BAND = 1 << 30
IMPOSSIBLE = -(1 << 40)
"""Less than any circle is worth: who has met lately may cost it more than all else brings."""
NONE = -1
TERMS = (
    "shared_need",
    "can_contribute",
    "needs_covered",
    "mixed_units",
    "mixed_functions",
    "mixed_tenure",
    "mixed_sites",
    "mixed_levels",
    "common_hours",
    "preferred_size",
    "met_lately",
    "preferred_time",
    "newcomer",
    "waited",
    "preferred_pace",
)
SHARED, CONTRIBUTE, COVERED, UNITS, FUNCTIONS, TENURE, SITES, GRADES, HOURS, SIZE, MET, TIME, DUE = range(13)
"""The terms from DUE on hang on each member alone."""
ABOUT_TOPIC = frozenset({"shared_need", "can_contribute"})


class Folk(NamedTuple):
    """Everybody, as circles are judged by; `wants[wants_at[p]:wants_at[p + 1]]` are the skills a person wants."""

    hours: Masks
    liked: Masks
    days: Masks
    week: Masks
    languages: Masks
    kinds: Ints
    """Unit, function (NONE where it is not known), tenure band and site, a line a person."""
    rank: Ints
    due: Ints
    """Points that a person brings to any circle."""
    dues: Ints
    """The same by the terms from DUE on, a line a person."""
    fewest: Ints
    most: Ints
    """How many they like to be, 0 for any number."""
    enters: Ints
    leaves: Ints
    barred_at: Ints
    barred: Ints
    met_at: Ints
    met: Ints
    """Whom they have been with within the cool-off."""
    place: Ints
    """Their site where only people of one site may meet, 0 where they may meet anywhere."""
    wants_at: Ints
    wants: Ints
    wants_level: Ints
    knows_at: Ints
    knows: Ints
    knows_level: Ints
    about: Bools
    """Which skills the programme is about."""
    wanted: Masks
    known: Masks
    """What they want and know: skills as bits, several sharing one."""


class Rule(NamedTuple):
    """Thresholds and weights, as circles are judged by."""

    half_hours: int
    min_functions: int
    """0 where one would do: people whose function is not known have none."""
    margin: int
    band: int
    """Levels a circle may span at most."""
    weights: Ints
    """In the order of TERMS."""


def folk(pop: Population, problem: Problem) -> Folk:
    """Lay people out."""
    everybody = np.arange(len(pop) + 1)
    wants = np.lexsort((pop.needs.skill, pop.needs.person))
    knows = np.lexsort((pop.offers.skill, pop.offers.person))
    at, others = both_ways(pop.apart, len(pop))
    met_at, met = both_ways(pair_keys(pop.index, problem.recent), len(pop))
    dues = np.column_stack(list(bonus(pop, problem, np.arange(len(pop))).values())).astype(np.int64)
    about = np.array([not problem.skills or skill in problem.skills for skill in pop.skills], np.bool_)
    return Folk(
        hours=pop.hours,
        liked=pop.liked,
        days=pop.days,
        week=pop.week,
        languages=pop.languages,
        kinds=np.stack((pop.unit, pop.function, np.digitize(pop.tenure, TENURE_BANDS).astype(np.int64), pop.site), 1),
        rank=pop.level,
        due=dues.sum(1),
        dues=dues,
        fewest=pop.fewest,
        most=pop.most,
        enters=pop.enters,
        leaves=pop.leaves,
        barred_at=at,
        barred=others,
        met_at=met_at,
        met=met,
        place=pop.site * problem.one_site,
        wants_at=np.searchsorted(pop.needs.person[wants], everybody).astype(np.int64),
        wants=pop.needs.skill[wants],
        wants_level=pop.needs.level[wants],
        knows_at=np.searchsorted(pop.offers.person[knows], everybody).astype(np.int64),
        knows=pop.offers.skill[knows],
        knows_level=pop.offers.level[knows],
        about=about,
        wanted=_marks(pop.needs, len(pop)),
        known=_marks(pop.offers, len(pop)),
    )


def _marks(claims: Postings, count: int) -> Masks:
    marks = np.zeros(count, np.uint64)
    np.bitwise_or.at(marks, claims.person, np.uint64(1) << (claims.skill % MARKS).astype(np.uint64))
    return marks


def rule(problem: Problem) -> Rule:
    """The rules as numbers."""
    rules = problem.rules
    weights = np.array([rules.weights[term] for term in TERMS], np.int64)
    if rules.levels != "mixed":
        weights[GRADES] = 0
    if problem.in_person:
        weights[SITES] = 0  # who has to travel gains nothing by it
    if not problem.recent:
        weights[MET] = 0  # nobody looks for whom they have met
    band = rules.level_band if rules.levels == "banded" else ANY_BAND
    functions = rules.min_functions if rules.min_functions > 1 else 0
    return Rule(rules.common_half_hours, functions, rules.margin, band, weights)


def terms(pop: Population, people: Folk, rules: Rule, members: Sequence[int], topic: int) -> list[Term]:
    """The terms of a circle's score, its facilitator's apart."""
    points = np.zeros(len(TERMS), np.int64)
    tell(people, rules, np.array(members, np.int64), len(members), topic, points)
    skill = None if topic == NONE else pop.skills[topic]
    return [
        Term(code, int(value), skill if code in ABOUT_TOPIC else None)
        for code, value in zip(TERMS, points, strict=True)
        if value
    ]


@compiled
def together(people: Folk, one: int, other: int) -> bool:
    """Whether these two may be in one circle: neither stands above the other, and nothing keeps them apart."""
    if people.enters[one] < people.enters[other] <= people.leaves[one]:
        return False
    if people.enters[other] < people.enters[one] <= people.leaves[other]:
        return False
    for place in range(people.barred_at[one], people.barred_at[one + 1]):
        if people.barred[place] == other:
            return False
    return True


@compiled
def grade(people: Folk, person: int, topic: int) -> int:
    """How far a person is in the topic, -1 for unknown; without a topic their job level."""
    if topic == NONE:
        return int(people.rank[person])
    for place in range(people.wants_at[person], people.wants_at[person + 1]):
        if people.wants[place] == topic:
            return int(people.wants_level[place])
    for place in range(people.knows_at[person], people.knows_at[person + 1]):
        if people.knows[place] == topic:
            return int(people.knows_level[place])
    return -1


@compiled
def teaches(people: Folk, rules: Rule, other: int, person: int) -> bool:
    """Whether the other could teach something this person wants."""
    for want in range(people.wants_at[person], people.wants_at[person + 1]):
        if people.about[people.wants[want]]:
            least = people.wants_level[want] + rules.margin
            for know in range(people.knows_at[other], people.knows_at[other + 1]):
                if people.knows[know] == people.wants[want] and people.knows_level[know] >= least:
                    return True
    return False


@compiled
def covered(people: Folk, rules: Rule, members: Ints, size: int, person: int) -> bool:
    """Whether another member could teach something this person wants."""
    for place in range(size):
        other = members[place]
        if other != person and people.wanted[person] & people.known[other] and teaches(people, rules, other, person):
            return True
    return False


@compiled
def known_to(people: Folk, members: Ints, size: int, person: int) -> int:
    """How many members the person has been with within the cool-off."""
    found = 0
    for place in range(people.met_at[person], people.met_at[person + 1]):
        for at in range(size):
            found += members[at] == people.met[place]
    return found


@compiled
def can_meet(people: Folk, rules: Rule, members: Ints, size: int) -> int:
    """Half-hours all of them work, IMPOSSIBLE where they could not meet or talk."""
    hours = people.hours[members[0]]
    for place in range(1, size):
        hours &= people.hours[members[place]]
    if ones(hours) < rules.half_hours:
        return IMPOSSIBLE
    hours &= np.uint64(0)
    for day in range(people.week.shape[1]):
        shared = people.week[members[0], day]
        for place in range(1, size):
            shared &= people.week[members[place], day]
        hours |= shared
    common = ones(hours)
    if common < rules.half_hours:
        return IMPOSSIBLE
    for word in range(people.languages.shape[1]):
        spoken = people.languages[members[0], word]
        for place in range(1, size):
            spoken &= people.languages[members[place], word]
        if spoken:
            return common
    return IMPOSSIBLE


@compiled
def distinct(values: Ints, size: int) -> int:
    """How many different values there are; those below 0 do not count."""
    found = 0
    for place in range(size):
        new = values[place] >= 0
        for before in range(place):
            if values[before] == values[place]:
                new = False
                break
        found += new
    return found


@compiled
def tell(people: Folk, rules: Rule, members: Ints, size: int, topic: int, points: Ints) -> bool:
    """Write the points of each term; False where a hard constraint speaks against these people together."""
    return suits(people, rules, members, size, topic, points) and meets(people, rules, members, size, points)


@compiled
def suits(people: Folk, rules: Rule, members: Ints, size: int, topic: int, points: Ints) -> bool:
    """Write the points of each term but those of hours; False where functions or levels speak against it."""
    points[:] = 0
    values = np.empty(size, np.int64)
    for kind in range(people.kinds.shape[1]):
        for place in range(size):
            values[place] = people.kinds[members[place], kind]
        different = distinct(values, size)
        if kind == 1 and different < rules.min_functions:
            return False
        points[UNITS + kind] = rules.weights[UNITS + kind] * max(0, different - 1)
    if rules.weights[GRADES] or rules.band < ANY_BAND:
        low, high = ANY_BAND, -1
        for place in range(size):
            values[place] = grade(people, members[place], topic)
            if values[place] >= 0:
                low, high = min(low, values[place]), max(high, values[place])
        if high - low > rules.band:
            return False
        points[GRADES] = rules.weights[GRADES] * max(0, distinct(values, size) - 1)
    mark = np.uint64(0) if topic == NONE else np.uint64(1) << np.uint64(topic % MARKS)
    for place in range(size):
        person = members[place]
        points[SIZE] += rules.weights[SIZE] * (people.fewest[person] <= size <= people.most[person])
        points[COVERED] += rules.weights[COVERED] * covered(people, rules, members, size, person)
        points[DUE:] += people.dues[person]
        if rules.weights[MET]:
            points[MET] -= rules.weights[MET] * known_to(people, members, place, person)
        if people.wanted[person] & mark:
            for want in range(people.wants_at[person], people.wants_at[person + 1]):
                if people.wants[want] == topic:
                    points[SHARED] += rules.weights[SHARED]
                    break
        if people.known[person] & mark:
            for know in range(people.knows_at[person], people.knows_at[person + 1]):
                if people.knows[know] == topic:
                    points[CONTRIBUTE] = rules.weights[CONTRIBUTE]
    return True


@compiled
def meets(people: Folk, rules: Rule, members: Ints, size: int, points: Ints) -> bool:
    """Write the points of hours; False where these people may not be together, could not meet or not talk."""
    common = can_meet(people, rules, members, size)
    if common == IMPOSSIBLE:
        return False
    for one in range(size):
        if people.place[members[one]] != people.place[members[0]]:
            return False
        for other in range(one):
            if not together(people, members[one], members[other]):
                return False
    points[TIME] = rules.weights[TIME] * pleased(people, rules, members, size) if rules.weights[TIME] else 0
    points[HOURS] = min((common - rules.half_hours) // HALF_HOURS_A_POINT, rules.weights[HOURS])
    return True


@compiled
def pleased(people: Folk, rules: Rule, members: Ints, size: int) -> int:
    """How many like a time of day at which all of them could meet."""
    found = 0
    for place in range(size):
        shared = people.liked[members[place]]
        if not shared & ANY:
            for other in range(size):
                shared &= people.hours[members[other]]
            found += ones(shared) >= rules.half_hours
    return found


@compiled
def worth(people: Folk, rules: Rule, members: Ints, size: int, topic: int) -> int:
    """The sum of the terms, IMPOSSIBLE where these people may not be together."""
    points = np.zeros(len(TERMS), np.int64)
    return int(points.sum()) if tell(people, rules, members, size, topic, points) else IMPOSSIBLE
