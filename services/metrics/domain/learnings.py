"""What a learning management system tells: xAPI statements in, facts about trainings and resources out. Pure."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal, cast
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from services.metrics.domain.xapi import ADL, VERBS
from shared.refusal import InvalidRequest, Refused

Kind = Literal["training", "resource"]
SET_BY_STORES = frozenset({"id", "stored", "authority", "version"})
"""What does not make two statements different."""
COURSES = frozenset({f"{ADL}/activities/{kind}" for kind in ("course", "module", "lesson", "assessment")})
DONE = frozenset({f"{ADL}/verbs/completed", f"{ADL}/verbs/passed"})
USED = DONE | {f"{ADL}/verbs/experienced", f"{ADL}/verbs/launched", "http://id.tincanapi.com/verb/viewed"}
RESOURCES = frozenset(
    {
        *(f"{ADL}/activities/{kind}" for kind in ("media", "link", "file")),
        *(f"http://activitystrea.ms/schema/1.0/{kind}" for kind in ("article", "page", "video", "file")),
    }
)


class NotAStatement(InvalidRequest):
    """It is no statement that is taken here; `errors` names the fields."""

    status = 400

    @property
    def named(self) -> list[tuple[str, str]]:
        """Each wrong field, and what is wrong with it."""
        return [(each["field"], each["message"]) for each in cast("list[dict[str, str]]", self.fields["errors"])]


class AnotherStatement(Refused):
    """There is a statement with this id that says something else."""


@dataclass(frozen=True)
class Received:
    """A statement, by what is kept of it."""

    statement_id: UUID | None
    digest: bytes
    kind: Kind | None
    """None for what is taken and not counted."""
    person_id: UUID | None
    at: datetime
    voids: UUID | None


def _iri(text: str) -> str:
    if ":" not in text or any(mark.isspace() for mark in text):
        message = "is not an IRI"
        raise ValueError(message)
    return text


def _in_utc(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        message = "lies before or after all time in UTC"
        raise ValueError(message) from None


Moment = Annotated[AwareDatetime, AfterValidator(_in_utc)]
Iri = Annotated[str, Field(max_length=2000), AfterValidator(_iri)]


class _Account(BaseModel):
    homePage: Iri  # noqa: N815 - xAPI's name
    name: Annotated[str, Field(min_length=1, max_length=200)]


class _Actor(BaseModel):
    model_config = ConfigDict(extra="forbid")
    objectType: Literal["Agent"] = "Agent"  # noqa: N815
    account: _Account
    """Addresses and names of people are not taken: the account's name is the person's id."""


class _Verb(BaseModel):
    id: Iri


class _Definition(BaseModel):
    type: Iri | None = None


class _Object(BaseModel):
    objectType: Literal["Activity", "StatementRef"] = "Activity"  # noqa: N815
    id: Iri | UUID
    definition: _Definition = _Definition()


class _Statement(BaseModel):
    id: UUID | None = None
    actor: _Actor
    verb: _Verb
    object: _Object
    timestamp: Moment | None = None


def _wrong(fields: Iterable[tuple[str, str]]) -> NotAStatement:
    errors = [{"field": field, "message": message} for field, message in fields]
    return NotAStatement("; ".join(f"{each['field']}: {each['message']}" for each in errors), errors=errors)


def parse_all(raw: Sequence[object], now: datetime) -> list[Received]:
    """As `parse`; of many a wrong field is named with the place of its statement, from 0 on. Raises NotAStatement."""
    told = []
    for place, one in enumerate(raw):
        try:
            told.append(parse(one, now))
        except NotAStatement as error:
            raise _wrong((f"{place}.{field}", message) for field, message in error.named) from None
    return told


def parse(raw: object, now: datetime) -> Received:
    """What is kept of one statement: no score, no name, no title. Raises NotAStatement."""
    try:
        told = _Statement.model_validate(raw)
    except ValidationError as error:
        found = error.errors(include_url=False)
        raise _wrong((".".join(map(str, each["loc"])) or "body", each["msg"]) for each in found) from None
    at = told.timestamp or now
    if at > now + timedelta(days=1):
        raise NotAStatement.naming("timestamp", "lies in the future")
    assert isinstance(raw, Mapping)
    voids = told.object.id if told.object.objectType == "StatementRef" else None
    voiding = told.verb.id == VERBS["voided"]
    if voiding and not isinstance(voids, UUID):
        raise NotAStatement.naming("object", "names no statement to void")
    return Received(
        told.id, digest(raw), _kind(told), _person(told.actor.account.name), at,
        voids if voiding and isinstance(voids, UUID) else None,
    )  # fmt: skip


def digest(raw: Mapping[str, Any]) -> bytes:
    """SHA-256 of what makes two statements the same."""
    said = {name: value for name, value in raw.items() if name not in SET_BY_STORES}
    return hashlib.sha256(json.dumps(said, sort_keys=True, separators=(",", ":")).encode()).digest()


def _kind(told: _Statement) -> Kind | None:
    kind = told.object.definition.type
    if kind in COURSES and told.verb.id in DONE:
        return "training"
    return "resource" if kind in RESOURCES and told.verb.id in USED else None


def _person(name: str) -> UUID | None:
    try:
        return UUID(name)
    except ValueError:
        return None
