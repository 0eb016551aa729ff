"""What sessions derives of a person."""

from collections.abc import Sequence

from shared.refusal import Refused


class UnknownTimeZone(Refused):
    """Nobody can be invited inside working hours that lie in no known zone."""


def division(unit_path: Sequence[str]) -> str:
    """The unit below the root that somebody belongs to; the root itself for whoever is in none."""
    return next(iter(unit_path[1:2] or unit_path[:1]), "none")
