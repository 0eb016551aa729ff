"""People, programmes and events as the other services would send them."""

from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any, TypeVar
from uuid import UUID, uuid4

from services.matching.engine.people import Person
from shared.envelope import Envelope
from shared.events.base import Event
from shared.events.directory import PersonChanged, SkillNeed, SkillOffer
from shared.events.sessions import ProgrammeChanged

E = TypeVar("E", bound=Event)
offsets = count(1)
RUST = "skill/rust"
PIANO = "skill/piano"


def today() -> date:
    return datetime.now(UTC).date()


def envelope(event: E) -> Envelope[E]:
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


def person(person_id: UUID | None = None, **changes: Any) -> PersonChanged:
    values: dict[str, Any] = {
        "person_id": person_id or uuid4(),
        "version": 1,
        "reasons": (),
        "effective_at": today(),
        "status": "active",
        "unit_code": "U1",
        "unit_path": ("ROOT", "D1", "U1"),
        "manager_id": None,
        "job_code": "J",
        "job_level": 2,
        "job_function": "software",
        "site_code": "BER",
        "country": "DE",
        "time_zone": "Europe/Berlin",
        "work_starts": 540,
        "work_ends": 1020,
        "work_days": (1, 2, 3, 4, 5),
        "languages": ("en",),
        "offers": (),
        "needs": (),
        "capacity": 2,
        "time_budget_minutes": 240,
        "facilitator_ready": False,
        "opted_in": True,
        "paused_until": None,
        "not_with": (),
        "hired_on": today() - timedelta(days=1000),
        "leaves_on": None,
    }
    return PersonChanged.model_validate(values | changes)


def teacher(person_id: UUID | None = None, skill: str = RUST, level: int = 4, **changes: Any) -> PersonChanged:
    return person(person_id, offers=(SkillOffer(skill_id=skill, level=level),), **changes)


def learner(person_id: UUID | None = None, skill: str = RUST, level: int = 1, **changes: Any) -> PersonChanged:
    return person(person_id, needs=(SkillNeed(skill_id=skill, level=level, target_level=level + 1),), **changes)


def newcomer(**changes: Any) -> PersonChanged:
    values: dict[str, Any] = {"hired_on": today() + timedelta(days=7), "status": "prehire", "reasons": ("hired",)}
    return person(**(values | changes))


def programme(format_: str = "mentoring", **changes: Any) -> ProgrammeChanged:
    values: dict[str, Any] = {
        "programme_id": uuid4(),
        "version": 1,
        "status": "published",
        "name": "Learning",
        "objective": "Know more",
        "sponsor_id": uuid4(),
        "format": format_,
        "modality": "remote",
        "confidentiality": "open",
        "audience_units": (),
        "skills": (),
        "group_size_min": 4,
        "group_size_max": 8,
        "cadence_days": 14,
        "session_minutes": 45,
        "starts_on": today(),
        "ends_on": today() + timedelta(days=60),
        "goals": (),
    }
    return ProgrammeChanged.model_validate(values | changes)


def engine_person(person_id: UUID | None = None, **changes: Any) -> Person:
    values: dict[str, Any] = {
        "id": person_id or uuid4(),
        "available": True,
        "manager": None,
        "unit": "U1",
        "division": "D1",
        "site": "BER",
        "function": "software",
        "level": 2,
        "tenure_days": 1000,
        "starts": 540,
        "ends": 1020,
        "utc_offset": 60,
        "days": (1, 2, 3, 4, 5),
        "languages": ("en",),
        "offers": (),
        "needs": (),
        "slots": 2,
        "load": 0,
        "facilitator_ready": False,
        "facilitating": 0,
        "waited": 0,
        "not_with": (),
    }
    return Person(**(values | changes))
