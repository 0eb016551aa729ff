"""Circles: grown from the people hardest to place, improved by exchanges, each with a neutral facilitator."""

from time import perf_counter

import numpy as np

from services.matching.engine import ceiling, circle, facilitators, forming
from services.matching.engine.circle import NONE, Folk, Rule
from services.matching.engine.constraints import Funnel, above_or_below, few_hours, pack, speechless, unavailable
from services.matching.engine.forming import Circles, Crowd
from services.matching.engine.people import Match, Outcome, Problem, Unmatched
from services.matching.engine.population import Ints, Population, build

STAGES = ("not_available", "reporting_line", "no_common_language", "too_few_common_hours")
MOVES_A_PERSON = 60
SQUEEZED_INTO = 2000
LOOKED_AT = 20_000
"""People counted for each one left over, to say what is in the way."""


def solve(problem: Problem) -> Outcome:
    """Place the people asked in circles of the programme's size; who fits nowhere is told why."""
    began = perf_counter()
    pop = build(problem.people, problem.seed)
    asked = np.array(sorted(pop.index[person] for person in problem.asked if person in pop.index), np.int64)
    able = pop.available[asked] & (pop.places[asked] > 0)
    people, rules = circle.folk(pop, problem), circle.rule(problem)
    circles, waiting = form(pop, people, rules, problem, asked[able])
    formed = perf_counter()
    chosen = facilitators.choose(pop, problem, circles)
    matches, leaderless = [], set()
    for members, size, topic, facilitator in zip(*circles, chosen, strict=True):
        inside = np.sort(members[:size]).tolist()
        if facilitator is None:
            leaderless.update(inside)
            continue
        roles = [(pop.ids[member], "participant") for member in inside]
        terms = (*circle.terms(pop, people, rules, inside, int(topic)), *facilitator.terms)
        skill = None if topic == NONE else pop.skills[topic]
        matches.append(Match((*roles, (pop.ids[facilitator.person], "facilitator")), skill, terms))
    unmatched = [Unmatched(pop.ids[person], "no_time", (), ()) for person in asked[~able].tolist()]
    unmatched += _explain(pop, problem, asked, {*waiting.tolist(), *leaderless}, leaderless)
    timings = {"form": formed - began, "facilitators": perf_counter() - formed}
    value = sum(match.score for match in matches)
    most = ceiling.bound(pop, people, rules, problem, asked[able])
    ordered = tuple(sorted(matches, key=lambda match: match.members))
    left = tuple(sorted(unmatched, key=lambda one: one.person))
    return Outcome(ordered, left, value, most, timings=timings)


def form(pop: Population, people: Folk, rules: Rule, problem: Problem, asked: Ints) -> tuple[Circles, Ints]:
    """Circles of the people asked, and who is left over."""
    least, most = problem.size_min, max(problem.size_min, problem.size_max)
    crowd = _crowd(pop, people, asked)
    room = len(asked) // max(1, least) + 1
    circles = Circles(np.zeros((room, most + 1), np.int64), np.zeros(room, np.int64), np.full(room, NONE, np.int64))
    free = np.zeros(len(pop), np.bool_)
    free[asked] = True
    hardest = _hardest_first(pop, rules, asked)
    count = 0
    lots = (pop.lots >> np.uint64(1)).astype(np.int64)
    waiting = hardest
    for wanted in ((least + most + 1) // 2, least):
        rest = Circles(*(column[count:] for column in circles))
        count += forming.grow(people, rules, crowd, free, hardest, least, wanted, rest)
        waiting = hardest[free[hardest]]
        waiting = forming.squeeze(people, rules, circles, count, waiting, most, SQUEEZED_INTO, lots)
        free[:] = False
        free[waiting] = True
    by_hours = np.lexsort((np.arange(count), crowd.place[circles.members[:count, 0]]))
    circles = Circles(*(np.ascontiguousarray(column[:count][by_hours]) for column in circles))
    if count > 1:
        tries = MOVES_A_PERSON * len(asked)
        forming.improve(people, rules, circles, count, least, most, tries, problem.seed % 2**62)
    if len(waiting) and count:
        waiting = forming.squeeze(people, rules, circles, count, waiting, most, SQUEEZED_INTO, lots)
    return circles, waiting


def _crowd(pop: Population, people: Folk, asked: Ints) -> Crowd:
    order = asked[np.lexsort((pop.lots[asked], pop.hours[asked]))]
    place = np.full(len(pop), NONE, np.int64)
    place[order] = np.arange(len(order))
    owner = np.repeat(np.arange(len(pop)), np.diff(people.wants_at))
    inside = place[owner] != NONE
    skill, at = people.wants[inside], place[owner[inside]]
    sorted_ = np.lexsort((at, skill))
    start = np.searchsorted(skill[sorted_], np.arange(len(pop.skills) + 1)).astype(np.int64)
    return Crowd(order, place, start, at[sorted_])


def _hardest_first(pop: Population, rules: Rule, people: Ints) -> Ints:
    """Those whose hours fewest others share come first."""
    masks, which, count = np.unique(pop.hours[people], return_inverse=True, return_counts=True)
    shared = np.bitwise_count(masks[:, None] & masks[None, :]) >= rules.half_hours
    company = (shared * count[None, :]).sum(1)[which.reshape(-1)]
    ordered: Ints = people[np.lexsort((pop.lots[people], company))]
    return ordered


def _explain(
    pop: Population, problem: Problem, asked: Ints, without: set[int], leaderless: set[int]
) -> list[Unmatched]:
    people = sorted(without)
    funnel = Funnel(STAGES, len(people))
    crowd = asked[np.argsort(pop.lots[asked], kind="stable")][:LOOKED_AT]
    for row, person in enumerate(people):
        others = crowd[crowd != person]
        left = np.full(len(others), person)
        failed = pack(
            unavailable(pop, left, others),
            above_or_below(pop, left, others),
            speechless(pop, left, others),
            few_hours(pop, left, others, problem.rules.common_half_hours),
        )
        funnel.add_one(row, failed)
    return [
        funnel.explain(pop, person, row, "no_neutral_facilitator" if person in leaderless else "too_few_people")
        for row, person in enumerate(people)
    ]
