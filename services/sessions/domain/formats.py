"""What a format of peer learning is, and the role a member of a match plays in its sessions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal
from uuid import UUID

from shared.events.matching import MatchMember, MemberRole
from shared.events.sessions import Confidentiality, SessionRole

LearningModel = Literal["peer", "social", "collaborative", "mentoring", "coaching"]
"""Coaching and mentoring are models of their own: reports never mix them with peer learning."""
Formality = Literal["low", "medium", "high"]
Roles = Mapping[MemberRole, SessionRole]

PLAIN: Roles = {
    "learner": "participant",
    "teacher": "presenter",
    "newcomer": "newcomer",
    "buddy": "buddy",
    "participant": "participant",
    "facilitator": "facilitator",
}


@dataclass(frozen=True, slots=True)
class Rotation:
    """Each session puts another participant first: that one's role, and everybody else's."""

    first: SessionRole
    others: SessionRole


@dataclass(frozen=True, slots=True)
class Format:
    """The rules of one format. `requires` names what its sessions need beside people."""

    name: str
    title: str
    rule: str
    learning_model: LearningModel
    formality: Formality
    size: tuple[int, int]
    minutes: int
    cadence_days: int
    confidentiality: Confidentiality = "chatham"
    facilitated: bool = False
    roles: Roles = field(default_factory=lambda: PLAIN)
    rotation: Rotation | None = None
    requires: tuple[str, ...] = ()

    @property
    def session_roles(self) -> tuple[SessionRole, ...]:
        """Every role its sessions know, in order of name."""
        rotating = {self.rotation.first, self.rotation.others} if self.rotation else set()
        return tuple(sorted({*self.roles.values(), *rotating}))

    def cast(self, members: Sequence[MatchMember], number: int) -> list[tuple[UUID, SessionRole]]:
        """Who is what in the group's session of that number, counted from 0."""
        played = [(member.person_id, self.roles[member.role]) for member in members]
        if self.rotation is None:
            return played
        turning = sorted(member.person_id for member in members if member.role == "participant")
        if not turning:
            return played
        first = turning[number % len(turning)]
        turned = dict.fromkeys(turning, self.rotation.others) | {first: self.rotation.first}
        return [(person, turned.get(person, role)) for person, role in played]
