"""Learners and teachers: the best of all pairs at once, with the proof of how good it is, and why others have none."""

from time import perf_counter

import numpy as np

from services.matching.engine import assign, candidates
from services.matching.engine.people import Match, Outcome, Problem, Term, Unmatched
from services.matching.engine.population import Ints, Population, build

DEAREST = 90
"""No load costs more than this, so that a willing teacher is never left idle for it."""


def load_cost(weight: int) -> assign.Cost:
    """What one more learner costs a teacher who has some."""
    return lambda load: np.minimum(weight * load, DEAREST).astype(np.int64)


def solve(problem: Problem) -> Outcome:
    """Match every person asked who has a need with at most one teacher."""
    began = perf_counter()
    pop = build(problem.people, problem.seed)
    learners, needs, row_of = _asked(pop, problem)
    found = candidates.edges(pop, problem, needs, row_of, len(learners))
    ready = perf_counter()
    pairs = found.pairs
    graph = assign.Graph(
        row=row_of[pairs.learner],
        column=pairs.teacher,
        score=found.score,
        lot=pop.draw(pairs.learner, pairs.teacher),
        rows=len(learners),
        load=pop.load,
        slots=pop.slots,
        cost=load_cost(problem.rules.weights["teacher_load"]),
    )
    choice = assign.solve(graph, problem.rules.candidates)
    solved = perf_counter()
    chosen = pairs.take(choice.edges)
    mutual = pairs.learner * len(pop) + pairs.teacher
    matches = [
        _match(pop, chosen, place, (*terms, *((Term("teacher_load", -cost),) if cost else ())))
        for place, (terms, cost) in enumerate(
            zip(candidates.explain(pop, problem, chosen, mutual), choice.cost.tolist(), strict=True)
        )
    ]
    matched = set(row_of[chosen.learner].tolist())
    unmatched = [
        _unmatched(pop, problem, found, int(person), row)
        for row, person in enumerate(learners.tolist())
        if row not in matched
    ]
    timings = {"candidates": ready - began, "solve": solved - ready, "explain": perf_counter() - solved}
    order = sorted(matches, key=lambda match: match.members)
    return Outcome(tuple(order), tuple(unmatched), choice.value, choice.bound, timings)


def _asked(pop: Population, problem: Problem) -> tuple[Ints, Ints, Ints]:
    """Rows of those asked, their need rows, and each person's place among those asked."""
    learners = np.array(sorted(pop.index[person] for person in problem.asked if person in pop.index), np.int64)
    row_of = np.full(len(pop), -1, np.int64)
    row_of[learners] = np.arange(len(learners))
    about = np.array([not problem.skills or skill in problem.skills for skill in pop.skills], np.bool_)
    asked = (row_of[pop.needs.person] >= 0) & pop.available[pop.needs.person]
    return learners, np.flatnonzero(asked & about[pop.needs.skill]), row_of


def _match(pop: Population, pairs: candidates.Pairs, place: int, terms: tuple[Term, ...]) -> Match:
    learner, teacher = pop.ids[int(pairs.learner[place])], pop.ids[int(pairs.teacher[place])]
    return Match(((learner, "learner"), (teacher, "teacher")), pop.skills[int(pairs.skill[place])], terms)


def _unmatched(pop: Population, problem: Problem, found: candidates.Edges, person: int, row: int) -> Unmatched:
    if not pop.available[person]:
        return Unmatched(pop.ids[person], "no_time", (), ())
    mine = pop.needs.person == person
    if not any(not problem.skills or pop.skills[skill] in problem.skills for skill in pop.needs.skill[mine]):
        return Unmatched(pop.ids[person], "nothing_needed", (), ())
    return found.funnel.explain(pop, person, row, "everyone_taken")
