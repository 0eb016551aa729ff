"""What somebody can do, weighed from all that is known of it.

Each piece of evidence weighs by its source and halves every two years. Because all halve at one pace, the level (their
weighted mean) changes only by new evidence; what fades by itself is the trust in it.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date
from functools import lru_cache
from typing import Literal, NamedTuple, TypeAlias

from shared.events.directory import Proficiency, SkillNeed, SkillOffer

Source: TypeAlias = Literal["assessment", "manager", "hr", "peer", "self"]
WEIGHT: Mapping[Source, float] = {"assessment": 1.0, "manager": 0.6, "hr": 0.5, "peer": 0.35, "self": 0.3}
PEERS_TOGETHER = 0.8
"""However many peers say so, they weigh less than one assessment."""
HALF_LIFE_DAYS = 730
FADING_BELOW = 25
"""Percent of trust under which a person is asked to say again how it stands."""


ALONE: Mapping[Source, int] = {source: round(100 * weight) for source, weight in WEIGHT.items()}
"""Percent of trust in one statement with nothing beside it."""
KEPT = 65_536


class Evidence(NamedTuple):
    """One statement of one source about one skill."""

    skill_id: str
    source: Source
    level: int
    stated_on: date


# Many people have the same of a skill: one object for all of them is neither made nor compared again.


@lru_cache(KEPT)
def proficiency(
    skill_id: str, level: int, target: int | None, source: str | None, trust: int, as_of: date | None
) -> Proficiency:
    """What is published of a skill; the names and levels have been validated where they came from."""
    return Proficiency.trusted({
        "skill_id": skill_id, "level": level, "target_level": target, "source": source, "trust": trust, "as_of": as_of,
    })  # fmt: skip


@lru_cache(KEPT)
def offer(skill_id: str, level: int) -> SkillOffer:
    """A skill at the level it is offered."""
    return SkillOffer(skill_id=skill_id, level=level)


@lru_cache(KEPT)
def need_of(skill_id: str, level: int, target: int) -> SkillNeed:
    """A skill from the level that is there to the level aimed for."""
    return SkillNeed(skill_id=skill_id, level=level, target_level=target)


def weigh(
    evidence: Iterable[Evidence], targets: Mapping[str, int], replaced: Mapping[str, str]
) -> tuple[Proficiency, ...]:
    """Every skill with evidence or a target, in order of skill; merged skills count as what they were merged into."""
    by_skill: dict[str, list[Evidence]] = defaultdict(list)
    for piece in evidence:
        by_skill[replaced.get(piece.skill_id, piece.skill_id)].append(piece)
    aims: dict[str, int] = {}
    for skill_id, level in targets.items():
        name = replaced.get(skill_id, skill_id)
        aims[name] = max(level, aims.get(name, 0))
    return tuple(
        _proficiency(skill_id, by_skill.get(skill_id, []), aims.get(skill_id))
        for skill_id in sorted(by_skill.keys() | aims.keys())
    )


def word_of_hr(levels: Mapping[str, int], targets: Mapping[str, int], said_on: date) -> tuple[Proficiency, ...]:
    """`weigh` where HR alone has spoken, once a skill, and nothing was merged: so it is of most people."""
    trust = ALONE["hr"]
    return tuple(
        [
            proficiency(skill_id, levels[skill_id], targets.get(skill_id), "hr", trust, said_on)
            if skill_id in levels
            else proficiency(skill_id, 0, targets[skill_id], None, 0, None)
            for skill_id in sorted(levels.keys() | targets.keys())
        ]
    )


def trust_on(trust: int, as_of: date | None, day: date) -> int:
    """What is left of a trust in percent."""
    return 0 if as_of is None else round(trust * _faded(as_of, day))


def _proficiency(skill_id: str, pieces: list[Evidence], target: int | None) -> Proficiency:
    if not pieces:
        return proficiency(skill_id, 0, target, None, 0, None)
    if len(pieces) == 1:
        _, source, level_, stated_on = pieces[0]
        return proficiency(skill_id, level_, target, source, ALONE[source], stated_on)
    as_of = max(piece.stated_on for piece in pieces)
    peers = sum(piece.source == "peer" for piece in pieces)
    weights = [_weight(piece.source, peers) * _faded(piece.stated_on, as_of) for piece in pieces]
    total = sum(weights)
    level = sum(weight * piece.level for weight, piece in zip(weights, pieces, strict=True)) / total
    weightiest = max(zip(weights, pieces, strict=True), key=lambda pair: (pair[0], pair[1]))[1]
    return proficiency(skill_id, int(level + 0.5), target, weightiest.source, min(100, round(100 * total)), as_of)


def _weight(source: Source, peers: int) -> float:
    return min(WEIGHT["peer"], PEERS_TOGETHER / peers) if source == "peer" else WEIGHT[source]


def _faded(since: date, day: date) -> float:
    return float(0.5 ** (max(0, (day - since).days) / HALF_LIFE_DAYS))
