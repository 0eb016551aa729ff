"""Who knows what, and who wants to learn it: skills drawn for one person after another."""

from collections.abc import Mapping
from dataclasses import dataclass
from random import Random

from deploy.local.sample.jobs import FIRST_MANAGER_LEVEL, SENIOR_LEVEL
from deploy.local.sample.skills import BY_FAMILY, SINGLE_EXPERT, SOUGHT, Skill

_FEWEST, _MOST = 3, 8
_TOP = 5
_OF_THE_FAMILY = 0.7
_FAVOURITES = 1.4
_WANTS_THE_RARE, _WANTS_THE_SOUGHT = 0.02, 0.04
_DEEPENS_WHAT_THEY_KNOW = 0.5
_WANTS_TO_LEAD = 0.3
_USUAL_LEVEL = {1: 1.5, 2: 2.3, 3: 3.2, 4: 4.0, 5: 4.5}
_MANAGERS_LEVEL = 3.4


@dataclass(frozen=True, slots=True)
class Claim:
    """A skill as HR knows it of one person: the level reached (0: none) and the level their plan asks for."""

    skill_id: str
    level: int
    target_level: int | None = None


class Competences:
    """Remembers which of the rare skills already have their single expert."""

    def __init__(self, rare: Mapping[str, Skill] = SINGLE_EXPERT) -> None:
        """Start with every rare skill, by job family, unclaimed."""
        self._unclaimed = dict(rare)

    def draw(self, rng: Random, family: str, level: int) -> tuple[Claim, ...]:
        """Three to eight skills held, and one to three targets above the level held, some of skills not yet held."""
        manages = level >= FIRST_MANAGER_LEVEL
        general = BY_FAMILY["leading" if manages else "everyday"]
        held = self._held(rng, family, level, general)
        targets = self._targets(rng, family, held, BY_FAMILY["leading"] if rng.random() < _WANTS_TO_LEAD else general)
        known = (Claim(skill.uri, reached, targets.get(skill)) for skill, reached in held.items())
        wanted = (Claim(skill.uri, 0, target) for skill, target in targets.items() if skill not in held)
        return (*known, *wanted)

    def _held(self, rng: Random, family: str, level: int, general: tuple[Skill, ...]) -> dict[Skill, int]:
        usual = _USUAL_LEVEL.get(level, _MANAGERS_LEVEL)
        held: dict[Skill, int] = {}
        if SENIOR_LEVEL <= level < FIRST_MANAGER_LEVEL and family in self._unclaimed:
            held[self._unclaimed.pop(family)] = _TOP
        for _ in range(max(0, rng.randint(_FEWEST, _MOST) - len(held))):
            skill = _pick(rng, BY_FAMILY[family] if rng.random() < _OF_THE_FAMILY else general)
            held.setdefault(skill, min(max(1, round(rng.gauss(usual, 0.9))), _TOP))
        while len(held) < _FEWEST:
            held.setdefault(_pick(rng, general), 1)
        return held

    def _targets(
        self, rng: Random, family: str, held: dict[Skill, int], general: tuple[Skill, ...]
    ) -> dict[Skill, int]:
        targets: dict[Skill, int] = {}
        improvable = [skill for skill, reached in held.items() if reached < _TOP]
        wanted = rng.randint(1, 3)
        while len(targets) < wanted:
            if improvable and rng.random() < _DEEPENS_WHAT_THEY_KNOW:
                skill = rng.choice(improvable)
            else:
                skill = self._new(rng, family, general)
            reached = held.get(skill, 0)
            if reached < _TOP:
                targets[skill] = min(reached + rng.randint(1, 2) + (reached == 0), _TOP)
        return targets

    @staticmethod
    def _new(rng: Random, family: str, general: tuple[Skill, ...]) -> Skill:
        """A skill to learn: of the own family, of everyone's, now and then a rare one."""
        chance = rng.random()
        if chance < _WANTS_THE_SOUGHT:
            return rng.choice(SOUGHT)
        if chance < _WANTS_THE_SOUGHT + _WANTS_THE_RARE and family in SINGLE_EXPERT:
            return SINGLE_EXPERT[family]
        return _pick(rng, BY_FAMILY[family] if rng.random() < _OF_THE_FAMILY else general)


def _pick(rng: Random, skills: tuple[Skill, ...]) -> Skill:
    """One of the skills, the first ones more often."""
    return skills[int(len(skills) * rng.random() ** _FAVOURITES)]
