"""What sessions derives of a person."""

from collections.abc import Sequence

from shared.events.directory import PersonChanged
from shared.refusal import Refused


class UnknownTimeZone(Refused):
    """Nobody can be invited inside working hours that lie in no known zone."""


def division(unit_path: Sequence[str]) -> str:
    """The unit below the root that somebody belongs to; the root itself for whoever is in none."""
    return next(iter(unit_path[1:2] or unit_path[:1]), "none")


KNOWN_WELL = 3


def known_well(person: PersonChanged) -> list[str]:
    """Skills somebody can pass on: what they offer, and what they have a level of three or more in."""
    able = {one.skill_id for one in person.proficiencies if one.level >= KNOWN_WELL}
    return sorted(able | {offer.skill_id for offer in person.offers})
