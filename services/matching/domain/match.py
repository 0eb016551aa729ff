"""A match and what may become of it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal, TypeAlias
from uuid import UUID

from shared.events.matching import (
    CircleChanged,
    CircleFormed,
    FacilitatorReplaced,
    MatchAccepted,
    MatchDeclined,
    MatchEnded,
    MatchEvent,
    MatchExpired,
    MatchKind,
    MatchMember,
    MatchProposed,
    MatchReason,
    MemberRole,
)
from shared.refusal import NotFound, Refused

State: TypeAlias = Literal["preview", "proposed", "accepted", "declined", "expired", "formed", "ended", "withdrawn"]
Answer: TypeAlias = Literal["pending", "accepted", "declined", "none"]
OPEN: tuple[State, ...] = ("proposed", "accepted", "formed")
FEWEST = 2
"""Participants below which a circle is none."""
LEADING = frozenset({"neutral_facilitator", "facilitator_from_outside", "facilitator_load"})
"""Reasons that speak of a circle's facilitator."""
TOO_FEW_LEFT = "too_few_members"
EXCHANGE_OVER = "exchange_over"
"""Why a leg is withdrawn: another one of its exchange is not to be."""


class UnknownMatch(NotFound):
    """No such match, or none of the caller's."""


class MatchOver(Refused):
    """The match has been decided already."""


class NothingToAnswer(Refused):
    """The member is not asked for an answer, or has given the other one."""


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody in a match, as what, and what they said."""

    person_id: UUID
    role: MemberRole
    answer: Answer


@dataclass(frozen=True, slots=True)
class Match:
    """People brought together."""

    match_id: UUID
    version: int
    kind: MatchKind
    state: State
    programme_id: UUID
    round_id: UUID | None
    skill_id: str | None
    members: tuple[Member, ...]
    score: int
    reasons: tuple[MatchReason, ...]
    expires_at: datetime | None
    ring_id: UUID | None = None
    """The exchange this is a leg of: its legs stand together or not at all."""
    rules_version: int | None = None
    """Of the programme's rules it was made by; None for what is older than this was kept."""
    asked: bool = False
    """Who learns has asked who teaches, and so has said yes."""
    engine: int | None = None
    """The version of the engine that made it; None as above."""

    @property
    def facilitator(self) -> UUID | None:
        """Who leads the circle."""
        return next((member.person_id for member in self.members if member.role == "facilitator"), None)

    @property
    def participants(self) -> tuple[UUID, ...]:
        """Everybody but the facilitator."""
        return tuple(member.person_id for member in self.members if member.role != "facilitator")

    def without(self, gone: frozenset[UUID]) -> "Match":
        """The match after these people are out of it."""
        return replace(self, members=tuple(member for member in self.members if member.person_id not in gone))

    def led_by(self, person_id: UUID | None, why: tuple[MatchReason, ...] = ()) -> "Match":
        """The circle with this facilitator, or with none; `why` takes the place of what was said of the one before."""
        members = tuple(member for member in self.members if member.role != "facilitator")
        if person_id is not None:
            members += (Member(person_id, "facilitator", "none"),)
        return replace(self, members=members, reasons=(*(one for one in self.reasons if one.code not in LEADING), *why))

    def retold(self, reasons: tuple[MatchReason, ...], rules_version: int) -> "Match":
        """The match with other reasons, by these rules."""
        score = sum(reason.points for reason in reasons)
        return replace(self, reasons=reasons, score=score, rules_version=rules_version)

    def asked_for(self, person_id: UUID) -> "Match":
        """The proposal as who learns has asked for it: by asking they have said yes."""
        said = (replace(one, answer="accepted") if one.person_id == person_id else one for one in self.members)
        return replace(self, members=tuple(said), asked=True)

    def joined_by(self, person_id: UUID) -> "Match":
        """The circle with one participant more."""
        return replace(self, members=(*self.members, Member(person_id, "participant", "none")))

    def previewed(self) -> "Match":
        """As it is before anybody is told."""
        return replace(self, state="preview")

    def published(self, expires_at: datetime) -> "Match":
        """As everybody is told of it."""
        state, until = as_published(self.kind, expires_at)
        return replace(self, state=state, expires_at=until)

    def become(self, state: State) -> "Match":
        """The next version, in this state."""
        return replace(self, state=state, version=self.version + 1)


def as_published(kind: MatchKind, expires_at: datetime) -> tuple[State, datetime | None]:
    """What a match begins as, and until when: a circle stands, everything else waits for answers."""
    return ("formed", None) if kind == "circle" else ("proposed", expires_at)


def first_answer(kind: MatchKind, role: MemberRole) -> Answer:
    """Both of a pair are asked, of a buddy match only the buddy, in a circle nobody."""
    return "pending" if kind == "pair" or role == "buddy" else "none"


def answered(match: Match, person_id: UUID, answer: Answer, now: datetime, others: Sequence[Match] = ()) -> Match:
    """The match after one member's answer; the same answer again changes nothing. Raises when it is too late.

    `others` are the other legs of its exchange: it is accepted when everybody in any of them has said yes.
    """
    member = next((member for member in match.members if member.person_id == person_id), None)
    if member is None or match.state == "preview":
        raise UnknownMatch("There is no such match of yours.")
    if member.answer == answer:
        return match
    expired = match.expires_at is not None and match.expires_at <= now
    if expired or any(leg.state != "proposed" for leg in (match, *others)):
        over = "expired" if match.state == "proposed" else match.state
        raise MatchOver(f"The match is {over}.", state=over)
    if member.answer != "pending":
        raise NothingToAnswer(f"Nothing is asked of you here: your answer is {member.answer}.", state=match.state)
    members = tuple(replace(one, answer=answer) if one is member else one for one in match.members)
    waiting = any(one.answer == "pending" for one in (*members, *(one for leg in others for one in leg.members)))
    state: State = "declined" if answer == "declined" else "proposed" if waiting else "accepted"
    return replace(match, members=members).become(state)


def followed(leg: Match, after: Match) -> Match:
    """What becomes of a leg of an exchange after another one of it was answered."""
    become: dict[State, State] = {"accepted": "accepted", "declined": "withdrawn"}
    return leg.become(become[after.state]) if after.state in become else leg


def tell(match: Match, reason: str | None = None, *, changed: bool = False, likeness: str | None = None) -> MatchEvent:
    """The event that says what a match has just become.

    `reason` is why it ended or has another facilitator, or, where it has `changed`, other participants; `likeness` how
    alike the two of it are who have said yes.
    """
    common = {
        "match_id": match.match_id,
        "version": match.version,
        "kind": match.kind,
        "programme_id": match.programme_id,
        "round_id": match.round_id,
        "skill_id": match.skill_id,
        "ring_id": match.ring_id,
        "rules_version": match.rules_version,
        "members": tuple(MatchMember(person_id=one.person_id, role=one.role) for one in match.members),
    }
    if match.state == "proposed":
        assert match.expires_at is not None
        return MatchProposed(**common, reasons=match.reasons, expires_at=match.expires_at)
    if match.state == "formed":
        if changed:
            return CircleChanged(**common, reason=reason or "changed")
        if reason is not None:
            return FacilitatorReplaced(**common, reason=reason)
        return CircleFormed(**common, reasons=match.reasons)
    if match.state in {"ended", "withdrawn"}:
        return MatchEnded(**common, reason=reason or (EXCHANGE_OVER if match.state == "withdrawn" else "ended"))
    alike = {"likeness": likeness} if match.state == "accepted" else {}
    over: dict[State, type[MatchEvent]] = {
        "accepted": MatchAccepted,
        "declined": MatchDeclined,
        "expired": MatchExpired,
    }
    return over[match.state](**common, **alike)
