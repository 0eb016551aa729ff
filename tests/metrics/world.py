"""Events of a small organization, and their way into the handlers."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from services.metrics.consumers import HANDLERS
from shared.batch import runs
from shared.db import Connection
from shared.envelope import Envelope
from shared.events.base import Event
from shared.events.directory import PersonChanged, UnitChanged
from shared.events.matching import MatchMember, MatchProposed
from shared.events.sessions import (
    FeedbackAnswer,
    FeedbackReleased,
    ParticipationChanged,
    ProgrammeChanged,
    ProgrammeGoal,
    SessionHeld,
)

OCTOBER = date(2026, 10, 1)
START = datetime(2026, 10, 14, 9, tzinfo=UTC)
PROGRAMME = UUID("00000000-0000-4000-8000-000000000001")
SILENT = {"taught": 0, "asked": 0, "shared": 0, "challenged": 0, "summarised": 0}


def envelope(event: Event, at: datetime | None = None) -> Envelope[Any]:
    """An event as it arrives, under an id of its own."""
    return Envelope(
        id=str(uuid4()),
        source=event.source,
        type=event.event_type,
        subject=event.key,
        time=at or datetime.now(UTC),
        data=event,
        topic=event.topic.name,
        key=event.key,
        partition=0,
        offset=0,
    )


async def deliver(conn: Connection, events: Iterable[Event], at: datetime | None = None) -> None:
    """Hand events to their handlers as the consumer does: in batches of one type."""
    for cls, batch in runs([envelope(event, at) for event in events]):
        await HANDLERS[cls](conn, batch)


def person(person_id: UUID, unit: str = "sales", version: int = 1, **changes: Any) -> PersonChanged:
    """Somebody of a unit below the root `org`, since the start of the year."""
    values: dict[str, Any] = {
        "person_id": person_id,
        "version": version,
        "reasons": ("hired",),
        "effective_at": date(2026, 1, 1),
        "status": "active",
        "unit_code": unit,
        "unit_path": ("org", *unit.split("/")) if unit != "org" else ("org",),
        "manager_id": None,
        "job_code": "j",
        "job_level": 1,
        "job_function": None,
        "site_code": "s",
        "country": "DE",
        "time_zone": "Europe/Berlin",
        "work_starts": 540,
        "work_ends": 1020,
        "work_days": (1, 2, 3, 4, 5),
        "languages": ("de",),
        "offers": (),
        "needs": (),
        "capacity": 2,
        "time_budget_minutes": 240,
        "facilitator_ready": False,
        "opted_in": True,
        "paused_until": None,
        "not_with": (),
        "hired_on": date(2026, 1, 1),
        "leaves_on": None,
    }
    return PersonChanged(**(values | changes))


def unit(code: str, name: str, *path: str) -> UnitChanged:
    """A unit; its path starts at the root."""
    return UnitChanged(
        code=code,
        version=1,
        name=name,
        parent_code=path[-1] if path else None,
        path=(*path, code),
        valid_from=date(2020, 1, 1),
        valid_to=None,
    )


def programme(programme_id: UUID = PROGRAMME, **changes: Any) -> ProgrammeChanged:
    """A published programme of October for everybody."""
    values: dict[str, Any] = {
        "programme_id": programme_id,
        "version": 1,
        "status": "published",
        "name": "Mentoring",
        "objective": "Learn",
        "sponsor_id": None,
        "format": "mentoring",
        "modality": "remote",
        "confidentiality": "open",
        "audience_units": (),
        "skills": (),
        "group_size_min": 2,
        "group_size_max": 8,
        "cadence_days": 7,
        "session_minutes": 60,
        "starts_on": OCTOBER,
        "ends_on": date(2026, 10, 31),
        "goals": (),
    }
    return ProgrammeChanged(**(values | changes))


def goal(measure: str = "attendance_rate", baseline: float = 0, target: float = 1) -> ProgrammeGoal:
    """A goal due at the end of October."""
    return ProgrammeGoal(measure=measure, baseline=baseline, target=target, due=date(2026, 10, 31))


def part(session_id: UUID, person_id: UUID, version: int = 1, **changes: Any) -> ParticipationChanged:
    """Somebody attended an hour and asked one question."""
    values: dict[str, Any] = {
        **SILENT,
        "session_id": session_id,
        "person_id": person_id,
        "version": version,
        "programme_id": PROGRAMME,
        "format": "mentoring",
        "session_starts_at": START,
        "state": "attended",
        "role": "participant",
        "minutes": 60,
        "asked": 1,
    }
    return ParticipationChanged(**(values | changes))


def held(session_id: UUID, **changes: Any) -> SessionHeld:
    """A session of a group of its own took place."""
    values: dict[str, Any] = {
        "session_id": session_id,
        "version": 2,
        "programme_id": PROGRAMME,
        "group_id": session_id,
        "match_id": None,
        "format": "mentoring",
        "skill_id": None,
        "starts_at": START,
        "ends_at": START + timedelta(hours=1),
        "capacity": 8,
        "facilitator_id": None,
    }
    return SessionHeld(**(values | changes))


def proposal(match_id: UUID, members: Iterable[UUID], version: int = 1) -> dict[str, Any]:
    """What every event of a match says."""
    return {
        "match_id": match_id,
        "version": version,
        "kind": "pair",
        "programme_id": PROGRAMME,
        "round_id": None,
        "skill_id": None,
        "members": tuple(MatchMember(person_id=member, role="learner") for member in members),
    }


def proposed(match_id: UUID, members: Iterable[UUID], version: int = 1) -> MatchProposed:
    """A match is proposed."""
    return MatchProposed(**proposal(match_id, members, version), reasons=(), expires_at=START)


def feedback(*scores: int, **changes: Any) -> FeedbackReleased:
    """A batch whose answers give the same score to all three questions."""
    values: dict[str, Any] = {
        "batch_id": uuid4(),
        "programme_id": PROGRAMME,
        "format": "mentoring",
        "division": "sales",
        "month": OCTOBER,
        "released_on": date(2026, 11, 1),
        "answers": tuple(FeedbackAnswer(usefulness=score, relevance=score, engagement=score) for score in scores),
    }
    return FeedbackReleased(**(values | changes))


def people(count: int) -> list[UUID]:
    """New people."""
    return [uuid4() for _ in range(count)]
