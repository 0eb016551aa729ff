"""What a programme's rules may be: each within its range, and none against another."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

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
READERS: Mapping[str, tuple[MatchKind, ...]] = MappingProxyType(
    {
        **dict.fromkeys(("need_met", "skill_gap", "target_reached", "reciprocity", "shared_challenge"), ("pair",)),
        **dict.fromkeys(("candidates", "looks", "exchange"), ("pair",)),
        **dict.fromkeys(("experienced", "near_unit", "same_function", "buddy_tenure_days"), ("buddy",)),
        **dict.fromkeys(
            ("shared_need", "can_contribute", "needs_covered", "preferred_size", "met_lately"), ("circle",)
        ),
        **dict.fromkeys(("mixed_units", "mixed_functions", "mixed_tenure", "mixed_sites", "mixed_levels"), ("circle",)),
        **dict.fromkeys(("neutral_facilitator", "facilitator_load", "facilitator_circles"), ("circle",)),
        **dict.fromkeys(("min_functions", "levels", "level_band"), ("circle",)),
        **dict.fromkeys(("same_site", "seniority", "well_received", "teacher_load"), ("pair", "buddy")),
        **dict.fromkeys(("rest_days", "expires_days"), ("pair", "buddy")),
        **dict.fromkeys(("cross_unit", "newcomer", "preferred_pace"), ("pair", "circle")),
        **dict.fromkeys(("margin", "newcomer_days", "part_people"), ("pair", "circle")),
    }
)
"""Kinds of matches that a weight or a knob says something to; what is not here says it to all."""
KINDS: Mapping[MatchKind, str] = MappingProxyType({"pair": "pairs", "buddy": "buddies", "circle": "circles"})
SURE: Mapping[str, str] = MappingProxyType({"pair": "need_met", "buddy": "experienced"})
"""What each match of a kind is worth, whoever is in it."""
HEAVIEST = 1000
"""No weight is more: what one term says can always be outweighed."""


class WrongRules(InvalidRequest):
    """Rules nobody could go by; `errors` names each."""


def check(
    kind: MatchKind, size_max: int, functions_min: int, rules: Mapping[str, Any], before: Mapping[str, Any]
) -> None:
    """Raise WrongRules for rules that contradict each other or what the programme forms.

    `functions_min` is how many job functions its format brings together at least, `before` the rules it had.
    """
    changed = _changed(rules, before)
    errors = [(field, _unread(kind, name)) for field, name in changed if kind not in READERS.get(name, (kind,))]
    if kind in SURE and rules["weights"][SURE[kind]] == 0:
        errors.append(
            (f"weights.{SURE[kind]}", "of 0 leaves nothing that is sure to outweigh what load costs: 1 or more")
        )
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


def _changed(rules: Mapping[str, Any], before: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Fields that are not as they were, with the name of each knob or weight."""
    knobs = [(name, name) for name, value in rules.items() if name != "weights" and value != before[name]]
    weights, old = rules["weights"], before["weights"]
    return knobs + [(f"weights.{name}", name) for name, value in weights.items() if value != old[name]]


def _unread(kind: MatchKind, name: str) -> str:
    kinds = " and ".join(KINDS[reader] for reader in READERS[name])
    return f"is for {kinds}, and this programme forms a {kind} each"
