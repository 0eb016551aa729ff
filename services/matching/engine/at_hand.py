"""One who asks and some hundreds of teachers as columns, scored by the terms of a round."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from services.matching.engine import candidates
from services.matching.engine.candidates import Pairs
from services.matching.engine.people import Heard, Problem, Term
from services.matching.engine.population import (
    SLOT_MINUTES,
    WEEK,
    Bools,
    Ints,
    Masks,
    Population,
    Postings,
    liked_hours,
    weeks,
)
from services.matching.engine.rules import Rules


class Asker(NamedTuple):
    """What somebody wants to learn, a skill once with level and target, and what speaks for or against others."""

    needs: tuple[tuple[str, int, int], ...]
    tags: tuple[str, ...]
    tenure_days: int
    apart: Masks
    """Whom they must not meet: ids as two words a line."""


class Rows(NamedTuple):
    """The asker in row 0, then an offer a row."""

    person: Masks
    """Ids as two words a line, and below those of managers."""
    manager: Masks
    unit: Ints
    rank: Ints
    starts: Ints
    ends: Ints
    utc_offset: Ints
    days: Ints
    """Weekdays they work, a bit each, Monday first."""
    likes: NDArray[np.str_]
    """Which half of their day, "" for any."""
    need: Ints
    """Which of the asker's needs is offered, and below at what level."""
    level: Ints
    free: Bools
    """Not paused, and with room, as far as their own profile says."""
    capacity: Ints
    budget: Ints
    """Minutes a month."""
    wishes: tuple[Ints, Ints]
    """Rows, and which of the asker's needs, or tags numbered from the last need on, they share."""
    returns: Bools
    """Whether the asker could teach them something."""


class Ranked(NamedTuple):
    """Offers that may be suggested, best first, a teacher once."""

    row: Ints
    score: Ints
    pairs: Pairs
    population: Population
    problem: Problem
    mutual: Bools

    def why(self, places: Ints) -> list[tuple[Term, ...]]:
        """The terms of some of them, by place."""
        return candidates.explain(self.population, self.problem, self.pairs.take(places), self.mutual[places])


def rank(asker: Asker, rows: Rows, rules: Rules, heard: tuple[Heard, ...] = ()) -> Ranked:
    """Score who breaks no hard constraint. Between equals the smaller id comes first."""
    pop = _population(asker, rows)
    problem = Problem((), frozenset(), rules, 0, heard=heard)
    may = np.flatnonzero(_may(asker, rows) & (pop.common(_zeros(pop), np.arange(len(pop))) >= rules.common_half_hours))
    needs = np.array([need[1:] for need in asker.needs], np.int64).reshape(-1, 2)
    need = rows.need[may]
    ahead = rows.level[may] >= needs[need, 0] + rules.margin
    may, need = may[ahead], need[ahead]
    pairs = Pairs(np.zeros_like(may), may, need, needs[need, 0], needs[need, 1], rows.level[may])
    mutual = rows.returns[may]
    score = candidates.total(candidates.terms(pop, problem, pairs, mutual))
    person = rows.person[may]
    order = np.lexsort((need, person[:, 1], person[:, 0], -score))
    order = order[_first(person[order])]
    return Ranked(may[order], score[order], pairs.take(order), pop, problem, mutual[order])


def _first(person: Masks) -> Ints:
    """Where each person occurs first."""
    _, first = np.unique(person, axis=0, return_index=True)
    return np.sort(first)


def _may(asker: Asker, rows: Rows) -> Bools:
    """Whether nothing but levels and hours speaks against this teacher."""
    me, boss = rows.person[0], rows.manager[0]
    apart = np.concatenate((asker.apart, me[None], boss[None]))
    met = (rows.person[:, None] == apart[None]).all(2).any(1)
    may: Bools = rows.free & ~met & (rows.manager != me).any(1)
    return may


def _zeros(pop: Population) -> Ints:
    return np.zeros(len(pop), np.int64)


def _population(asker: Asker, rows: Rows) -> Population:
    """As much of a population as the terms of a score read; the rest is empty."""
    many = len(rows.rank)
    none, no, nothing = np.zeros(many, np.int64), np.zeros(many, np.bool_), np.zeros(0, np.int64)
    first, end = -(-(rows.starts - rows.utc_offset) // SLOT_MINUTES), (rows.ends - rows.utc_offset) // SLOT_MINUTES
    works = (rows.days[:, None] >> np.arange(WEEK) & 1).astype(np.bool_)
    skills = tuple(skill for skill, *_ in asker.needs)
    who, what = rows.wishes
    wish = what < len(skills)
    return Population(
        ids=(),
        index={},
        skills=skills,
        skill_site=np.full(len(skills), -1),
        tags=asker.tags,
        available=rows.free,
        hours=none.astype(np.uint64),
        liked=liked_hours(first, end, rows.likes),
        days=none.astype(np.uint64),
        week=weeks(first, end, works),
        languages=np.zeros((many, 1), np.uint64),
        spoken=(),
        unit=rows.unit,
        division=none,
        site=none,
        function=none,
        level=rows.rank,
        tenure=np.full(many, asker.tenure_days),
        slots=none,
        places=none,
        load=none,
        ready=no,
        facilitating=none,
        hosted=none,
        agreed=none,
        new_host=no,
        waited=none,
        keen=no,
        fewest=none,
        most=none,
        manager=none - 1,
        enters=none,
        leaves=none,
        apart=nothing,
        offers=Postings(nothing, nothing, nothing, nothing, nothing),
        needs=Postings(who[wish], nothing, nothing, what[wish], nothing),
        lived=(who[~wish], what[~wish] - len(skills)),
        lots=none.astype(np.uint64),
    )
