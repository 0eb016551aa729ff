"""What sessions derives of a person."""

from collections.abc import Sequence

from shared.events.directory import PersonChanged
from shared.refusal import Refused


class UnknownTimeZone(Refused):
    """Nobody can be invited inside working hours that lie in no known zone."""


def division(unit_path: Sequence[str]) -> str:
    """The unit below the root that somebody belongs to; the root itself for whoever is in none."""
    return next(iter(unit_path[1:2] or unit_path[:1]), "none")


def wanted(person: PersonChanged) -> list[dict[str, int | str]]:
    """What somebody wants to learn, with the level they have by all evidence and the one they aim for."""
    levels = {one.skill_id: one.level for one in person.proficiencies}
    aims = {one.skill_id: one.target_level for one in person.proficiencies if one.target_level is not None}
    for need in person.needs:
        levels.setdefault(need.skill_id, need.level)
        aims.setdefault(need.skill_id, need.target_level)
    return [
        {"skill_id": skill, "level": levels[skill], "target": aim}
        for skill, aim in sorted(aims.items())
        if aim > levels[skill]
    ]


KNOWN_WELL = 3


def known_well(person: PersonChanged) -> list[str]:
    """Skills somebody can pass on: what they offer, and what they have a level of three or more in."""
    able = {one.skill_id for one in person.proficiencies if one.level >= KNOWN_WELL}
    return sorted(able | {offer.skill_id for offer in person.offers})
