"""What a format of peer learning is: enforced rules, and the role a member of a match plays in its sessions."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal
from uuid import UUID

from shared.events.matching import MatchMember, MemberRole
from shared.events.sessions import Confidentiality, SessionRole
from shared.refusal import NotFound

LearningModel = Literal["peer", "social", "collaborative", "mentoring", "coaching"]
"""Coaching and mentoring are models of their own: reports never mix them with peer learning."""
Formality = Literal["low", "medium", "high"]
Membership = Literal["open", "closed", "fixed"]
"""Whoever is in the audience joins; whoever leads lets in; nobody joins once it has begun."""
FeedbackForm = Literal["reaction", "pulse", "critique", "debrief", "none"]
Need = Literal[
    "solve_a_challenge", "share_lessons", "develop_a_skill", "grow_a_career", "join_the_company",
    "get_honest_feedback", "exchange_practice", "reflect_together", "meet_people", "get_help_now", "learn_a_job",
    "make_content",
]  # fmt: skip
Requirement = Literal[
    "challenge", "charter", "learning_goal", "rubric", "placement", "observation_checklist", "prompts", "certificate",
    "lesson", "outcome", "debrief", "takeaway", "actions", "practice", "feedback", "adjustment", "resource", "link",
    "agreement", "goals", "end_date", "rotation", "recurrence", "two_functions", "rooms", "confirmation",
]  # fmt: skip
"""What must exist before a session counts as held: written by somebody, or a fact that is looked at."""
Roles = Mapping[MemberRole, SessionRole]

PLAIN: Roles = {
    "learner": "participant",
    "teacher": "presenter",
    "newcomer": "newcomer",
    "buddy": "buddy",
    "participant": "participant",
    "facilitator": "facilitator",
}
PREPARING: frozenset[SessionRole] = frozenset({"facilitator", "presenter", "host", "mentor", "reviewer"})
"""Roles that are prepared for: the format's preparation counts in their time budget."""


class UnknownFormat(NotFound):
    """There is no format of that name."""


@dataclass(frozen=True, slots=True)
class Rotation:
    """Each session puts another participant first: that one's role, and everybody else's."""

    first: SessionRole
    others: SessionRole


@dataclass(frozen=True, slots=True)
class Format:
    """The rules of one format. `requires` names what its sessions need beside people, in the order it comes to be."""

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
    requires: tuple[Requirement, ...] = ()
    serves: tuple[Need, ...] = ()
    """What it is good for, best first."""
    preparation: int = 0
    """Minutes before each session for those who run it."""
    counts: Mapping[SessionRole, tuple[int, int]] = field(default_factory=dict)
    """How many of a role a group has, at least and at most."""
    membership: Membership = "closed"
    feedback_form: FeedbackForm = "reaction"
    slots: bool = False
    """Whether its sessions are slots that one person books."""
    posts: bool = False
    """Whether it also lives by what is posted in a place elsewhere."""

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

    def preparation_of(self, role: SessionRole) -> int:
        """Minutes this role prepares for one session."""
        return self.preparation if role in PREPARING else 0

    def miscast(self, roles: Iterable[SessionRole]) -> list[str]:
        """What is wrong with how many there are of each role; nothing when all is well."""
        there = Counter(roles)
        return [
            f"{least} to {most} in the role {role} are needed, there are {there[role]}"
            for role, (least, most) in sorted(self.counts.items())
            if not least <= there[role] <= most
        ]
