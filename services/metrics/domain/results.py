"""What it was worth, beside what the customer measures (MEASUREMENT 8)."""

from services.metrics.domain.measure import Measure

NO_CAUSAL_CLAIM = "no causal claim"

AGAINST_WAITLIST = "difference in differences, waitlist as control group"


def claim_of(effect: float | None) -> str:
    """What may be said of a number: without a control group, nothing about causes."""
    return NO_CAUSAL_CLAIM if effect is None else AGAINST_WAITLIST


def cost_avoided(substituted_hours: float, rate: float) -> float:
    """Hours of bought training that were not needed, times their declared rate; both are shown beside the product."""
    return substituted_hours * rate


SOURCE = "MEASUREMENT 8"
MEASURES = (
    Measure(
        "goal_kpi", "Goal's own figure", "index", None,
        "The customer's figure, baseline against actual; difference in differences where a control exists, else "
        f'labelled "{NO_CAUSAL_CLAIM}"', SOURCE,
        shown_at="waits for figures of the customer's, which no route takes yet",
    ),
    Measure(
        "cost_avoided", "Cost avoided", "money", None, "substituted hours * rate, both shown", SOURCE,
        shown_at="waits for declared hours and rate",
    ),
)  # fmt: skip
