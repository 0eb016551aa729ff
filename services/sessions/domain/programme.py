"""A programme: what it is for, for whom, in which format; and what it needs before it may be published."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import ClassVar
from uuid import UUID

from services.sessions.domain.catalogue import format_named
from services.sessions.domain.formats import Format
from shared.events.sessions import Confidentiality, Modality, ProgrammeChanged, ProgrammeGoal, ProgrammeStatus
from shared.refusal import InvalidRequest, NotFound, Refused

GROUND_RULES = (
    "What is said here stays at the level of confidentiality this programme has chosen. "
    "Everybody speaks, and everybody listens. We criticise work and never people. "
    "Any question may be asked, and a mistake is something to learn from. Nobody records without everybody's consent."
)
ONCE_PUBLISHED = frozenset({"format", "starts_on", "backfill"})
"""Groups and sessions were made by these."""
LONGEST_SERIES = 1000
"""Sessions a group may come to have: what would be more is refused and never cut."""


class UnknownProgramme(NotFound):
    """There is no such programme, or none the caller may know of."""


class ProgrammeIncomplete(Refused):
    """A programme without objective, sponsor, audience and goal fails: it is not published."""


class ProgrammeNotDraft(Refused):
    """It is published already."""


class ProgrammeNotPublished(Refused):
    """Only what is published can be closed, joined or met in."""


class ProgrammeFixed(Refused):
    """These fields cannot change any more once groups may have been formed by them."""


@dataclass(frozen=True, slots=True)
class Programme:
    """The whole of a programme.

    `audience_units`: None is undecided, empty is everybody; the other rules of the audience narrow it, empty ones do
    not. `stretch_minutes`: how far outside of working hours a session may lie when there is no common hour inside.
    """

    programme_id: UUID
    version: int
    status: ProgrammeStatus
    name: str
    objective: str | None
    sponsor_id: UUID | None
    format: str
    modality: Modality
    confidentiality: Confidentiality
    audience_units: tuple[str, ...] | None
    skills: tuple[str, ...]
    group_size_min: int
    group_size_max: int
    cadence_days: int
    session_minutes: int
    starts_on: date
    ends_on: date
    backfill: bool
    goals: tuple[ProgrammeGoal, ...]
    ground_rules: str
    audience_sites: tuple[str, ...] = ()
    audience_jobs: tuple[str, ...] = ()
    audience_skills: tuple[str, ...] = ()
    tenure_min_months: int | None = None
    tenure_max_months: int | None = None
    stretch_minutes: int = 0
    published_on: date | None = None

    CHECKLIST: ClassVar[tuple[str, ...]] = ("objective", "sponsor", "audience", "goal")

    @property
    def missing(self) -> list[str]:
        """What the publish checklist still misses, in its order."""
        present = (
            bool(self.objective and self.objective.strip()),
            self.sponsor_id is not None,
            self.audience_units is not None,
            bool(self.goals),
        )
        return [name for name, there in zip(self.CHECKLIST, present, strict=True) if not there]

    def changed(self) -> ProgrammeChanged:
        """The event that says all of it."""
        fields = {name: getattr(self, name) for name in ProgrammeChanged.model_fields}
        fields |= {"objective": self.objective or "", "audience_units": self.audience_units or ()}
        return ProgrammeChanged(**fields)


def check(programme: Programme, today: date, formats: Mapping[str, Format]) -> None:
    """Raise InvalidRequest naming the field that does not fit the others, the format or the calendar."""
    smallest, largest = format_named(programme.format, formats).size
    if not smallest <= programme.group_size_min:
        raise InvalidRequest.naming("group_size_min", f"{programme.format} needs groups of at least {smallest}")
    if not programme.group_size_min <= programme.group_size_max <= largest:
        message = f"must be at least group_size_min and, for {programme.format}, at most {largest}"
        raise InvalidRequest.naming("group_size_max", message)
    if programme.ends_on < programme.starts_on:
        raise InvalidRequest.naming("ends_on", "is before starts_on")
    if (programme.ends_on - programme.starts_on).days // programme.cadence_days >= LONGEST_SERIES:
        message = f"makes more than {LONGEST_SERIES} sessions until {programme.ends_on}"
        raise InvalidRequest.naming("cadence_days", message)
    shortest, longest = programme.tenure_min_months, programme.tenure_max_months
    if shortest is not None and longest is not None and longest <= shortest:
        raise InvalidRequest.naming("tenure_max_months", "must be more than tenure_min_months")
    if programme.version == 1 and programme.starts_on < today and not programme.backfill:
        raise InvalidRequest.naming("starts_on", "is in the past: say backfill to bring in what has happened")


def check_publishable(programme: Programme) -> None:
    """Raise ProgrammeNotDraft, or ProgrammeIncomplete naming everything that is missing."""
    if programme.status != "draft":
        raise ProgrammeNotDraft(f"The programme is {programme.status}.", state=programme.status)
    if programme.missing:
        raise ProgrammeIncomplete(f"Still missing: {', '.join(programme.missing)}.", missing=programme.missing)


def check_published(programme: Programme) -> None:
    """Raise ProgrammeNotPublished with the state it is in."""
    if programme.status != "published":
        raise ProgrammeNotPublished(f"The programme is {programme.status}.", state=programme.status)


def check_changeable(programme: Programme, fields: set[str]) -> None:
    """Raise ProgrammeFixed when the change comes too late."""
    too_late = sorted(fields & ONCE_PUBLISHED) if programme.status == "published" else []
    if programme.status == "closed" or too_late:
        detail = f"The programme is {programme.status}; fixed now: {', '.join(too_late) or 'everything'}."
        raise ProgrammeFixed(detail, state=programme.status, fixed=too_late)
