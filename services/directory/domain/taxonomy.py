"""What a skill is in the taxonomy, and how what somebody types finds it."""

import re
import unicodedata
from dataclasses import dataclass
from typing import Annotated, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

Name = Annotated[str, StringConstraints(min_length=1, max_length=200, strip_whitespace=True, pattern=r"^[^\x00]+$")]
Language = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}$")]
MOST_LABELS = 300
AFTER_ALL = "\U0010ffff"
WORD_START = re.compile(r"(?<!\w)\w")


class Entry(BaseModel):
    """What is told of a skill; what is absent stays as it is."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    skill_id: Name
    label: Name | None = None
    """Absent where only a place in the tree is told."""
    alternatives: Annotated[tuple[Name, ...], Field(max_length=MOST_LABELS)] | None = None
    broader: Annotated[tuple[Name, ...], Field(max_length=100)] | None = None
    deprecated: bool = False


@dataclass(frozen=True, slots=True)
class Skill:
    """A skill as it stands."""

    skill_id: str
    version: int
    label: str
    language: str
    origin: str
    deprecated: bool
    replaced_by: str | None
    broader: frozenset[str]


class Labels(NamedTuple):
    """A skill's labels in one language."""

    preferred: str | None
    alternatives: frozenset[str]


class Term(NamedTuple):
    """A way to find a skill: from the start of a label, or of a later word in it."""

    rank: int
    term: str


def fold(text: str) -> str:
    """Text as it is compared: without case, accents and superfluous blanks."""
    plain = unicodedata.normalize("NFKD", text).casefold()
    return " ".join("".join(letter for letter in plain if not unicodedata.combining(letter)).split())


def terms(labels: Labels) -> set[Term]:
    """All ways to find a skill by its labels in one language."""
    found: set[Term] = set()
    kinds = [(0, [labels.preferred] if labels.preferred else []), (1, sorted(labels.alternatives))]
    for rank, texts in kinds:
        for text in map(fold, texts):
            found.add(Term(rank, text))
            found |= {Term(rank + 2, text[match.start() :]) for match in WORD_START.finditer(text) if match.start()}
    return found


def after(skill: Skill | None, entry: Entry, language: str, origin: str, *, adds: bool) -> Skill | None:
    """The skill once an entry is taken in; None for a place in the tree of a skill nobody knows.

    A label in another language than the skill's own is an entry of `Labels` alone. `adds`: to the broader ones.
    """
    if skill is None:
        if entry.label is None:
            return None
        broader = frozenset(entry.broader or ()) - {entry.skill_id}
        return Skill(entry.skill_id, 0, entry.label, language, origin, entry.deprecated, None, broader)
    told = frozenset(entry.broader or ()) - {entry.skill_id}
    return Skill(
        skill_id=skill.skill_id,
        version=skill.version,
        label=entry.label if entry.label is not None and language == skill.language else skill.label,
        language=skill.language,
        origin=skill.origin,
        deprecated=skill.deprecated or entry.deprecated,
        replaced_by=skill.replaced_by,
        broader=skill.broader if entry.broader is None else (skill.broader | told if adds else told),
    )


def relabelled(labels: Labels, entry: Entry) -> Labels:
    """The labels once an entry is taken in."""
    preferred = labels.preferred if entry.label is None else entry.label
    kept = labels.alternatives if entry.alternatives is None else frozenset(entry.alternatives)
    return Labels(preferred, kept - {preferred or ""})
