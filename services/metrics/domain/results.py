"""What it was worth, beside what the customer measures (MEASUREMENT 8)."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from services.metrics.domain.behaviour import difference_in_differences
from services.metrics.domain.measure import Measure

NO_CAUSAL_CLAIM = "no causal claim"

AGAINST_WAITLIST = "difference in differences, waitlist as control group"


def claim_of(effect: float | None) -> str:
    """What may be said of a number: without a control group, nothing about causes."""
    return NO_CAUSAL_CLAIM if effect is None else AGAINST_WAITLIST


def cost_avoided(substituted_hours: float, rate: float) -> float:
    """Hours of bought training that were not needed, times their declared rate; both are shown beside the product."""
    return substituted_hours * rate


class Worth(NamedTuple):
    """What follows from a declaration."""

    value: float
    unit: str
    claim: str


def worth(measure: str, said: Mapping[str, Any]) -> Worth:
    """The value of what was declared: money, or how far a figure has moved, beyond that of a control group if any."""
    if measure == "cost_avoided":
        return Worth(cost_avoided(said["substituted_hours"], said["rate"]), said["currency"], NO_CAUSAL_CLAIM)
    moved, control = (said["baseline"], said["actual"]), (said["control_baseline"], said["control_actual"])
    if None in control:
        return Worth(moved[1] - moved[0], said["unit"], claim_of(None))
    effect = difference_in_differences(moved, control)
    return Worth(effect, said["unit"], claim_of(effect))


SOURCE = "MEASUREMENT 8"
_AT = "GET /v1/programmes/{programme_id}/figures"
MEASURES = (
    Measure(
        "goal_kpi", "Goal's own figure", "index", None,
        "The customer's figure, baseline against actual; difference in differences where a control exists, else "
        f'labelled "{NO_CAUSAL_CLAIM}"', SOURCE,
        shown_at=_AT,
    ),
    Measure(
        "cost_avoided", "Cost avoided", "money", None, "substituted hours * rate, both shown", SOURCE,
        shown_at=_AT,
    ),
)  # fmt: skip
