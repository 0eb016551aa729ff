"""Erasure: asked for once, answered by every service with a receipt."""

from datetime import date
from uuid import UUID

from shared.events.base import Code, Event
from shared.events.topics import PRIVACY_ERASURES


class ErasureRequested(Event):
    """Every service shall forget this person."""

    event_type = "org.lateral.privacy.erasure.requested.v1"
    topic = PRIVACY_ERASURES
    key_field = "person_id"

    request_id: UUID
    person_id: UUID
    requested_on: date


class ErasureCompleted(Event):
    """A receipt: this service has forgotten the person, and how many rows that touched."""

    event_type = "org.lateral.privacy.erasure.completed.v1"
    topic = PRIVACY_ERASURES
    key_field = "person_id"

    request_id: UUID
    person_id: UUID
    service: Code
    rows: int

    @property
    def source(self) -> str:
        """Every service writes its own receipt."""
        return f"/{self.service}"
