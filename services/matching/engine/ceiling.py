"""What no choice of circles can be worth more than: every term at the most that this many circles could have."""

import numpy as np

from services.matching.engine import circle, exact, facilitators
from services.matching.engine.circle import HALF_HOURS_A_POINT, IMPOSSIBLE, Folk, Rule, can_meet, together
from services.matching.engine.compiled import compiled
from services.matching.engine.islands import islands
from services.matching.engine.people import Problem
from services.matching.engine.population import ANY, Bools, Ints, Population


def bound(pop: Population, people: Folk, rules: Rule, problem: Problem, asked: Ints) -> int:
    """For every number of circles what each term could come to by itself; the best of these numbers.

    Where nobody could meet more than a few, no more than the best choice of circles among those.
    """
    least, most = problem.size_min, max(problem.size_min, problem.size_max)
    led = facilitators.most(pop, problem)
    count = np.arange(1, min(len(asked) // max(1, least), len(led) - 1) + 1)
    if not len(count):
        return 0
    placed = np.minimum(len(asked), count * most)
    weights = rules.weights
    total = weights[circle.SHARED] * _companions(people, asked, most, count)
    total = total + weights[circle.COVERED] * np.minimum(placed, _coverable(pop, people, rules, asked).sum())
    total = total + weights[circle.CONTRIBUTE] * np.minimum(count, _knowing(people, asked))
    total = total + weights[circle.SIZE] * np.minimum(placed, (people.most[asked] > 0).sum())
    total = total + weights[circle.TIME] * np.minimum(placed, ((people.liked[asked] & ANY) == 0).sum())
    total = total + np.cumsum(np.append(0, np.sort(people.due[asked])[::-1]))[placed]
    total = total + _hours(people, rules, asked, least)[count - 1]
    total = total + led[count]
    kinds = (circle.UNITS, circle.FUNCTIONS, circle.TENURE, circle.SITES)
    for term, column in zip(kinds, people.kinds[asked].T, strict=True):
        known = column[column >= 0]
        there = np.bincount(np.bincount(known), minlength=1)
        sizes = np.repeat(np.arange(len(there)), there)
        each = np.concatenate(([0], _spread(sizes, placed, count) - count))
        # Of these circles some may be of people who are all unknown, and share no value.
        empty = (len(column) - len(known)) // max(1, least)
        total = total + weights[term] * each[np.maximum(np.minimum(count, each.argmax()), count - empty)]
    total = total + weights[circle.GRADES] * (placed - count)
    apart = islands(people, rules, asked)
    if len(apart[0]) > exact.WHOLE:
        return int(max(0, total.max()))
    best = sum(_best(people, rules, each, least, most) for each in apart)
    return int(max(0, min(total.max(), best + led[min(len(count), len(led) - 1)])))


def _best(people: Folk, rules: Rule, few: Ints, least: int, most: int) -> int:
    value, _ = exact.sets(people, rules, few, least, most)
    return int(value[exact.choose(value, 0)].sum())


def _companions(people: Folk, asked: Ints, most: int, count: Ints) -> Ints:
    """How many could be in a circle about something they want: the fullest circles of every topic come first."""
    wanting = np.bincount(_skills(people.wants_at, people.wants, asked, people.about), minlength=1)
    full = np.full(int((wanting // most).sum()), most)
    rest = np.sort(wanting % most)[::-1]
    sums = np.concatenate(([0], np.cumsum(np.sort(np.concatenate((full, rest)))[::-1])))
    found: Ints = sums[np.minimum(count, len(sums) - 1)]
    return np.minimum(found, np.minimum(len(asked), count * most))


def _knowing(people: Folk, asked: Ints) -> int:
    """How many circles could have a member who knows their topic: no more than there are who know one."""
    owner = np.repeat(np.arange(len(people.knows_at) - 1), np.diff(people.knows_at))
    return len(np.intersect1d(owner[people.about[people.knows]] if len(owner) else owner, asked))


def _skills(at: Ints, skills: Ints, asked: Ints, about: Bools) -> Ints:
    owner = np.repeat(np.arange(len(at) - 1), np.diff(at))
    inside = np.zeros(len(at) - 1, np.bool_)
    inside[asked] = True
    return skills[inside[owner] & about[skills]] if len(skills) else skills


def _hours(people: Folk, rules: Rule, asked: Ints, least: int) -> Ints:
    """Points for hours in common by the number of circles: at the most, alike with alike."""
    spare = np.bitwise_count(people.hours[asked]).astype(np.int64) - rules.half_hours
    points = np.minimum(np.maximum(0, spare) // HALF_HOURS_A_POINT, rules.weights[circle.HOURS])
    return np.cumsum(np.sort(points)[::-1][max(1, least) - 1 :: max(1, least)])


def _spread(sizes: Ints, placed: Ints, count: Ints) -> Ints:
    """How many different values all circles can have between them: each value once a circle and person."""
    sizes = np.sort(sizes)
    sums = np.concatenate(([0], np.cumsum(sizes)))
    small = np.searchsorted(sizes, count, "right")
    spread: Ints = np.minimum(placed, sums[small] + (len(sizes) - small) * count)
    return spread


def _coverable(pop: Population, people: Folk, rules: Rule, asked: Ints) -> Bools:
    """Who could be with somebody who can teach them something they want."""
    inside = np.zeros(len(pop), np.bool_)
    inside[asked] = True
    found = np.zeros(len(asked), np.bool_)
    _cover(people, rules, asked, inside, pop.offers.start, pop.offers.person, pop.offers.level, found)
    return found


@compiled
def _cover(
    people: Folk, rules: Rule, asked: Ints, inside: Bools, start: Ints, person: Ints, level: Ints, found: Bools
) -> None:
    two = np.empty(2, np.int64)
    for row in range(len(asked)):
        two[0] = asked[row]
        for place in range(people.wants_at[two[0]], people.wants_at[two[0] + 1]):
            skill = people.wants[place]
            if found[row] or not people.about[skill]:
                continue
            for offer in range(start[skill], start[skill + 1]):
                two[1] = person[offer]
                if (
                    inside[two[1]]
                    and two[1] != two[0]
                    and level[offer] >= people.wants_level[place] + rules.margin
                    and together(people, two[0], two[1])
                    and can_meet(people, rules, two, 2) != IMPOSSIBLE
                ):
                    found[row] = True
                    break
