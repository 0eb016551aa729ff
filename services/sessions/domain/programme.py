"""A programme: what it is for, for whom, in which format; and what it needs before it may be published."""

import unicodedata
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import ClassVar
from uuid import UUID

from services.sessions.domain.catalogue import format_named
from services.sessions.domain.formats import Format
from services.sessions.domain.goals import check_goals
from shared.events.sessions import Confidentiality, Modality, ProgrammeChanged, ProgrammeGoal, ProgrammeStatus
from shared.refusal import InvalidRequest, NotFound, Refused

GROUND_RULES = (
    "What is said here stays at the level of confidentiality this programme has chosen. "
    "Everybody speaks, and everybody listens. We criticise work and never people. "
    "Any question may be asked, and a mistake is something to learn from. Nobody records without everybody's consent."
)
ONCE_PUBLISHED = frozenset({"format", "starts_on", "backfill"})
"""Groups and sessions were made by these."""
CONFIDING: Sequence[Confidentiality] = ("open", "chatham", "closed")
"""Each keeps more to itself than the one before."""
COMMUNITY = "community_of_practice"
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
    not. `format` is the one that matching forms groups by; founded groups and their sessions may choose a further one.
    `audience_facilitators`: of all these, only those who lead or have led a session.
    `stretch_minutes`: how far outside of working hours a session may lie when there is no common hour inside.
    `template`: what it was made from, and in which version.
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
    further_formats: tuple[str, ...] = ()
    audience_facilitators: bool = False
    template: str | None = None
    template_version: int | None = None
    audience_regions: tuple[str, ...] = ()

    CHECKLIST: ClassVar[tuple[str, ...]] = ("objective", "sponsor", "audience", "goal")

    @property
    def formats(self) -> tuple[str, ...]:
        """All it may be, its first one first."""
        return (self.format, *self.further_formats)

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


def written_alike(region: str) -> str:
    """A region whose letters can be written in several ways, in the one the directory keeps it in."""
    return unicodedata.normalize("NFC", region)


def check(programme: Programme, today: date, formats: Mapping[str, Format]) -> None:
    """Raise InvalidRequest naming the field that does not fit the others, the format or the calendar."""
    smallest, largest = format_named(programme.format, formats).size
    _check_further(programme, formats)
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
    if programme.audience_facilitators and programme.format != COMMUNITY:
        raise InvalidRequest.naming("audience_facilitators", f"is for a {COMMUNITY}: matching does not ask for it")
    if programme.version == 1 and programme.starts_on < today and not programme.backfill:
        raise InvalidRequest.naming("starts_on", "is in the past: say backfill to bring in what has happened")


def _check_further(programme: Programme, formats: Mapping[str, Format]) -> None:
    for number, name in enumerate(programme.further_formats):
        if name not in formats:
            raise InvalidRequest.naming(f"further_formats.{number}", "is none of GET /v1/formats")
        if name in programme.formats[: number + 1]:
            raise InvalidRequest.naming(f"further_formats.{number}", "is named already")


def chosen(wanted: str | None, usual: str, offered: Collection[str], formats: Mapping[str, Format]) -> Format:
    """The format a group or a session has. Raises InvalidRequest unless its programme offers it."""
    if wanted is not None and wanted not in offered:
        raise InvalidRequest.naming("format", f"is none of its programme's: {', '.join(offered)}")
    return formats[wanted or usual]


def usual_minutes(shape: Format, main: str, minutes: int) -> int:
    """How long a session is unless somebody says: a programme sets that of its first format alone."""
    return minutes if shape.name == main else shape.minutes


def strictest(shapes: Iterable[Format]) -> Confidentiality:
    """How confidential a programme of these formats is unless it says: as the one that keeps most to itself."""
    return max((shape.confidentiality for shape in shapes), key=CONFIDING.index)


def check_publishable(programme: Programme) -> None:
    """Raise ProgrammeNotDraft, ProgrammeIncomplete naming everything that is missing, or InvalidRequest for a goal."""
    if programme.status != "draft":
        raise ProgrammeNotDraft(f"The programme is {programme.status}.", state=programme.status)
    if programme.missing:
        detail = f"Still missing: {', '.join(programme.missing)}."
        raise ProgrammeIncomplete(detail, state=programme.status, missing=programme.missing)
    check_goals(programme.goals, programme.starts_on, programme.ends_on)


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


def check_kept(programme: Programme, changed: Programme) -> None:
    """Raise ProgrammeFixed where what was said in confidence would be kept less close than people were promised."""
    loosened = CONFIDING.index(changed.confidentiality) < CONFIDING.index(programme.confidentiality)
    if loosened and programme.status == "published":
        detail = f"The programme is published as {programme.confidentiality}: that can only become stricter."
        raise ProgrammeFixed(detail, state=programme.status, fixed=["confidentiality"])
