"""What people can and what is wanted: gaps, closure, supply and demand, knowledge at risk (MEASUREMENT 10)."""

from services.metrics.domain.measure import Measure

EXPERT = 4
"""Of 5: the level from which somebody counts as an expert."""


def supply_demand(teachers: int, wanting: int) -> float | None:
    """Willing teachers a level above / people with a gap."""
    return teachers / wanting if wanting else None


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
        "target_drift", "Targets moved", "index", None,
        "Mean over the cohort with a gap at the baseline of target now - target then; gaps are closed against then",
        SOURCE, shown_at="GET /v1/skills",
    ),
    Measure(
        "skill_supply", "Teachers for each learner", "index", None,
        "willing teachers with level >= target+1 (5 where 5 is aimed for) of the lowest target / people with a gap",
        SOURCE, shown_at="GET /v1/skills",
    ),
    Measure(
        "knowledge_at_risk", "Skills at risk", "count", None,
        "Skills with fewer than k experts (level 4 or 5) who stay for the next 90 days. Two or fewer would be told of "
        "fewer than k people (ADR 39). Which of the others hardly reach anybody, because few of their experts attended "
        "a session in the last 90 days, is told apart (ADR 167)", SOURCE,
        digits=0, version=3, shown_at="GET /v1/knowledge-at-risk",
    ),
)  # fmt: skip
