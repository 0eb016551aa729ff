"""Erasure and export: asked for once, answered by every service; and who may not be erased for now."""

from datetime import date
from typing import Annotated
from uuid import UUID

from pydantic import Field, StringConstraints

from shared.events.base import Code, Event
from shared.events.topics import PRIVACY_ERASURES, PRIVACY_EXPORTS, PRIVACY_HOLDS


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


class ExportRequested(Event):
    """Every service shall hand over what it holds of this person, encrypted for the key given here."""

    event_type = "org.lateral.privacy.export.requested.v1"
    topic = PRIVACY_EXPORTS
    key_field = "person_id"

    request_id: UUID
    person_id: UUID
    requested_on: date
    public_key: Annotated[str, StringConstraints(max_length=1000)]
    """A JSON Web Key made for this request alone."""


class ExportPart(Event):
    """A piece of what a service holds of the person: unreadable without the private key of the request."""

    event_type = "org.lateral.privacy.export.part.v1"
    topic = PRIVACY_EXPORTS
    key_field = "person_id"

    request_id: UUID
    person_id: UUID
    service: Code
    number: Annotated[int, Field(ge=1)]
    of: Annotated[int, Field(ge=1)]
    sealed: Annotated[str, StringConstraints(max_length=200_000)]
    """Compact JWE of a slice of UTF-8 JSON; the slices 1 to `of` make the whole."""

    @property
    def source(self) -> str:
        """Every service writes its own parts."""
        return f"/{self.service}"


class LegalHoldChanged(Event):
    """Somebody's data must be kept for a legal reason, or need not be any longer."""

    event_type = "org.lateral.privacy.legal-hold.changed.v1"
    topic = PRIVACY_HOLDS
    key_field = "person_id"

    person_id: UUID
    version: Annotated[int, Field(ge=1)]
    held: bool
