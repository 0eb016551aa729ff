"""Audiences and units that differ by few: what one number leaves over of the other tells of these. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any

from services.metrics.confidentiality import K

Row = Mapping[str, Any]


def beside_few(told: Sequence[Row], k: int = K) -> set[str]:
    """The audiences, by cell, that a unit has fewer than k people more than, or fewer than k people less.

    `told` has the people of each unit, how many of them are `inside` the audience of a cell, and all of it, `audience`.
    """
    return {
        row["cell"]
        for row in _shown(told, k)
        if (row["inside"] == row["audience"] and 0 < row["people"] - row["inside"] < k)
        or (row["inside"] == row["people"] and 0 < row["audience"] - row["inside"] < k)
    }


def units_beside_few(told: Sequence[Row], k: int = K) -> set[str]:
    """The units of one audience that fewer than k of their people are outside of."""
    return {row["unit"] for row in _shown(told, k) if row["inside"] and 0 < row["people"] - row["inside"] < k}


def _shown(told: Sequence[Row], k: int) -> list[Row]:
    """Where the unit above has few others, the unit itself is never shown: nothing is subtracted from it."""
    sizes = {(row["cell"], row["unit"]): row["people"] for row in told}
    return [row for row in told if not 0 < sizes.get((row["cell"], row["above"]), 0) - row["people"] < k]
