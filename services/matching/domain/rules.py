"""What a programme's rules may be: each within its range, and none against another."""

from collections.abc import Mapping
from types import MappingProxyType

from shared.events.matching import MatchKind
from shared.refusal import InvalidRequest

RANGES: Mapping[str, tuple[int, int]] = MappingProxyType(
    {
        "margin": (0, 5),
        "common_half_hours": (1, 48),
        "cool_off_days": (0, 3650),
        "newcomer_days": (0, 3650),
        "buddy_tenure_days": (0, 3650),
        "candidates": (1, 200),
        "looks": (100, 1_000_000),
        "facilitator_circles": (1, 20),
        "min_functions": (1, 10),
        "level_band": (0, 20),
        "expires_days": (1, 90),
        "rest_days": (0, 365),
        "part_people": (2, 10_000_000),
        "seconds": (1, 3600),
        "megabytes": (256, 65_536),
    }
)
HEAVIEST = 1000
"""No weight is more: what one term says can always be outweighed."""


class WrongRules(InvalidRequest):
    """Rules nobody could go by; `errors` names each."""


def check(kind: MatchKind, size_max: int, functions_min: int, rules: Mapping[str, object]) -> None:
    """Raise WrongRules for rules that contradict each other or what the programme forms.

    `functions_min` is how many job functions its format brings together at least.
    """
    errors = []
    if kind != "pair" and rules["exchange"]:
        errors.append(("exchange", f"is for pairs, and this programme forms a {kind} each"))
    if kind != "circle" and rules["levels"] != "any":
        errors.append(("levels", f"is for circles, and this programme forms a {kind} each"))
    if kind != "circle" and rules["min_functions"] != 1:
        errors.append(("min_functions", f"is for circles, and this programme forms a {kind} each"))
    if kind == "circle" and isinstance(functions := rules["min_functions"], int) and functions > size_max:
        errors.append(("min_functions", f"is more than the {size_max} people of the largest circle"))
    if isinstance(functions := rules["min_functions"], int) and functions < functions_min:
        errors.append(("min_functions", f"is fewer than the {functions_min} that are what this format is for"))
    if rules["exchange"] and isinstance(margin := rules["margin"], int) and margin == 0:
        errors.append(("margin", "of 0 lets people of one level exchange the same skill: an exchange needs 1 or more"))
    if errors:
        raise WrongRules(
            "; ".join(f"{field}: {message}" for field, message in errors),
            errors=[{"field": f"rules.{field}", "message": message} for field, message in errors],
        )
