"""A round of pairs cut into problems that any process solves by itself, and put together again.

Parts that no feasible pair joins lose nothing. A part of more people than one process may hold is cut along time zones
and divisions: it loses the pairs across the cut, gets back what those left over can still find, and says what is lost
at most, as the parts' prices prove a bound over all pairs.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from time import perf_counter
from typing import NamedTuple
from uuid import UUID

import numpy as np

from services.matching.engine import pairs, rings, shards, trade
from services.matching.engine.candidates import Pairs
from services.matching.engine.people import Outcome, Person, Problem
from services.matching.engine.population import Ints, Population, build


class Cut(NamedTuple):
    """The problems of a round's parts; `severed` is whether feasible matches lie across two of them."""

    parts: tuple[Problem, ...]
    severed: bool


class Found(NamedTuple):
    """What came of one part: learner, teacher, skill and offered level of each pair, and the prices that prove it.

    Or the members of each circle, and its topic.
    """

    pairs: tuple[tuple[UUID, UUID, str, int], ...]
    prices: Mapping[UUID, int]
    bound: int
    unseen: int
    circles: tuple[tuple[tuple[UUID, ...], str | None], ...] = ()


def cut(problem: Problem, most: int) -> Cut:
    """Parts of at most `most` people where that is possible; exchanges are never severed, as no price proves them."""
    pop = build(problem.people, problem.seed, by_site=problem.one_site)
    learners, needs = pairs.asked(pop, problem)
    root, joined = shards.roots(pop, problem, learners, needs)
    inside = np.flatnonzero(joined)
    inside = inside[np.argsort(root[inside], kind="stable")]
    parts = np.split(inside, np.flatnonzero(np.diff(root[inside])) + 1) if len(inside) else []
    person = {each.id: each for each in problem.people}
    crews: list[list[Person]] = []
    severed = False
    for rows in sorted(parts, key=lambda part: (-len(part), int(part[0]))):
        crew = [person[pop.ids[row]] for row in rows.tolist()]
        if len(crew) > most and not problem.rules.exchange:
            severed = True
            crews += regions(crew, most)
        elif crews and len(crews[-1]) + len(crew) <= most:
            crews[-1] += crew
        else:
            crews.append(crew)
    return Cut(_problems(problem, crews), severed)


def solve(problem: Problem) -> Found:
    """One part's first choice."""
    pop = build(problem.people, problem.seed, by_site=problem.one_site)
    learners, needs = pairs.asked(pop, problem)
    trader = rings.trade if problem.rules.exchange else trade.first
    found = trader(pop, problem, learners, needs)
    chosen = found.pairs
    columns = (chosen.learner.tolist(), chosen.teacher.tolist(), chosen.skill.tolist(), chosen.offered.tolist())
    dear = np.flatnonzero(found.price)
    return Found(
        tuple(
            (pop.ids[one], pop.ids[other], pop.skills[skill], level)
            for one, other, skill, level in zip(*columns, strict=True)
        ),
        {pop.ids[row]: int(found.price[row]) for row in dear.tolist()},
        found.bound,
        found.unseen,
    )


def join(problem: Problem, found: Sequence[Found], *, severed: bool) -> Outcome:
    """The whole round: everybody's pairs, the proof over all pairs, and why others have none."""
    began = perf_counter()
    pop = build(problem.people, problem.seed, by_site=problem.one_site)
    learners, needs = pairs.asked(pop, problem)
    chosen = _pairs(pop, needs, (each for part in found for each in part.pairs))
    price = np.zeros(len(pop), np.int64)
    for part in found:
        for person, paid in part.prices.items():
            price[pop.index[person]] = paid
    notes: dict[str, object] = {"parts": len(found), "severed": severed}
    if severed:
        chosen = _across(pop, problem, learners, needs, chosen)
    whole = trade.chosen(pop, problem, learners, needs, chosen, price)
    if not severed:
        whole = replace(whole, bound=sum(part.bound for part in found), unseen=sum(part.unseen for part in found))
    if not problem.rules.exchange:
        whole = trade.complete(pop, problem, learners, needs, whole)
    outcome = pairs.told(pop, problem, learners, needs, whole, notes, {"join": perf_counter() - began})
    return lossy(outcome, outcome.bound) if severed else outcome


def lossy(outcome: Outcome, most: int) -> Outcome:
    """What a severed round lost at most, as uncut it could come to `most`: in points, and as a share like `gap`."""
    lost = max(0, min(most, outcome.bound) - outcome.value)
    share = round(lost / outcome.bound, 6) if outcome.bound > 0 else 0.0
    return replace(outcome, notes={**outcome.notes, "lost_at_most": lost, "lost_share": share})


def regions(crew: list[Person], most: int) -> list[list[Person]]:
    """As few pieces as that takes, equally large: neighbours on the globe, then in the organization, stay together."""
    crew.sort(key=lambda one: (one.utc_offset, one.division, one.unit, one.id))
    pieces = -(-len(crew) // most)
    ends = [len(crew) * piece // pieces for piece in range(pieces + 1)]
    return [crew[begin:end] for begin, end in pairwise(ends)]


def _problems(problem: Problem, crews: Sequence[Sequence[Person]]) -> tuple[Problem, ...]:
    return tuple(
        replace(
            problem,
            people=tuple(crew),
            asked=frozenset(one.id for one in crew if one.id in problem.asked),
            recent=mine,
        )
        for crew, mine in zip(crews, recent(problem, crews), strict=True)
    )


def recent(problem: Problem, crews: Sequence[Sequence[Person]]) -> list[frozenset[tuple[UUID, UUID]]]:
    """Who has met lately, of each crew by itself."""
    where = {one.id: place for place, crew in enumerate(crews) for one in crew}
    found: list[set[tuple[UUID, UUID]]] = [set() for _ in crews]
    for pair in problem.recent:
        place = where.get(pair[0])
        if place is not None and place == where.get(pair[1]):
            found[place].add(pair)
    return [frozenset(mine) for mine in found]


def _pairs(pop: Population, needs: Ints, named: Iterable[tuple[UUID, UUID, str, int]]) -> Pairs:
    number = {key: place for place, key in enumerate(zip(pop.skills, pop.skill_site.tolist(), strict=True))}
    site = pop.site if (pop.skill_site >= 0).any() else np.full(len(pop), -1)
    rows = sorted(
        (pop.index[one], pop.index[other], number[skill, int(site[pop.index[one]])], level)
        for one, other, skill, level in named
    )
    learner, teacher, skill, offered = np.array(rows, np.int64).reshape(-1, 4).T
    key = pop.needs.person[needs] * max(1, len(pop.skills)) + pop.needs.skill[needs]
    need = needs[np.searchsorted(key, learner * max(1, len(pop.skills)) + skill)] if rows else learner
    return Pairs(learner, teacher, skill, pop.needs.level[need], pop.needs.target[need], offered)


def _across(pop: Population, problem: Problem, learners: Ints, needs: Ints, chosen: Pairs) -> Pairs:
    """The pairs, and those that whoever is left over still finds, wherever."""
    taught = np.bincount(chosen.teacher, minlength=len(pop))
    learns = np.bincount(chosen.learner, minlength=len(pop))
    left = replace(pop, slots=pop.slots - taught, places=pop.places - taught - learns, load=pop.load + taught)
    rest = np.setdiff1d(learners, chosen.learner)
    asks = needs[np.isin(pop.needs.person[needs], rest)]
    more = trade.first(left, problem, rest, asks).pairs
    both = Pairs(*(np.concatenate(columns) for columns in zip(chosen, more, strict=True)))
    return both.take(np.lexsort((both.teacher, both.learner)))
