"""Learners and teachers: the best of all pairs at once, with the proof of how good it is, and why others have none."""

from time import perf_counter

import numpy as np

from services.matching.engine import candidates, exchanging, rings, shards, trade, why
from services.matching.engine.people import Change, Match, Outcome, Problem, Term, Unmatched
from services.matching.engine.population import Bools, Ints, Population, build
from services.matching.engine.trade import Trade

NAME_IT = Change("name_a_need", 0)


def solve(problem: Problem) -> Outcome:
    """Match every person asked who has a need with at most one teacher."""
    began = perf_counter()
    pop = build(problem.people, problem.seed, by_site=problem.one_site)
    learners, needs = asked(pop, problem)
    ready = perf_counter()
    parts = shards.components(pop, problem, learners, needs)
    found = shards.solve(rings.trade if problem.rules.exchange else trade.trade, pop, problem, parts, needs)
    timings = {"build": ready - began, "solve": perf_counter() - ready}
    return told(pop, problem, learners, needs, found, {"parts": len(parts)}, timings)


def told(
    pop: Population,
    problem: Problem,
    learners: Ints,
    needs: Ints,
    found: Trade,
    notes: dict[str, object],
    timings: dict[str, float],
) -> Outcome:
    """A choice in words: each pair with its terms, each person left out with the reason."""
    began = perf_counter()
    pairs = found.pairs
    terms = candidates.explain(pop, problem, pairs, found.mutual)
    matches = [
        _match(pop, pairs, place, (*own, *((Term("teacher_load", -cost),) if cost else ())))
        for place, (own, cost) in enumerate(zip(terms, found.cost.tolist(), strict=True))
    ]
    left = np.setdiff1d(learners, pairs.learner)
    if problem.one_site:  # who teaches it elsewhere is counted too
        pop = build(problem.people, problem.seed)
        needs = asked(pop, problem)[1]
    unmatched = _unmatched(pop, problem, left, needs)
    if found.unseen:
        notes = {**notes, "unread_offers": found.unseen}
    order = sorted(matches, key=lambda match: match.members)
    timings = {**timings, "explain": perf_counter() - began}
    return Outcome(tuple(order), tuple(unmatched), found.value, found.bound, notes, timings)


def asked(pop: Population, problem: Problem) -> tuple[Ints, Ints]:
    """Rows of the people asked, and those of their needs that count, by person and skill."""
    learners = np.array(sorted(pop.index[person] for person in problem.asked if person in pop.index), np.int64)
    return learners, _needs(pop, problem, learners[_able(pop, learners)])


def _able(pop: Population, people: Ints) -> Bools:
    """Who of these has time."""
    able: Bools = pop.available[people] & (pop.places[people] > 0)
    return able


def _needs(pop: Population, problem: Problem, people: Ints) -> Ints:
    """What these people want to learn of what the programme is about."""
    mine = np.zeros(len(pop), np.bool_)
    mine[people] = True
    about = np.array([not problem.skills or skill in problem.skills for skill in pop.skills], np.bool_)
    needs = np.flatnonzero(mine[pop.needs.person] & about[pop.needs.skill])
    key = pop.needs.person[needs] * max(1, len(pop.skills)) + pop.needs.skill[needs]
    return needs[np.unique(key, return_index=True)[1]]


def _match(pop: Population, pairs: candidates.Pairs, place: int, terms: tuple[Term, ...]) -> Match:
    learner, teacher = pop.ids[int(pairs.learner[place])], pop.ids[int(pairs.teacher[place])]
    return Match(((learner, "learner"), (teacher, "teacher")), pop.skills[int(pairs.skill[place])], terms)


def _unmatched(pop: Population, problem: Problem, left: Ints, needs: Ints) -> list[Unmatched]:
    """Why each of these has no teacher."""
    able = _able(pop, left)
    needy = np.isin(left, pop.needs.person[needs])
    busy, asking = left[~able], left[able & needy]
    told = [_busy(pop, problem, busy)]
    told.append([Unmatched(pop.ids[one], "nothing_needed", (), (), NAME_IT) for one in left[able & ~needy].tolist()])
    funnel = why.pairs(pop, problem, asking, needs)
    otherwise = "no_exchange" if problem.rules.exchange else "everyone_taken"
    found = [funnel.explain(pop, person, row, otherwise) for row, person in enumerate(asking.tolist())]
    if problem.rules.exchange:
        found = exchanging.changes(pop, problem, asking, needs, found)
    row = {pop.ids[person]: person for person in left.tolist()}
    return sorted((one for each in (*told, found) for one in each), key=lambda one: row[one.person])


def _busy(pop: Population, problem: Problem, people: Ints) -> list[Unmatched]:
    """Who has no time is told how many could teach them if they had, or what else it takes where nobody could."""
    needs = _needs(pop, problem, people)
    funnel = why.pairs(pop, problem, people, needs)
    needy = np.isin(people, pop.needs.person[needs]).tolist()
    return [
        Unmatched(pop.ids[person], "no_time", (), (), _with_time(pop, person, row, funnel, needy=needy[row]))
        for row, person in enumerate(people.tolist())
    ]


def _with_time(pop: Population, person: int, row: int, funnel: why.Funnel, *, needy: bool) -> Change:
    if funnel.open_to(row):
        return Change("more_time", funnel.open_to(row))
    more = funnel.explain(pop, person, row, "no_time").change if needy else NAME_IT
    assert more is not None
    return Change("more_time", more.people, more.detail, also=(more.code, *more.also))
