"""A number about a whole: a month's network, a skill."""

from dataclasses import dataclass

from services.metrics.confidentiality import Few, Reason, explain
from services.metrics.domain.measures import MEASURES


@dataclass(frozen=True)
class Figure:
    """A measure by its name in the catalogue; a suppressed one has a reason and no number."""

    name: str
    value: float | None
    n: int | None
    suppressed: bool
    reason: str | None


def figure(name: str, value: float | None, n: int, hidden: Reason | None, k: int, few: Few = "people") -> Figure:
    """As it may be shown: rounded, or with the reason why not."""
    if hidden:
        return Figure(name, None, None, suppressed=True, reason=explain(hidden, k, few))
    return Figure(name, MEASURES[name].rounded(value), n, suppressed=False, reason=None)
