"""Events from the other services, as sessions meets them."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from itertools import count
from typing import Any
from uuid import UUID, uuid4

from shared.envelope import Envelope
from shared.events.base import Event
from shared.events.directory import ContactChanged, PersonChanged
from shared.events.matching import (
    CircleChanged,
    CircleFormed,
    FacilitatorReplaced,
    MatchAccepted,
    MatchEnded,
    MatchMember,
)

offsets = count()


def envelope(event: Event) -> Envelope[Any]:
    return Envelope(
        id=str(uuid4()),
        source=event.source,
        type=event.event_type,
        subject=event.key,
        time=datetime.now(UTC),
        data=event,
        topic=event.topic.name,
        key=event.key,
        partition=0,
        offset=next(offsets),
    )


def person(person_id: UUID, version: int = 1, **changes: Any) -> PersonChanged:
    fields: dict[str, Any] = {
        "person_id": person_id,
        "version": version,
        "reasons": ("hired",),
        "effective_at": date(2026, 1, 1),
        "status": "active",
        "unit_code": "sales-1",
        "unit_path": ("acme", "sales", "sales-1"),
        "manager_id": None,
        "job_code": "j",
        "job_level": 3,
        "job_function": None,
        "site_code": "berlin",
        "country": "DE",
        "time_zone": "Europe/Berlin",
        "work_starts": 9 * 60,
        "work_ends": 17 * 60,
        "work_days": (1, 2, 3, 4, 5),
        "languages": ("en",),
        "offers": (),
        "needs": (),
        "capacity": 2,
        "time_budget_minutes": 240,
        "facilitator_ready": True,
        "opted_in": True,
        "paused_until": None,
        "not_with": (),
        "hired_on": date(2020, 1, 1),
        "leaves_on": None,
    }
    return PersonChanged(**{**fields, **changes})


def contact(
    person_id: UUID, name: str = "Ada Lovelace", version: int = 1, email: str = "ada@example.org"
) -> ContactChanged:
    return ContactChanged(person_id=person_id, version=version, display_name=name, email=email, locale="en-GB")


def circle(programme_id: UUID, people: list[UUID], facilitator: UUID | None, **changes: Any) -> CircleFormed:
    members = [MatchMember(person_id=one, role="participant") for one in people]
    if facilitator is not None:
        members.append(MatchMember(person_id=facilitator, role="facilitator"))
    return CircleFormed(**_match(programme_id, "circle", members, **changes), reasons=())


def pair(programme_id: UUID, learner: UUID, teacher: UUID, **changes: Any) -> MatchAccepted:
    members = [MatchMember(person_id=learner, role="learner"), MatchMember(person_id=teacher, role="teacher")]
    return MatchAccepted(**_match(programme_id, "pair", members, **changes))


def ended(match: MatchAccepted | CircleFormed, version: int) -> MatchEnded:
    return MatchEnded(**_again(match, version=version), reason="no_longer_available")


def replaced(match: CircleFormed, facilitator: UUID | None, version: int) -> FacilitatorReplaced:
    members = [member for member in match.members if member.role != "facilitator"]
    if facilitator is not None:
        members.append(MatchMember(person_id=facilitator, role="facilitator"))
    return FacilitatorReplaced(**_again(match, version=version, members=tuple(members)), reason="manager_changed")


def changed(match: CircleFormed, people: Sequence[UUID], version: int) -> CircleChanged:
    """Somebody has joined or left; the facilitator stays."""
    members = [MatchMember(person_id=one, role="participant") for one in people]
    members += [member for member in match.members if member.role == "facilitator"]
    return CircleChanged(**_again(match, version=version, members=tuple(members)), reason="member_left")


def _match(programme_id: UUID, kind: str, members: list[MatchMember], **changes: Any) -> dict[str, Any]:
    fields = {
        "match_id": uuid4(),
        "version": 1,
        "kind": kind,
        "programme_id": programme_id,
        "round_id": uuid4(),
        "skill_id": None,
        "members": tuple(members),
    }
    return {**fields, **changes}


def _again(match: MatchAccepted | CircleFormed, **changes: Any) -> dict[str, Any]:
    names = ("match_id", "version", "kind", "programme_id", "round_id", "skill_id", "members")
    return {**{name: getattr(match, name) for name in names}, **changes}
