"""The knobs of a round as data: thresholds that are never broken and weights that add up to a score."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from types import MappingProxyType
from typing import Any, Self

WEIGHTS: Mapping[str, int] = MappingProxyType(
    {
        "need_met": 100,
        "skill_gap": 40,
        "target_reached": 15,
        "reciprocity": 20,
        "shared_challenge": 10,
        "cross_unit": 15,
        "same_site": 10,
        "common_hours": 10,
        "seniority": 10,
        "newcomer": 10,
        "waited": 15,
        "preferred_pace": 5,
        "preferred_time": 5,
        "well_received": 5,
        "teacher_load": 8,
        "experienced": 100,
        "near_unit": 15,
        "same_function": 15,
        "shared_need": 20,
        "can_contribute": 15,
        "mixed_units": 12,
        "mixed_functions": 12,
        "mixed_tenure": 6,
        "mixed_sites": 6,
        "mixed_levels": 8,
        "needs_covered": 10,
        "preferred_size": 4,
        "met_lately": 15,
        "neutral_facilitator": 50,
        "facilitator_load": 20,
    }
)
LATER = frozenset({"preferred_time", "mixed_sites", "well_received", "met_lately"})
"""Weights that the release before does not know, and refuses to be told."""
UNSAID = frozenset({"well_received", "met_lately"})
"""Weights that a digest has only where they are not the default, so that those of rounds before stay what they are."""
ONE_SITE = "one_site"
"""A knob that it does not know: kept in a column of its own, where it does not look."""
FUNCTIONS: Mapping[str, int] = MappingProxyType({"problem_solving": 2})
"""Job functions a format brings together at least, whatever the rules say."""
LEVELS = ("any", "mixed", "banded")


@dataclass(frozen=True)
class Rules:
    """One programme's rules. Weights missing from a stored row have their defaults, unknown ones are refused."""

    margin: int = 1
    """Levels a teacher must be above a learner."""
    common_half_hours: int = 2
    cool_off_days: int = 180
    newcomer_days: int = 180
    buddy_tenure_days: int = 180
    candidates: int = 20
    """Teachers listed for each learner; prices bring in others."""
    looks: int = 50_000
    """Offers read for one need at most; a round that left some unread says so."""
    facilitator_circles: int = 2
    min_functions: int = 1
    """Job functions a circle must bring together."""
    one_site: bool = True
    """Where people meet in person only, those who are brought together work at one site."""
    exchange: bool = False
    """Who learns also teaches: two teach each other, or three in a ring."""
    levels: str = "any"
    """In a circle: any, mixed (different levels bring points) or banded (they span `level_band` at most)."""
    level_band: int = 1
    expires_days: int = 7
    rest_days: int = 30
    """How long somebody who had no time is left alone."""
    part_people: int = 250_000
    """A round of pairs or circles among more people is cut into parts of so many, which any worker may solve."""
    seconds: int = 600
    """How long a round may take."""
    megabytes: int = 8192
    """How much memory it may take."""
    weights: Mapping[str, int] = field(default_factory=lambda: WEIGHTS)

    @classmethod
    def parse(cls, stored: Mapping[str, Any]) -> Self:
        """From a stored row. Raises ValueError naming what is unknown or impossible."""
        names = {knob.name for knob in fields(cls)}
        weights = stored.get("weights", {})
        if unknown := sorted({*(stored.keys() - names), *(weights.keys() - WEIGHTS.keys())}):
            raise ValueError(f"unknown rules: {', '.join(unknown)}")
        if (levels := stored.get("levels", "any")) not in LEVELS:
            raise ValueError(f"levels: {levels} is none of {', '.join(LEVELS)}")
        return cls(**{**stored, "weights": {**WEIGHTS, **weights}})

    def of_format(self, format_: str) -> Self:
        """As they hold in a programme of this format."""
        return replace(self, min_functions=max(self.min_functions, FUNCTIONS.get(format_, 1)))

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self).parse, (self.kept(),)

    def kept(self) -> dict[str, Any]:
        """As a row keeps them: what the release before does not know only where it is not the default."""
        weights = {term: one for term, one in self.weights.items() if term not in LATER or one != WEIGHTS[term]}
        kept = self.stored() | {"weights": weights}
        return kept if not self.one_site else {name: value for name, value in kept.items() if name != ONE_SITE}

    def digested(self) -> dict[str, Any]:
        """As the digest of a round's input has them."""
        weights = {term: one for term, one in self.weights.items() if term not in UNSAID or one != WEIGHTS[term]}
        told = self.stored() | {"weights": weights}
        del told[ONE_SITE]  # a round says whether it holds
        return told

    def stored(self) -> dict[str, Any]:
        """All of them by name."""
        knobs = {knob.name: getattr(self, knob.name) for knob in fields(self)}
        return knobs | {"weights": dict(self.weights)}


def defaults(format_: str) -> Rules:
    """What a programme of this format starts with."""
    return Rules().of_format(format_)
