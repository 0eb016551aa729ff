"""Circles: grown from the people hardest to place, improved by swaps, each with a neutral facilitator."""

from time import perf_counter

import numpy as np

from services.matching.engine import facilitators
from services.matching.engine.circle import Judge
from services.matching.engine.constraints import Funnel, above_or_below, few_hours, pack, speechless, unavailable
from services.matching.engine.people import Match, Outcome, Problem, Unmatched
from services.matching.engine.population import Ints, Population, build

STAGES = ("not_available", "reporting_line", "no_common_language", "too_few_common_hours")
POOL = 400
"""People looked at for one circle: those who want its topic first, then by lot."""
SWAPS_A_PERSON = 4


class Circle:
    """A circle being formed."""

    def __init__(self, members: list[int], topic: int | None) -> None:
        self.members = members
        self.topic = topic


def solve(problem: Problem) -> Outcome:
    """Place the people asked in circles of the programme's size; who fits nowhere is told why."""
    began = perf_counter()
    pop = build(problem.people, problem.seed)
    asked = np.array(sorted(pop.index[person] for person in problem.asked if person in pop.index), np.int64)
    willing = asked[pop.available[asked]]
    judge = Judge(pop, problem)
    circles, waiting = _grow(judge, problem, _hardest_first(pop, problem, willing))
    waiting = _squeeze_in(judge, problem, circles, waiting)
    grown = perf_counter()
    _improve(judge, problem, circles)
    improved = perf_counter()
    chosen = facilitators.choose(pop, problem, [np.array(circle.members, np.int64) for circle in circles])
    matches, leaderless = [], set()
    for circle, facilitator in zip(circles, chosen, strict=True):
        if facilitator is None:
            leaderless.update(circle.members)
            continue
        members = [(pop.ids[member], "participant") for member in sorted(circle.members)]
        terms = (*judge.terms(circle.members, circle.topic), *facilitator.terms)
        skill = None if circle.topic is None else pop.skills[circle.topic]
        matches.append(Match((*members, (pop.ids[facilitator.person], "facilitator")), skill, terms))
    unmatched = _explain(pop, problem, asked, {*waiting, *leaderless}, leaderless)
    timings = {"grow": grown - began, "improve": improved - grown, "facilitators": perf_counter() - improved}
    ordered = tuple(sorted(matches, key=lambda match: match.members))
    value = sum(match.score for match in matches)
    return Outcome(ordered, tuple(unmatched), value, _bound(judge, problem, len(willing)), timings=timings)


def _bound(judge: Judge, problem: Problem, people: int) -> int:
    """No partition can be worth more: every circle as good as its size allows, in the best of all size mixes."""
    best = [0] * (people + 1)
    for count in range(1, people + 1):
        sizes = range(problem.size_min, min(problem.size_max, count) + 1)
        best[count] = max([best[count - 1], *(best[count - size] + judge.most(size) for size in sizes)])
    return best[people]


def _hardest_first(pop: Population, problem: Problem, people: Ints) -> Ints:
    """Those whose hours fewest others share come first."""
    masks, which, count = np.unique(pop.hours[people], return_inverse=True, return_counts=True)
    shared = np.bitwise_count(masks[:, None] & masks[None, :]) >= problem.rules.common_half_hours
    company = (shared * count[None, :]).sum(1)[which.reshape(-1)]
    ordered: Ints = people[np.lexsort((pop.lots[people], company))]
    return ordered


def _grow(judge: Judge, problem: Problem, people: Ints) -> tuple[list[Circle], list[int]]:
    pop = judge.pop
    free = np.zeros(len(pop), np.bool_)
    free[people] = True
    wanted = (problem.size_min + problem.size_max + 1) // 2
    circles: list[Circle] = []
    alone: list[int] = []
    for seed in people.tolist():
        if not free[seed]:
            continue
        free[seed] = False
        near = judge.fits([seed], people[free[people]])
        topic = _topic(judge, problem, seed, near)
        members = _fill(judge, [seed], _pool(judge, near, topic), topic, wanted)
        if len(members) < problem.size_min or not judge.may_be(members):
            alone.append(seed)
            continue
        free[members] = False
        circles.append(Circle(members, topic))
    return circles, alone


def _topic(judge: Judge, problem: Problem, seed: int, near: Ints) -> int | None:
    """What the person wants that most people near want too."""
    about = problem.skills
    crowd = set(near.tolist())
    mine = [
        (len(wants & crowd), -skill)
        for skill, wants in judge.wants.items()
        if seed in wants and (not about or judge.pop.skills[skill] in about)
    ]
    return -max(mine)[1] if mine else None


def _pool(judge: Judge, near: Ints, topic: int | None) -> Ints:
    wants = np.fromiter(judge.wants.get(topic, ()) if topic is not None else (), np.int64)
    order = np.lexsort((judge.pop.lots[near], ~np.isin(near, wants)))
    pool: Ints = near[order[:POOL]]
    return pool


def _fill(judge: Judge, members: list[int], pool: Ints, topic: int | None, wanted: int) -> list[int]:
    function = judge.pop.function
    while len(members) < wanted and len(pool):
        present = function[members]
        choice = pool
        if len(set(present.tolist())) < judge.rules.min_functions:
            choice = pool[~np.isin(function[pool], present)]
            if not len(choice):
                break
        gains = judge.gains(members, choice, topic)
        best = int(choice[np.lexsort((judge.pop.lots[choice], -gains))[0]])
        members = [*members, best]
        pool = judge.fits(members, pool)
    return members


def _squeeze_in(judge: Judge, problem: Problem, circles: list[Circle], waiting: list[int]) -> list[int]:
    """Give those left over a place where a circle has room."""
    left = []
    for person in waiting:
        options = [
            (judge.score([*circle.members, person], circle.topic) - judge.score(circle.members, circle.topic), -place)
            for place, circle in enumerate(circles)
            if len(circle.members) < problem.size_max and judge.may_be([*circle.members, person])
        ]
        if options:
            circle = circles[-max(options)[1]]
            circle.members = [*circle.members, person]
        else:
            left.append(person)
    return left


def _improve(judge: Judge, problem: Problem, circles: list[Circle]) -> None:
    """Exchange members of two circles wherever that raises the score and breaks nothing."""
    if len(circles) < 2:  # noqa: PLR2004 - an exchange takes two
        return
    rng = np.random.default_rng(problem.seed % 2**63)
    scores = [judge.score(circle.members, circle.topic) for circle in circles]
    tries = SWAPS_A_PERSON * sum(len(circle.members) for circle in circles)
    draws = rng.integers(0, [len(circles), len(circles) - 1, 1 << 20, 1 << 20], (tries, 4)).tolist()
    for here, step, one, other in draws:
        there = (here + 1 + step) % len(circles)
        mine, theirs = circles[here].members, circles[there].members
        one, other = one % len(mine), other % len(theirs)  # noqa: PLW2901 - a draw becomes a place
        new_mine = [*mine[:one], theirs[other], *mine[one + 1 :]]
        new_theirs = [*theirs[:other], mine[one], *theirs[other + 1 :]]
        scored = judge.score(new_mine, circles[here].topic), judge.score(new_theirs, circles[there].topic)
        if sum(scored) > scores[here] + scores[there] and judge.may_be(new_mine) and judge.may_be(new_theirs):
            circles[here].members, circles[there].members = new_mine, new_theirs
            scores[here], scores[there] = scored


def _explain(
    pop: Population, problem: Problem, asked: Ints, without: set[int], leaderless: set[int]
) -> list[Unmatched]:
    people = sorted(without)
    funnel = Funnel(STAGES, len(people))
    for row, person in enumerate(people):
        others = asked[asked != person]
        left = np.full(len(others), person)
        failed = pack(
            unavailable(pop, left, others),
            above_or_below(pop, left, others),
            speechless(pop, left, others),
            few_hours(pop, left, others, problem.rules.common_half_hours),
        )
        funnel.add(np.full(len(others), row), failed)
    found = [Unmatched(pop.ids[person], "no_time", (), ()) for person in asked[~pop.available[asked]].tolist()]
    found += [
        funnel.explain(pop, person, row, "no_neutral_facilitator" if person in leaderless else "too_few_people")
        for row, person in enumerate(people)
    ]
    return sorted(found, key=lambda left: left.person)
