"""Which format fits a need: the ones that serve it, by how well they fit the people and the tone wanted."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

from services.sessions.domain.formats import Formality, Format, Need

FORMALITIES: tuple[Formality, ...] = ("low", "medium", "high")
SERVES, SECOND, FITS, TONE = 60, 15, 25, 15
"""Points: for the need itself (less by SECOND for each better use of the format), the size, the formality."""


@dataclass(frozen=True, slots=True)
class Advice:
    """A format, its points and the reasons for them."""

    format: str
    title: str
    score: int
    groups: int
    reasons: tuple[str, ...]


def advise(formats: Iterable[Format], need: Need, people: int, formality: Formality | None) -> list[Advice]:
    """Best first; formats that do not serve the need, or need more people than there are, are left out."""
    found = [
        _judge(shape, need, people, formality) for shape in formats if need in shape.serves and people >= shape.size[0]
    ]
    return sorted(found, key=lambda advice: (-advice.score, advice.format))


def _judge(shape: Format, need: Need, people: int, formality: Formality | None) -> Advice:
    rank = shape.serves.index(need)
    score = SERVES - SECOND * rank
    use = "It is made for this" if rank == 0 else f"It serves this too, after {shape.serves[0].replace('_', ' ')}"
    reasons = [f"{use}: {shape.rule}"]
    least, most = shape.size
    groups = math.ceil(people / most)
    if groups == 1:
        score += FITS
        reasons.append(f"{people} people fit: it takes {least} to {most}.")
    else:
        score += FITS // groups
        reasons.append(f"It takes {least} to {most}: {people} people would be {groups} groups.")
    if formality is not None:
        apart = abs(FORMALITIES.index(formality) - FORMALITIES.index(shape.formality))
        score += TONE * (1 - apart)
        reasons.append(
            f"It is as formal as you want ({formality})."
            if apart == 0
            else f"Its formality is {shape.formality}, you want {formality}."
        )
    return Advice(shape.name, shape.title, score, groups, tuple(reasons))
