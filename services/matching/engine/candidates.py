"""Who could teach whom: every need against every offer of its skill, hard constraints as bits, scores as terms."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from services.matching.engine.constraints import (
    Failures,
    Funnel,
    few_hours,
    in_line,
    pack,
    speechless,
    unavailable,
)
from services.matching.engine.people import Problem, Term
from services.matching.engine.population import Bools, Ints, Population, contains, pair_keys

STAGES = (
    "nobody_offers_it",
    "level_too_low",
    "not_available",
    "capacity_full",
    "reporting_line",
    "no_common_language",
    "too_few_common_hours",
    "matched_recently",
)
BLOCK = 1 << 20
BEST_GAP, GAP_STEP = 2, 4
HALF_HOURS_A_POINT = 2
LONGEST_WAIT = 3


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


@dataclass(frozen=True)
class Edges:
    """The pairs that break nothing, best skill of each, by learner and teacher; and why the others are none."""

    pairs: Pairs
    score: Ints
    funnel: Funnel


def considered(pop: Population, needs: Ints) -> Iterator[Pairs]:
    """All pairs of these need rows with offers of the same skill, in blocks that fit the cache."""
    first, last = pop.offers.start[pop.needs.skill[needs]], pop.offers.start[pop.needs.skill[needs] + 1]
    total = np.concatenate(([0], np.cumsum(last - first)))
    begin = 0
    while begin < len(needs):
        end = max(begin + 1, int(np.searchsorted(total, total[begin] + BLOCK, "right")) - 1)
        count = (last - first)[begin:end]
        need = np.repeat(needs[begin:end], count)
        offer = np.arange(len(need)) - np.repeat(total[begin:end] - total[begin], count)
        offer += np.repeat(first[begin:end], count)
        yield Pairs(
            pop.needs.person[need],
            pop.offers.person[offer],
            pop.needs.skill[need],
            pop.needs.level[need],
            pop.needs.target[need],
            pop.offers.level[offer],
        )
        begin = end


def failures(pop: Population, problem: Problem, pairs: Pairs, recent: Ints) -> Failures:
    """What each pair breaks, bit by bit as in STAGES."""
    left, right = pairs.learner, pairs.teacher
    return pack(
        left == right,
        pairs.offered < pairs.level + problem.rules.margin,
        unavailable(pop, left, right),
        pop.slots[right] <= 0,
        in_line(pop, left, right),
        speechless(pop, left, right),
        few_hours(pop, left, right, problem.rules.common_half_hours),
        contains(recent, pop.keys(left, right)),
    )


def terms(pop: Population, problem: Problem, pairs: Pairs, mutual: Ints) -> dict[str, Ints]:
    """Each term of the score in points, one array a code; a learner's score with a teacher is their sum."""
    weights, left, right = problem.rules.weights, pairs.learner, pairs.teacher
    gap = np.abs(pairs.offered - pairs.level)
    spare = np.bitwise_count(pop.hours[left] & pop.hours[right]).astype(np.int64) - problem.rules.common_half_hours
    found = {
        "need_met": np.full(len(left), weights["need_met"]),
        "skill_gap": weights["skill_gap"] * (GAP_STEP - np.clip(gap - BEST_GAP, 0, GAP_STEP)) // GAP_STEP,
        "target_reached": weights["target_reached"] * (pairs.offered >= pairs.target),
        "reciprocity": weights["reciprocity"] * contains(mutual, right * len(pop) + left),
        "cross_unit": weights["cross_unit"] * (pop.unit[left] != pop.unit[right]),
        "same_site": weights["same_site"] * (pop.site[left] == pop.site[right]) * problem.in_person,
        "common_hours": np.clip(spare // HALF_HOURS_A_POINT, 0, weights["common_hours"]),
        "seniority": np.maximum(0, weights["seniority"] - 3 * np.abs(pop.level[left] - pop.level[right])),
        "newcomer": weights["newcomer"] * (pop.tenure[left] < problem.rules.newcomer_days),
        "waited": weights["waited"] * np.minimum(pop.waited[left], LONGEST_WAIT) // LONGEST_WAIT,
    }
    return {code: points.astype(np.int64) for code, points in found.items()}


def total(terms: dict[str, Ints]) -> Ints:
    """The score: what all terms come to."""
    return np.array(sum(terms.values()), np.int64)


def edges(pop: Population, problem: Problem, needs: Ints, row_of: Ints, rows: int) -> Edges:
    """Every pair that breaks nothing; `row_of` says which funnel row a person's needs count in."""
    recent = pair_keys(pop.index, problem.recent)
    funnel = Funnel(STAGES, rows)
    kept: list[Pairs] = []
    for block in considered(pop, needs):
        failed = failures(pop, problem, block, recent)
        funnel.add(row_of[block.learner], failed)
        kept.append(block.take(failed == 0))
    pairs = _join(kept)
    mutual = np.unique(pairs.learner * len(pop) + pairs.teacher)
    score = total(terms(pop, problem, pairs, mutual))
    order = np.lexsort((pairs.skill, -score, pairs.teacher, pairs.learner))
    pairs, score = pairs.take(order), score[order]
    first = np.ones(len(score), np.bool_)
    first[1:] = (np.diff(pairs.learner) != 0) | (np.diff(pairs.teacher) != 0)
    return Edges(pairs.take(first), score[first], funnel)


def explain(pop: Population, problem: Problem, chosen: Pairs, mutual: Ints) -> list[tuple[Term, ...]]:
    """The terms of each chosen pair that have points."""
    columns = terms(pop, problem, chosen, mutual)
    about = {"need_met", "skill_gap", "target_reached"}
    return [
        tuple(
            Term(code, int(points[place]), pop.skills[skill] if code in about else None)
            for code, points in columns.items()
            if points[place]
        )
        for place, skill in enumerate(chosen.skill.tolist())
    ]


def _join(blocks: Sequence[Pairs]) -> Pairs:
    if not blocks:
        return Pairs(*(np.zeros(0, np.int64) for _ in Pairs._fields))
    return Pairs(*(np.concatenate(columns) for columns in zip(*blocks, strict=True)))
