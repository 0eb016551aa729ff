"""Chosen pairs and the terms of their scores: the same arithmetic as the scan's, told term by term."""

from typing import NamedTuple

import numpy as np

from services.matching.engine import market, received, scan
from services.matching.engine.compiled import EMPTY
from services.matching.engine.explain import TAGGED
from services.matching.engine.people import Problem, Term, term
from services.matching.engine.population import ANY, Bools, Ints, Population
from services.matching.engine.scoring import BEST_GAP, GAP_STEP, HALF_HOURS_A_POINT, RANK_POINTS

ABOUT_SKILL = frozenset({"need_met", "skill_gap", "target_reached"})


class Pairs(NamedTuple):
    """Learner and teacher rows with the need and the offer that join them, one pair a place."""

    learner: Ints
    teacher: Ints
    skill: Ints
    level: Ints
    target: Ints
    offered: Ints

    def take(self, which: Bools | Ints) -> "Pairs":
        """Some of the pairs, by mask or by place."""
        return Pairs(*(column[which] for column in self))


def terms(pop: Population, problem: Problem, pairs: Pairs, mutual: Bools) -> dict[str, Ints]:
    """Each term of the score in points, one array a code; a learner's score with a teacher is their sum."""
    weights, left, right = problem.rules.weights, pairs.learner, pairs.teacher
    ahead = np.clip(np.abs(pairs.offered - pairs.level) - BEST_GAP, 0, GAP_STEP)
    both = scan.shared(pop, left, right)
    spare = pop.common(left, right) - problem.rules.common_half_hours
    found = {
        "need_met": np.full(len(left), weights["need_met"]),
        "skill_gap": weights["skill_gap"] * (GAP_STEP - ahead) // GAP_STEP,
        "target_reached": weights["target_reached"] * (pairs.offered >= pairs.target),
        "reciprocity": weights["reciprocity"] * mutual,
        "shared_challenge": weights["shared_challenge"] * ((both != EMPTY) & (both < len(pop.skills))),
        TAGGED: weights["shared_challenge"] * (both >= len(pop.skills)),
        "cross_unit": weights["cross_unit"] * (pop.unit[left] != pop.unit[right]),
        "same_site": weights["same_site"] * (pop.site[left] == pop.site[right]) * problem.in_person,
        "common_hours": np.minimum(spare // HALF_HOURS_A_POINT, weights["common_hours"]),
        "seniority": np.maximum(0, weights["seniority"] - RANK_POINTS * np.abs(pop.level[left] - pop.level[right])),
        "preferred_time": weights["preferred_time"] * suits(pop, left, right, problem.rules.common_half_hours),
        "well_received": received.of(pop, problem, left, right),
        **market.bonus(pop, problem, left),
    }
    return {code: points.astype(np.int64) for code, points in found.items()}


def suits(pop: Population, left: Ints, right: Ints, half_hours: int) -> Bools:
    """`scoring.suits` for each pair."""
    liked = pop.liked[left] & pop.liked[right]
    long_enough: Bools = ((liked & ANY) == 0) & (np.bitwise_count(liked) >= half_hours)
    return long_enough


def total(terms: dict[str, Ints]) -> Ints:
    """The score: what all terms come to."""
    return np.array(sum(terms.values()), np.int64)


def explain(pop: Population, problem: Problem, chosen: Pairs, mutual: Bools) -> list[tuple[Term, ...]]:
    """The terms of each chosen pair that have points."""
    columns = terms(pop, problem, chosen, mutual)
    told = [(code, points.tolist()) for code, points in columns.items()]
    shared = scan.shared(pop, chosen.learner, chosen.teacher).tolist()
    return [
        tuple(
            term(code, points[place], _about(pop, code, skill, shared[place])) for code, points in told if points[place]
        )
        for place, skill in enumerate(chosen.skill.tolist())
    ]


def _about(pop: Population, code: str, skill: int, shared: int) -> str | None:
    """What a term speaks of: the skill that is learnt, the one both work on, or what both have been through."""
    if code in {"shared_challenge", TAGGED}:
        return pop.skills[shared] if shared < len(pop.skills) else pop.tags[shared - len(pop.skills)]
    return pop.skills[skill] if code in ABOUT_SKILL else None
