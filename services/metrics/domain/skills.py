"""What people can and what is wanted: gaps, closure, supply and demand, knowledge at risk (MEASUREMENT 10)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal

from services.metrics.domain.measure import Measure

Evidence = Literal["assessment", "manager", "peer", "self"]
RANKS: dict[Evidence, int] = {"assessment": 4, "manager": 3, "peer": 2, "self": 1}
FRESH_DAYS = 548
"""Eighteen months: older evidence drops one rank."""
FEW_EXPERTS = 2
EXPERT = 4
"""Of 5: the level from which somebody counts as an expert."""


@dataclass(frozen=True)
class Proof:
    """A level somebody is said to have, by whom and when."""

    evidence: Evidence
    level: int
    on: date


def level(proofs: Iterable[Proof], today: date) -> int:
    """The level of the highest-ranked evidence; of equal ranks the newest; 0 without any."""

    def rank(proof: Proof) -> tuple[int, date]:
        return RANKS[proof.evidence] - ((today - proof.on).days > FRESH_DAYS), proof.on

    return max(((rank(proof), proof.level) for proof in proofs), default=((0, today), 0))[1]


def gap(target: int, reached: int) -> int:
    """max(0, target - level)."""
    return max(0, target - reached)


def closure(baseline: Mapping[str, tuple[float, int]], now: Mapping[str, int]) -> float | None:
    """1 - sum(w*gap_now)/sum(w*gap_base) over the fixed cohort: (weight, gap at baseline) and gap now, by member."""
    before = sum(weight * was for weight, was in baseline.values())
    after = sum(weight * now.get(member, was) for member, (weight, was) in baseline.items())
    return 1 - after / before if before else None


def supply_demand(teachers: int, wanting: int) -> float | None:
    """Willing teachers a level above / people with a gap."""
    return teachers / wanting if wanting else None


def at_risk(active_experts: int, few: int = FEW_EXPERTS) -> bool:
    """Whether a skill rests on too few: two or fewer experts active in 90 days, or as few as may be told."""
    return active_experts <= few


SOURCE = "MEASUREMENT 10"
MEASURES = (
    Measure(
        "skill_gap", "Skill gap", "index", None,
        "Mean over people of max(0, target - level). Level: the highest-ranked fresh evidence (assessment > manager > "
        "peer > self); older than 18 months drops one rank", SOURCE, shown_at="GET /v1/skills",
    ),
    Measure(
        "gap_closure", "Gap closed", "ratio", None,
        "1 - sum(w*gap_now)/sum(w*gap_base) over the fixed baseline cohort and fixed targets; target drift apart",
        SOURCE, shown_at="GET /v1/skills",
    ),
    Measure(
        "skill_supply", "Teachers for each learner", "index", None,
        "willing teachers with level >= target+1 (5 where 5 is aimed for) of the lowest target / people with a gap",
        SOURCE, shown_at="GET /v1/skills",
    ),
    Measure(
        "knowledge_at_risk", "Skills at risk", "count", None,
        "Skills with fewer than k experts (level 4 or 5) who attended a session in the last 90 days and stay for "
        "the next 90. Two or fewer would be told of fewer than k people (ADR 39)", SOURCE,
        digits=0, version=2, shown_at="GET /v1/knowledge-at-risk",
    ),
)  # fmt: skip
