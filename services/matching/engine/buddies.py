"""A buddy for every newcomer: somebody near them who has been here for a while and has room for one more."""

from time import perf_counter

import numpy as np

from services.matching.engine import assign
from services.matching.engine.candidates import suits, total
from services.matching.engine.constraints import Funnel, apart, few_hours, in_line, own, pack, speechless, unavailable
from services.matching.engine.people import Change, Match, Outcome, Problem, Term, Unmatched
from services.matching.engine.population import Ints, Population, build, contains, pair_keys
from services.matching.engine.trade import load_cost

STAGES = (
    "nobody_experienced",
    "not_available",
    "capacity_full",
    "reporting_line",
    "no_common_language",
    "too_few_common_hours",
    "matched_recently",
)


def solve(problem: Problem) -> Outcome:
    """Match every newcomer asked with one buddy."""
    began = perf_counter()
    pop = build(problem.people, problem.seed)
    newcomers = np.array(sorted(pop.index[person] for person in problem.asked if person in pop.index), np.int64)
    funnel = Funnel(STAGES, len(newcomers))
    rows, columns = [], []
    recent = pair_keys(pop.index, problem.recent)
    everybody = np.arange(len(pop))
    for place, person in enumerate(newcomers.tolist()):
        left = np.full(len(pop), person)
        failed = pack(
            pop.tenure < problem.rules.buddy_tenure_days,
            unavailable(pop, left, everybody),
            pop.slots <= 0,
            in_line(pop, left, everybody),
            speechless(pop, left, everybody),
            few_hours(pop, left, everybody, problem.rules.common_half_hours),
            contains(recent, pop.keys(left, everybody)),
        )
        others = everybody != person
        funnel.add_one(place, failed[others])
        columns.append(np.flatnonzero((failed == 0) & others & ~apart(pop, left, everybody)))
        rows.append(np.full(len(columns[-1]), place))
    row = np.concatenate([*rows, np.zeros(0, np.int64)]).astype(np.int64)
    buddy = np.concatenate([*columns, np.zeros(0, np.int64)]).astype(np.int64)
    newcomer = newcomers[row]
    found = terms(pop, problem, newcomer, buddy)
    ready = perf_counter()
    graph = assign.Graph(
        row=row,
        column=buddy,
        score=total(found),
        lot=pop.draw(newcomer, buddy),
        rows=len(newcomers),
        load=pop.load,
        slots=pop.slots,
        cost=load_cost(problem.rules.weights["teacher_load"]),
    )
    choice = assign.solve(graph)
    matches = []
    for place, cost in zip(choice.edges.tolist(), choice.cost.tolist(), strict=True):
        reasons = [Term(code, int(points[place])) for code, points in found.items() if points[place]]
        reasons += [Term("teacher_load", -int(cost))] if cost else []
        pair = ((pop.ids[int(newcomer[place])], "newcomer"), (pop.ids[int(buddy[place])], "buddy"))
        matches.append(Match(pair, None, tuple(reasons)))
    served = set(row[choice.edges].tolist())
    unmatched: list[Unmatched] = [
        funnel.explain(pop, person, place, "everyone_taken", _otherwise(pop, problem, person, funnel.left(place)))
        for place, person in enumerate(newcomers.tolist())
        if place not in served
    ]
    timings = {"candidates": ready - began, "solve": perf_counter() - ready}
    ordered = tuple(sorted(matches, key=lambda match: match.members))
    return Outcome(ordered, tuple(unmatched), choice.value, choice.bound, timings=timings)


def _otherwise(pop: Population, problem: Problem, person: int, left: int) -> Change:
    """What helps where nobody fits, or all who do are taken."""
    if left:
        return Change("more_capacity", left)
    first = own(pop, person, problem.rules.common_half_hours)
    return Change(first, 0, also=("another_buddy",)) if first else Change("another_buddy", 0)


def terms(pop: Population, problem: Problem, newcomer: Ints, buddy: Ints) -> dict[str, Ints]:
    """Each term of the score in points, one array a code."""
    weights = problem.rules.weights
    same_unit, same_division = pop.unit[newcomer] == pop.unit[buddy], pop.division[newcomer] == pop.division[buddy]
    same_function = (pop.function[newcomer] >= 0) & (pop.function[newcomer] == pop.function[buddy])
    spare = pop.common(newcomer, buddy) - problem.rules.common_half_hours
    apart = np.abs(pop.level[newcomer] - pop.level[buddy])
    liked = suits(pop, newcomer, buddy, problem.rules.common_half_hours)
    found = {
        "preferred_time": weights["preferred_time"] * liked,
        "experienced": np.full(len(newcomer), weights["experienced"]),
        "same_site": weights["same_site"] * (pop.site[newcomer] == pop.site[buddy]),
        "near_unit": np.where(same_unit, weights["near_unit"], np.where(same_division, weights["near_unit"] // 2, 0)),
        "same_function": weights["same_function"] * same_function,
        "seniority": np.maximum(0, weights["seniority"] - 3 * apart),
        "common_hours": np.clip(spare // 2, 0, weights["common_hours"]),
    }
    return {code: points.astype(np.int64) for code, points in found.items()}
