"""Offers and needs laid out for scanning: one row an offer with its teacher's attributes beside it, one a learner."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from services.matching.engine.people import Problem
from services.matching.engine.population import Bools, Ints, Masks, Population, both_ways

Small = NDArray[np.int32]
LEVELS = 6
LONGEST_WAIT = 3


class Offers(NamedTuple):
    """What may be taught, by skill and then level; `start[skill * LEVELS + level]` is where a level begins."""

    start: Ints
    teacher: Small
    level: Small
    hours: Masks
    days: Masks
    languages: Masks
    manager: Small
    unit: Small
    site: Small
    rank: Small
    row: Ints
    """Place in the population's offers."""


class Learners(NamedTuple):
    """Who asks: row `r` is person `person[r]` with the needs `start[r]:start[r + 1]`."""

    person: Ints
    start: Ints
    skill: Ints
    level: Ints
    target: Ints
    bonus: Ints
    """Points that every match of theirs has, whoever teaches."""


class Near(NamedTuple):
    """What each person wants, knows and must not meet: `wants[wants_at[p]:wants_at[p + 1]]` and so on."""

    wants_at: Ints
    wants: Ints
    wants_level: Ints
    knows_at: Ints
    knows: Ints
    knows_level: Ints
    barred_at: Ints
    barred: Ints


class Side(NamedTuple):
    """Attributes of everybody, as the scan reads them of the one who asks."""

    hours: Masks
    days: Masks
    languages: Masks
    manager: Ints
    unit: Ints
    site: Ints
    rank: Ints
    teaches: Bools
    lots: Masks


class Knobs(NamedTuple):
    """Thresholds and weights of the rules, as the scan reads them."""

    margin: int
    half_hours: int
    need_met: int
    skill_gap: int
    target_reached: int
    reciprocity: int
    cross_unit: int
    same_site: int
    common_hours: int
    seniority: int


class Market(NamedTuple):
    """All that the scan for candidates reads."""

    offers: Offers
    learners: Learners
    near: Near
    side: Side
    knobs: Knobs


def build(pop: Population, problem: Problem, learners: Ints, needs: Ints, barred: Ints) -> Market:
    """Lay out the usable offers and the asked `needs`; `barred` are sorted keys of pairs that must not meet.

    `learners` are sorted, `needs` are rows of the population's needs by person and skill, one a person and skill.
    """
    teaches = pop.available & (pop.slots > 0)
    row = np.flatnonzero(teaches[pop.offers.person])
    level = np.clip(pop.offers.level[row], 0, LEVELS - 1)
    order = np.lexsort((pop.offers.person[row], level, pop.offers.skill[row]))
    row, level = row[order], level[order]
    teacher = pop.offers.person[row]
    bucket = pop.offers.skill[row] * LEVELS + level
    offers = Offers(
        start=np.searchsorted(bucket, np.arange(len(pop.skills) * LEVELS + 1)).astype(np.int64),
        teacher=teacher.astype(np.int32),
        level=level.astype(np.int32),
        hours=pop.hours[teacher],
        days=pop.days[teacher],
        languages=pop.languages[teacher],
        manager=pop.manager[teacher].astype(np.int32),
        unit=pop.unit[teacher].astype(np.int32),
        site=pop.site[teacher].astype(np.int32),
        rank=pop.level[teacher].astype(np.int32),
        row=row,
    )
    return Market(
        offers,
        _learners(pop, problem, learners, needs),
        _near(pop, needs, barred),
        _side(pop, teaches),
        _knobs(problem),
    )


def bonus(pop: Population, problem: Problem, learner: Ints) -> dict[str, Ints]:
    """The terms that depend on the learner alone."""
    weights = problem.rules.weights
    waited = np.minimum(pop.waited[learner], LONGEST_WAIT)
    return {
        "newcomer": weights["newcomer"] * (pop.tenure[learner] < problem.rules.newcomer_days).astype(np.int64),
        "waited": weights["waited"] * waited // LONGEST_WAIT,
        "preferred_pace": weights["preferred_pace"] * pop.keen[learner].astype(np.int64),
    }


def _learners(pop: Population, problem: Problem, learners: Ints, needs: Ints) -> Learners:
    person = pop.needs.person[needs]
    return Learners(
        person=learners,
        start=np.concatenate((np.searchsorted(person, learners), [len(needs)])).astype(np.int64),
        skill=pop.needs.skill[needs],
        level=pop.needs.level[needs],
        target=pop.needs.target[needs],
        bonus=np.sum(list(bonus(pop, problem, learners).values()), axis=0, dtype=np.int64).reshape(-1),
    )


def _near(pop: Population, needs: Ints, barred: Ints) -> Near:
    everybody = np.arange(len(pop) + 1)
    knows = np.lexsort((pop.offers.skill, pop.offers.person))
    at, others = both_ways(barred, len(pop))
    return Near(
        wants_at=np.searchsorted(pop.needs.person[needs], everybody).astype(np.int64),
        wants=pop.needs.skill[needs],
        wants_level=pop.needs.level[needs],
        knows_at=np.searchsorted(pop.offers.person[knows], everybody).astype(np.int64),
        knows=pop.offers.skill[knows],
        knows_level=pop.offers.level[knows],
        barred_at=at,
        barred=others,
    )


def _side(pop: Population, teaches: Bools) -> Side:
    return Side(
        hours=pop.hours,
        days=pop.days,
        languages=pop.languages,
        manager=pop.manager,
        unit=pop.unit,
        site=pop.site,
        rank=pop.level,
        teaches=teaches,
        lots=pop.lots,
    )


def _knobs(problem: Problem) -> Knobs:
    rules = problem.rules
    weights = rules.weights
    return Knobs(
        margin=rules.margin,
        half_hours=rules.common_half_hours,
        need_met=weights["need_met"],
        skill_gap=weights["skill_gap"],
        target_reached=weights["target_reached"],
        reciprocity=weights["reciprocity"],
        cross_unit=weights["cross_unit"],
        same_site=weights["same_site"] * problem.in_person,
        common_hours=weights["common_hours"],
        seniority=weights["seniority"],
    )
