"""Whom one person could learn from: the same constraints and scores as a round, for one, without a choice."""

from dataclasses import replace
from uuid import UUID

import numpy as np

from services.matching.engine import candidates, market, scan
from services.matching.engine.candidates import Pairs
from services.matching.engine.market import Market
from services.matching.engine.people import Match, Person, Problem, Term
from services.matching.engine.population import Ints, Population, build, pair_keys
from services.matching.engine.rules import Rules
from services.matching.engine.trade import load_cost


def suggest(problem: Problem, person: UUID, limit: int) -> list[Match]:
    """The best `limit` teachers for a person, best first. Nobody who breaks a hard constraint is among them."""
    pop = build(problem.people, problem.seed, by_site=problem.one_site)
    row = pop.index.get(person)
    if row is None:
        return []
    needs = np.flatnonzero((pop.needs.person == row) & pop.available[row])
    _, first = np.unique(pop.needs.skill[needs], return_index=True)
    barred = np.union1d(pop.apart, pair_keys(pop.index, problem.recent))
    wants = np.lexsort((pop.needs.skill, pop.needs.person))
    laid = market.build(pop, problem, np.array([row], np.int64), needs[first], barred, wants)
    pairs = best(pop, laid, limit, problem.rules.looks)
    mutual = scan.mutuals(laid, pairs.learner, pairs.teacher)
    return [
        Match(((person, "learner"), (pop.ids[teacher], "teacher")), pop.skills[skill], terms)
        for teacher, skill, terms in zip(
            pairs.teacher.tolist(), pairs.skill.tolist(), candidates.explain(pop, problem, pairs, mutual), strict=True
        )
    ]


def together(problem: Problem, learner: UUID, teacher: UUID, skill: str) -> Match | None:
    """These two for a skill as a round has them, with what a further learner costs; None where they may not be."""
    people = tuple(
        one if one.id == learner else one._replace(offers=tuple(offer for offer in one.offers if offer[0] == skill))
        for one in problem.people
        if one.id in {learner, teacher}
    )
    found = suggest(replace(problem, people=people, asked=frozenset({learner})), learner, 1)
    if not found:
        return None
    load = next(one.load for one in people if one.id == teacher)
    cost = int(load_cost(problem.rules.weights)(np.array([load], np.int64))[0])
    return replace(found[0], terms=(*found[0].terms, Term("teacher_load", -cost))) if cost else found[0]


def warm() -> None:
    """Load the machine code of suggestions, which takes most of a second: once a process, with two who suit."""
    like = Person(
        *(UUID(int=1), True, None, "", "", "", "", 0, 0, 0, 1440, 0, (1,), ("",), (("", 2),), (("", 0, 1),)),
        *(1, 0, False, 0, 0, ()),
    )
    people = like, like._replace(id=UUID(int=2))
    suggest(Problem(people, frozenset({like.id}), Rules(), 0), like.id, 1)


def best(pop: Population, laid: Market, limit: int, looks: int) -> Pairs:
    """The best offers for the one learner of a market, a teacher once."""
    most = limit * (1 + len(laid.learners.skill))
    listed = scan.scan(laid, None, most, looks)
    offers = listed.offer[0, : listed.size[0]]
    teacher = laid.offers.teacher[offers]
    kept = np.sort(np.unique(teacher, return_index=True)[1])[:limit]
    source = laid.offers.row[offers[kept]]
    skill = pop.offers.skill[source]
    need = np.searchsorted(laid.learners.skill, skill)
    learner: Ints = np.full(len(kept), laid.learners.person[0])
    levels = laid.learners.level[need], laid.learners.target[need], laid.offers.level[offers[kept]].astype(np.int64)
    return Pairs(learner, pop.offers.person[source], skill, *levels)
