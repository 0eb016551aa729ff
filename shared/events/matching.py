"""What matching decided: proposals and answers, circles, facilitators, rounds, and who was left unmatched and why."""

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from shared.events.base import Code, Event, Moment, Value
from shared.events.topics import MATCHING_MATCHES, MATCHING_SHARDS

MatchKind = Literal["pair", "buddy", "circle"]
MemberRole = Literal["learner", "teacher", "newcomer", "buddy", "participant", "facilitator"]
HelpCircle = Literal["unit", "division", "everybody"]
HelpOutcome = Literal["accepted", "withdrawn", "expired"]


class MatchMember(Value):
    """Somebody in a match, and as what."""

    person_id: UUID
    role: MemberRole


class MatchReason(Value):
    """One term of the score: a reason code, its points, and the skill it is about where it is about one."""

    code: Code
    points: int
    skill_id: Code | None = None


class MatchEvent(Event):
    """Every event of a match says all of it, so that a reader needs no earlier one."""

    topic = MATCHING_MATCHES
    key_field = "match_id"

    match_id: UUID
    version: Annotated[int, Field(ge=1)]
    kind: MatchKind
    programme_id: UUID
    round_id: UUID | None
    skill_id: Code | None
    members: tuple[MatchMember, ...]
    ring_id: UUID | None = None
    """The exchange of two or three this is a leg of: everybody in it who learns also teaches."""
    rules_version: int | None = None
    """Of the programme's rules by which it was made."""


class MatchProposed(MatchEvent):
    """Two people are asked whether they will learn together; both must accept before `expires_at`."""

    event_type = "org.lateral.matching.match.proposed.v1"

    reasons: tuple[MatchReason, ...]
    expires_at: Moment


class MatchAccepted(MatchEvent):
    """Everybody asked has said yes."""

    event_type = "org.lateral.matching.match.accepted.v1"

    likeness: Code | None = None
    """Of two people, how alike they are in what a score weighs: one of a few classes, each of very many pairs."""


class MatchDeclined(MatchEvent):
    """Somebody said no. Who and why stays in matching."""

    event_type = "org.lateral.matching.match.declined.v1"


class MatchExpired(MatchEvent):
    """Nobody answered in time."""

    event_type = "org.lateral.matching.match.expired.v1"


class CircleFormed(MatchEvent):
    """A circle and its neutral facilitator; members answer when they are invited to its sessions."""

    event_type = "org.lateral.matching.circle.formed.v1"

    reasons: tuple[MatchReason, ...]


class FacilitatorReplaced(MatchEvent):
    """The circle has another facilitator; `members` is who is in it now."""

    event_type = "org.lateral.matching.facilitator.replaced.v1"

    reason: Code


class CircleChanged(MatchEvent):
    """Somebody has joined or left the circle; `members` is who is in it now."""

    event_type = "org.lateral.matching.circle.changed.v1"

    reason: Code


class MatchEnded(MatchEvent):
    """The match is over before its time: somebody left or paused. `reason` is a code that names nobody's absence."""

    event_type = "org.lateral.matching.match.ended.v1"

    reason: Code


class RoundCompleted(Event):
    """A round of matching is published; `matched` and `unmatched` people add up to `asked`."""

    event_type = "org.lateral.matching.round.completed.v1"
    topic = MATCHING_MATCHES
    key_field = "round_id"

    round_id: UUID
    programme_id: UUID
    kind: MatchKind
    asked: int
    matched: int
    unmatched: int
    seed: int
    rules_version: int
    input_digest: Code


class PersonLeftUnmatched(Event):
    """Nobody is dropped silently: a person of the round, and the constraint that left them out."""

    event_type = "org.lateral.matching.person.left-unmatched.v1"
    topic = MATCHING_MATCHES
    key_field = "round_id"

    round_id: UUID
    programme_id: UUID
    person_id: UUID
    reason: Code


class IntroductionsSuggested(Event):
    """Colleagues a newcomer should meet in the first month, beside the buddy."""

    event_type = "org.lateral.matching.introductions.suggested.v1"
    topic = MATCHING_MATCHES
    key_field = "person_id"

    person_id: UUID
    colleague_ids: tuple[UUID, ...]


class KnowledgeAtRisk(Event):
    """Few know a skill, and one of them is known to leave: by then it should be shadowed or captured."""

    event_type = "org.lateral.matching.knowledge.at-risk.v1"
    topic = MATCHING_MATCHES
    key_field = "skill_id"

    skill_id: Code
    holders: Annotated[int, Field(ge=1)]
    due_on: date
    proposal: Literal["shadowing", "capture"]


class KnowledgeSettled(Event):
    """A skill is at risk no more: others know it by now, or nobody leaves with it. What was proposed is not needed."""

    event_type = "org.lateral.matching.knowledge.settled.v1"
    topic = MATCHING_MATCHES
    key_field = "skill_id"

    skill_id: Code


class HelpEvent(Event):
    """A request for help, by what it is about: neither who asked nor who was asked travels."""

    topic = MATCHING_MATCHES
    key_field = "request_id"

    request_id: UUID
    skill_id: Code


class HelpRequested(HelpEvent):
    """Somebody asks who can help."""

    event_type = "org.lateral.matching.help.requested.v1"


class HelpOffered(HelpEvent):
    """The first offer of help, so many seconds after it was asked for, and how far it had been asked around by then."""

    event_type = "org.lateral.matching.help.offered.v1"

    seconds: Annotated[int, Field(ge=0)]
    circle: HelpCircle


class HelpClosed(HelpEvent):
    """The request is over: an offer was taken, it was withdrawn, or nobody could help in time."""

    event_type = "org.lateral.matching.help.closed.v1"

    outcome: HelpOutcome
    seconds_to_first_offer: Annotated[int | None, Field(ge=0)] = None
    circle: HelpCircle


class ShardOffered(Event):
    """A part of a round that any worker of matching may solve: whoever reads this takes it."""

    event_type = "org.lateral.matching.shard.offered.v1"
    topic = MATCHING_SHARDS
    key_field = "shard_id"

    shard_id: UUID
    round_id: UUID
    people: int
