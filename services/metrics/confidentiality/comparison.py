"""What may be said of the difference between two released numbers: nothing that either side hides. Pure."""

from dataclasses import dataclass

HIDDEN = "Not shown, because one of the two numbers compared is itself not shown."
NOTHING = "One of the two was not measured: there is nothing to compare with."


@dataclass(frozen=True)
class Side:
    """A number as it was released, rounded and judged."""

    value: float | None
    suppressed: bool
    half_interval: float | None = None
    """Half its 95 % interval, where it has one."""


@dataclass(frozen=True)
class Difference:
    """A released number less another; without a value, `reason` says why."""

    value: float | None
    clear: bool | None
    """Whether the 95 % intervals are apart: if not, one is not more than the other. None where there are none."""
    suppressed: bool
    reason: str | None


def difference(one: Side, other: Side, digits: int) -> Difference:
    """`one` less `other`, of published digits alone: whoever reads both could have worked it out, and nothing more."""
    if one.suppressed or other.suppressed:
        return Difference(None, None, suppressed=True, reason=HIDDEN)
    if one.value is None or other.value is None:
        return Difference(None, None, suppressed=False, reason=NOTHING)
    value = round(one.value - other.value, digits)
    clear = None
    if one.half_interval is not None and other.half_interval is not None:
        clear = abs(value) > one.half_interval + other.half_interval
    return Difference(value, clear, suppressed=False, reason=None)
