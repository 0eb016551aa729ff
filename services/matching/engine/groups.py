"""Circles: grown from the people hardest to place, improved by exchanges, each with a neutral facilitator."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import product
from operator import itemgetter
from time import perf_counter

import numpy as np

from services.matching.engine import ceiling, circle, exact, facilitators, forming, relieving
from services.matching.engine.circle import NONE, Folk, Rule, worth
from services.matching.engine.constraints import (
    SITE,
    Failures,
    Funnel,
    above_or_below,
    elsewhere,
    few_hours,
    own,
    pack,
    speechless,
    unavailable,
)
from services.matching.engine.forming import Circles, Crowd
from services.matching.engine.islands import islands
from services.matching.engine.people import Change, Match, Outcome, Problem, Unmatched
from services.matching.engine.population import Ints, Population, build, lots

STAGES = ("not_available", "reporting_line", "no_common_language", "too_few_common_hours")
ANOTHER = Change("another_facilitator", 0)
MOVES_A_PERSON = 100
EXCHANGES, SWEEPS = 10_000, (3, 40)
"""Two circles that are shared out anew: in all, and how often each one is at the least and at the most."""
SQUEEZED_INTO = 2000
RELIEVED, RELIEVED_IN = 50_000, (5, 1000)
"""Circles looked at for those whose turn it is and who have no place: in all, and for each of them."""
DOZENS, AGAIN = 60, 5
"""People up to whom every size of circle is tried, and how often."""
LOOKED_AT = 20_000
"""People counted for each one left over, to say what is in the way."""


def solve(problem: Problem) -> Outcome:
    """Place the people asked in circles of the programme's size; who fits nowhere is told why."""
    began = perf_counter()
    pop = build(problem.people, problem.seed)
    people, rules = circle.folk(pop, problem), circle.rule(problem)
    circles = apart(pop, people, rules, problem, placeable(pop, problem))
    return told(pop, people, rules, problem, circles, {}, {"form": perf_counter() - began})


def placeable(pop: Population, problem: Problem) -> Ints:
    """Rows of the people asked who have time for a circle."""
    asked = _asked(pop, problem)
    return asked[pop.available[asked] & (pop.places[asked] > 0)]


def apart(pop: Population, people: Folk, rules: Rule, problem: Problem, asked: Ints) -> Circles:
    """Circles of every island by itself: the same whoever else is in the round, and wherever it is formed."""
    person = {one.id: one for one in problem.people}
    found = []
    for island in islands(people, rules, asked):
        if len(island) >= problem.size_min:
            drawn = pop.lots.copy()
            drawn[island] = lots([person[pop.ids[row]] for row in island.tolist()], problem.seed)
            found.append(form(replace(pop, lots=drawn), people, rules, problem, island)[0])
    return ordered(one for circles in found for one in named(circles))


def named(circles: Circles) -> list[tuple[list[int], int]]:
    """Each circle's members and topic."""
    return [(members[:size].tolist(), int(topic)) for members, size, topic in zip(*circles, strict=True)]


def ordered(circles: Iterable[tuple[Sequence[int], int]]) -> Circles:
    """Circles of these members and topics in an order that does not tell who formed them, with room for one more."""
    named = sorted((sorted(members), topic) for members, topic in circles)
    sizes = np.array([len(members) for members, _ in named], np.int64)
    laid = np.zeros((len(named), int(sizes.max(initial=0)) + 1), np.int64)
    laid[np.arange(laid.shape[1]) < sizes[:, None]] = [one for members, _ in named for one in members]
    return Circles(laid, sizes, np.array([topic for _, topic in named], np.int64))


def told(
    pop: Population,
    people: Folk,
    rules: Rule,
    problem: Problem,
    circles: Circles,
    notes: dict[str, object],
    timings: dict[str, float],
) -> Outcome:
    """These circles, each led by somebody of everybody, in words; each person left out with the reason.

    Whoever leads one of them is not left out.
    """
    began = perf_counter()
    able = placeable(pop, problem)
    chosen = facilitators.choose(pop, problem, circles)
    without = np.array([at for at, one in enumerate(chosen) if one is None], np.int64)
    rest = np.setdiff1d(able, inside_of(circles))
    if len(without) and facilitators.step_out(pop, people, rules, problem, circles, without, rest):
        circles = ordered(named(circles))
        chosen = facilitators.choose(pop, problem, circles)
    matches, leaderless = [], set()
    leading = [one.person for one in chosen if one is not None]
    for members, size, topic, facilitator in zip(*circles, chosen, strict=True):
        inside = members[:size].tolist()
        if facilitator is None:
            leaderless.update(inside)
            continue
        roles = [(pop.ids[member], "participant") for member in inside]
        terms = (*circle.terms(pop, people, rules, inside, int(topic)), *facilitator.terms)
        skill = None if topic == NONE else pop.skills[topic]
        matches.append(Match((*roles, (pop.ids[facilitator.person], "facilitator")), skill, terms))
    timings = {**timings, "facilitators": perf_counter() - began}
    asked = _asked(pop, problem)
    waiting = np.setdiff1d(able, [*inside_of(circles), *leading]).tolist()
    late = Change("more_time", 0)
    unmatched = [Unmatched(pop.ids[person], "no_time", (), (), late) for person in np.setdiff1d(asked, able).tolist()]
    leaderless -= {*leading}
    unmatched += _explain(pop, people, problem, asked, {*waiting, *leaderless}, leaderless)
    value = sum(match.score for match in matches)
    most = ceiling.bound(pop, people, rules, problem, able)
    by_members = tuple(sorted(matches, key=lambda match: match.members))
    left = tuple(sorted(unmatched, key=lambda one: one.person))
    return Outcome(by_members, left, value, most, notes, timings)


def inside_of(circles: Circles) -> Ints:
    """Rows of everybody in a circle."""
    found: Ints = circles.members[np.arange(circles.members.shape[1]) < circles.size[:, None]]
    return found


def form(pop: Population, people: Folk, rules: Rule, problem: Problem, asked: Ints) -> tuple[Circles, Ints]:
    """Circles of the people asked, and who is left over.

    Some dozens try every size that circles may have, several times, as that takes a second: the best of these.
    """
    least, most = problem.size_min, max(problem.size_min, problem.size_max)
    if len(asked) <= exact.WHOLE:
        return _best(pop, people, rules, asked, least, most)
    middle = (least + most + 1) // 2
    if len(asked) > DOZENS:
        return _grown(pop, people, rules, problem, asked, middle, 0)
    tried = []
    for wanted, again in product(dict.fromkeys((middle, *range(least, most + 1))), range(AGAIN)):
        circles, waiting = _grown(pop, people, rules, problem, asked, wanted, again)
        value = sum(int(worth(people, rules, *one)) for one in zip(*circles, strict=True))
        tried.append((-len(waiting), value, circles, waiting))
    *_, circles, waiting = max(tried, key=itemgetter(0, 1))
    return circles, waiting


def _grown(
    pop: Population, people: Folk, rules: Rule, problem: Problem, asked: Ints, wanted: int, again: int
) -> tuple[Circles, Ints]:
    """Circles grown to so many members, and improved as this time's lot has it."""
    least, most = problem.size_min, max(problem.size_min, problem.size_max)
    crowd = _crowd(pop, people, asked)
    room = len(asked) // max(1, least) + 1
    circles = Circles(np.zeros((room, most + 1), np.int64), np.zeros(room, np.int64), np.full(room, NONE, np.int64))
    free = np.zeros(len(pop), np.bool_)
    free[asked] = True
    hardest = _hardest_first(pop, rules, asked)
    count = 0
    drawn = (pop.lots >> np.uint64(1)).astype(np.int64)
    waiting = hardest
    for size in (wanted, least):
        rest = Circles(*(column[count:] for column in circles))
        count += forming.grow(people, rules, crowd, free, hardest, least, size, rest)
        waiting = _due_first(people, hardest[free[hardest]])
        waiting = forming.squeeze(people, rules, circles, count, waiting, most, SQUEEZED_INTO, drawn)
        free[:] = False
        free[waiting] = True
    by_hours = np.lexsort((np.arange(count), crowd.place[circles.members[:count, 0]]))
    circles = Circles(*(np.ascontiguousarray(column[:count][by_hours]) for column in circles))
    seed = (problem.seed + again) % 2**62
    if count > 1:
        forming.improve(people, rules, circles, count, least, most, MOVES_A_PERSON * len(asked), seed)
        tries = count * int(np.clip(EXCHANGES // count, *SWEEPS))
        forming.exchange(people, rules, circles, least, most, tries, seed)
    if len(waiting) and count:
        waiting = forming.squeeze(people, rules, circles, count, waiting, most, SQUEEZED_INTO, drawn)
        due = int(np.count_nonzero(people.due[waiting]))
        tries = int(np.clip(RELIEVED // max(1, due), *RELIEVED_IN))
        relieving.relieve(people, rules, circles, count, waiting[:due], tries, drawn)
        waiting = forming.squeeze(people, rules, circles, count, waiting, most, SQUEEZED_INTO, drawn)
    return circles, waiting


def _due_first(people: Folk, waiting: Ints) -> Ints:
    """Those whose turn it is come first."""
    return waiting[np.argsort(-people.due[waiting], kind="stable")]


def _best(pop: Population, people: Folk, rules: Rule, asked: Ints, least: int, most: int) -> tuple[Circles, Ints]:
    """The circles of a few: with as many of them as can be, and of these the best."""
    who = asked[np.argsort(pop.lots[asked], kind="stable")]
    value, about = exact.sets(people, rules, who, least, most)
    chosen = exact.choose(value, exact.PLACED).tolist()
    inside = [[one for place, one in enumerate(who.tolist()) if some >> place & 1] for some in chosen]
    circles = ordered((members, int(about[some])) for members, some in zip(inside, chosen, strict=True))
    return circles, np.setdiff1d(asked, inside_of(circles))


def _asked(pop: Population, problem: Problem) -> Ints:
    return np.array(sorted(pop.index[person] for person in problem.asked if person in pop.index), np.int64)


def _crowd(pop: Population, people: Folk, asked: Ints) -> Crowd:
    order = asked[np.lexsort((pop.lots[asked], pop.hours[asked]))]
    place = np.full(len(pop), NONE, np.int64)
    place[order] = np.arange(len(order))
    wanting = _by_skill(people.wants_at, people.wants, place, len(pop.skills))
    return Crowd(order, place, *wanting, *_by_skill(people.knows_at, people.knows, place, len(pop.skills)))


def _by_skill(at: Ints, skills: Ints, place: Ints, count: int) -> tuple[Ints, Ints]:
    """Where each skill begins, and the places of whose it is."""
    owner = np.repeat(np.arange(len(at) - 1), np.diff(at))
    inside = place[owner] != NONE
    skill, places = skills[inside], place[owner[inside]]
    order = np.lexsort((places, skill))
    return np.searchsorted(skill[order], np.arange(count + 1)).astype(np.int64), places[order]


def _hardest_first(pop: Population, rules: Rule, people: Ints) -> Ints:
    """Those whose hours fewest others share come first."""
    masks, which, count = np.unique(pop.hours[people], return_inverse=True, return_counts=True)
    shared = np.bitwise_count(masks[:, None] & masks[None, :]) >= rules.half_hours
    company = (shared * count[None, :]).sum(1)[which.reshape(-1)]
    ordered: Ints = people[np.lexsort((pop.lots[people], company))]
    return ordered


def _explain(
    pop: Population, folk: Folk, problem: Problem, asked: Ints, without: set[int], leaderless: set[int]
) -> list[Unmatched]:
    people = sorted(without)
    funnel = Funnel((*STAGES, SITE) if problem.one_site else STAGES, len(people))
    crowd = asked[np.argsort(pop.lots[asked], kind="stable")][:LOOKED_AT]
    found = []
    for row, person in enumerate(people):
        others = crowd[crowd != person]
        left = np.full(len(others), person)
        failed = pack(
            unavailable(pop, left, others),
            above_or_below(pop, left, others),
            speechless(pop, left, others),
            few_hours(pop, left, others, problem.rules.common_half_hours),
            *((elsewhere(pop, left, others),) if problem.one_site else ()),
        )
        if person in leaderless:
            funnel.add_one(pop, row, others, failed)
            one = funnel.explain(pop, person, row, "no_neutral_facilitator", ANOTHER)
            found.append(replace(one, change=ANOTHER))
        else:
            funnel.add_one(pop, row, others, failed, problem.size_min - 1)
            missing = _missing(pop, folk, problem, person, others[failed == 0], failed)
            found.append(funnel.explain(pop, person, row, "too_few_people", missing))
    return found


def _missing(pop: Population, people: Folk, problem: Problem, person: int, fitting: Ints, failed: Failures) -> Change:
    """Who is missing for a circle with these of the others, where nothing that is counted helps."""
    line = failed == 1 << STAGES.index("reporting_line")
    if first := own(pop, person, problem.rules.common_half_hours):
        return Change(first, 0)
    few = problem.size_min - 1 - len(fitting)
    if few > 0 and np.count_nonzero(line) >= few:
        return Change("another_line", 0)
    functions = pop.function[np.append(fitting, person)]
    lacking = circle.rule(problem).min_functions - len(np.unique(functions[functions >= 0]))
    if few <= 0 < lacking:
        return Change("more_functions", 0, str(lacking))
    if problem.rules.levels == "banded" and few <= 0:
        span = min(_spans(pop, people, person, fitting, problem.size_min - 1), default=0)
        if span > problem.rules.level_band:
            return Change("wider_band", 0, str(span))
    return Change("more_people", 0, str(max(1, few)))


def _spans(pop: Population, people: Folk, person: int, fitting: Ints, others: int) -> Iterator[int]:
    """How many levels the nearest of them and this person span, in a circle about each topic and about none."""
    yield _span(int(pop.level[person]), pop.level[fitting], others)
    inside = np.zeros(len(pop), np.bool_)
    inside[[*fitting, person]] = True
    wanted = np.unique(pop.needs.skill[inside[pop.needs.person]])
    for topic in wanted[people.about[wanted]].tolist():
        grades = np.full(len(pop), -1, np.int64)
        for known in (pop.offers, pop.needs):
            rows = slice(known.start[topic], known.start[topic + 1])
            grades[known.person[rows]] = known.level[rows]
        yield _span(int(grades[person]), grades[fitting], others) if grades[person] >= 0 else 0


def _span(mine: int, theirs: Ints, others: int) -> int:
    """The fewest levels that so many of them and mine span; who has none fits any."""
    known = np.sort(theirs[theirs >= 0])
    beside = others - (len(theirs) - len(known))
    if beside <= 0:
        return 0
    ends = np.arange(len(known) - beside + 1)
    return int((np.maximum(known[ends + beside - 1], mine) - np.minimum(known[ends], mine)).min())
