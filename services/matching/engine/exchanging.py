"""What would bring somebody into an exchange whom others could teach."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from services.matching.engine import why
from services.matching.engine.compiled import EMPTY, compiled
from services.matching.engine.people import Change, Problem, Unmatched
from services.matching.engine.population import Ints, Population
from services.matching.engine.rings import BOTH


def changes(pop: Population, problem: Problem, people: Ints, needs: Ints, told: Sequence[Unmatched]) -> list[Unmatched]:
    """The same with what would help those who have `no_exchange`: time, room for a learner, something to offer."""
    wanted = _wanted(pop, problem, people, needs)
    found = []
    for row, (person, one) in enumerate(zip(people.tolist(), told, strict=True)):
        if one.reason == "no_exchange":
            skill, others = wanted[row].tolist()
            found.append(replace(one, change=_change(pop, person, skill, others, one.left[-1].people)))
        else:
            found.append(one)
    return found


def _change(pop: Population, person: int, skill: int, others: int, teachers: int) -> Change:
    if pop.places[person] < BOTH:
        return Change("more_time", teachers)
    if pop.slots[person] <= 0:
        return Change("own_capacity", teachers)
    if others:
        return Change("offer_skill", others, pop.skills[skill])
    return Change("another_partner", 0)


def _wanted(pop: Population, problem: Problem, people: Ints, needs: Ints) -> Ints:
    """For each person what most of those who could teach them want to learn, and how many they are.

    Nobody where one of them could be taught already: then it is others who came first.
    """
    everybody = np.arange(len(pop) + 1)
    mine = np.argsort(pop.offers.person, kind="stable")
    owner = pop.needs.person[needs]
    return _tally(
        why.crowd_of(pop, problem),
        people,
        np.searchsorted(owner, everybody).astype(np.int64),
        pop.needs.skill[needs],
        pop.needs.level[needs] + problem.rules.margin,
        np.searchsorted(pop.offers.person[mine], everybody).astype(np.int64),
        pop.offers.skill[mine],
        pop.offers.level[mine],
        (problem.rules.margin, problem.rules.common_half_hours, problem.rules.looks, len(pop.skills)),
    )


@compiled
def _tally(
    crowd: why.Crowd,
    people: Ints,
    needs_at: Ints,
    needs: Ints,
    least: Ints,
    offers_at: Ints,
    offers: Ints,
    level: Ints,
    limits: tuple[int, int, int, int],
) -> Ints:
    margin, half_hours, looks, skills = limits
    answer = np.zeros((len(people), 2), np.int64)
    answer[:, 0] = EMPTY
    seen = np.full(len(crowd.available), EMPTY, np.int64)
    ahead, found = np.zeros(len(seen), np.int64), np.zeros(len(seen), np.int64)
    known, asking = np.full(skills, EMPTY, np.int64), np.zeros(skills, np.int64)
    for row in range(len(people)):
        me = people[row]
        mine = slice(needs_at[me], needs_at[me + 1])
        size = why.offering(crowd, me, row, needs[mine], least[mine], looks, seen, ahead, found)
        known[:] = EMPTY
        asking[:] = 0
        for offer in range(offers_at[me], offers_at[me + 1]):
            known[offers[offer]] = max(known[offers[offer]], level[offer])
        suits = False
        for other in found[:size]:
            if why.in_the_way(crowd, me, other, ahead[other], margin, half_hours) == 0:
                for need in range(needs_at[other], needs_at[other + 1]):
                    suits = suits or known[needs[need]] >= least[need]
                    asking[needs[need]] += 1
        if not suits and asking.max() > 0:
            answer[row, 0] = np.argmax(asking)
            answer[row, 1] = asking[answer[row, 0]]
    return answer
