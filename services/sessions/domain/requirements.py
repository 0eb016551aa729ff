"""What must exist before a session counts as held, and what of it is missing."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from services.sessions.domain.formats import Format, Requirement
from shared.refusal import Forbidden, InvalidRequest, Refused

GROUP_WIDE: frozenset[Requirement] = frozenset({
    "challenge", "charter", "learning_goal", "rubric", "placement", "observation_checklist", "prompts", "certificate",
    "link", "goals",
})  # fmt: skip
"""Written once for a group, or for one of its sessions."""
OF_ONE_SESSION: frozenset[Requirement] = frozenset({
    "challenge", "observation_checklist", "prompts", "lesson", "outcome", "debrief", "takeaway", "actions", "practice",
    "feedback", "adjustment", "resource",
})  # fmt: skip
STEPS: tuple[Requirement, ...] = ("practice", "feedback", "adjustment")
"""Each comes after the one before."""
OWNERS_ALONE: frozenset[Requirement] = frozenset({"certificate"})
"""Nobody certifies themselves."""


class StepMissing(Refused):
    """One step comes after the other."""


class OwnersAlone(Forbidden):
    """Only somebody who oversees programmes writes this."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What can be seen of a session without anybody writing it down."""

    written: Collection[str]
    goals: bool
    agreed: bool
    recurs: bool
    functions: Collection[str | None]
    rooms: bool
    confirmed: bool


def across_functions(functions: Collection[str | None]) -> bool:
    """Whether people may be of two functions or more: somebody of whom none is known may be of another."""
    return len(set(functions)) != 1 or None in functions


def missing(shape: Format, facts: Facts) -> list[Requirement]:
    """What the format requires and is not there yet, in its order."""
    there = {
        "goals": facts.goals,
        "agreement": facts.agreed,
        "recurrence": facts.recurs,
        "two_functions": across_functions(facts.functions),
        "rooms": facts.rooms,
        "confirmation": facts.confirmed,
        "rotation": shape.rotation is not None,
        "end_date": True,  # every programme has one
    }
    return [name for name in shape.requires if not there.get(name, name in facts.written)]


def check_written(kind: Requirement, written: Collection[str], *, of_session: bool, oversees: bool) -> None:
    """Raise InvalidRequest, StepMissing or OwnersAlone when it cannot be written here, now, or by them."""
    allowed = OF_ONE_SESSION if of_session else GROUP_WIDE
    if kind not in allowed:
        raise InvalidRequest.naming("kind", f"is none of {', '.join(sorted(allowed))}")
    if kind in OWNERS_ALONE and not oversees:
        raise OwnersAlone(f"A programme owner writes the {kind}.")
    if earlier := _earlier(kind, written):
        there = ", ".join(sorted(written)) or "nothing"
        raise StepMissing(f"First comes the {earlier[0]}.", state=there, missing=list(earlier))


def _earlier(kind: Requirement, written: Collection[str]) -> Sequence[Requirement]:
    before = STEPS[: STEPS.index(kind)] if kind in STEPS else ()
    return [step for step in before if step not in written]
