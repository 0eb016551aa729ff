"""What people leave for others to learn from: what it is about, and how many use it; no words and no names."""

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from shared.events.base import Code, Event
from shared.events.sessions import Count
from shared.events.topics import SESSIONS_KNOWLEDGE

KnowledgeKind = Literal["challenge", "lesson", "resource"]
KnowledgeState = Literal["current", "expired", "withdrawn"]
Stage = Literal["before-day-one", "first-day", "first-week", "first-month", "first-quarter", "later"]


class KnowledgeChanged(Event):
    """All of a challenge, lesson or resource but its words; what stays in a group is not told."""

    event_type = "org.lateral.sessions.knowledge.changed.v1"
    topic = SESSIONS_KNOWLEDGE
    key_field = "item_id"

    item_id: UUID
    version: Annotated[int, Field(ge=1)]
    kind: KnowledgeKind
    state: KnowledgeState
    programme_id: UUID | None
    """None for what belongs to no programme."""
    skills: tuple[Code, ...]
    level: Annotated[int, Field(ge=0, le=5)] | None
    """The level it is for."""
    stage: Stage | None
    """When in somebody's first months it helps."""
    job_code: Code | None
    verified: bool
    """Somebody who knows the skill has checked it."""
    expires_on: date
    capture_id: UUID | None = None
    """The capture it came of, where it was written to keep what somebody knew."""


class KnowledgeUsed(Event):
    """How many people have used something in a month; never of fewer than five, and in steps of five."""

    event_type = "org.lateral.sessions.knowledge.used.v1"
    topic = SESSIONS_KNOWLEDGE
    key_field = "item_id"

    item_id: UUID
    programme_id: UUID | None
    month: date
    """First day of it."""
    version: Annotated[int, Field(ge=1)]
    """Counts up per item and month."""
    people: Annotated[int, Field(ge=5)]
    uses: Count
    """Once a person and day."""
