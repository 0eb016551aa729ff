"""What the directory says of people, units and skills. No name and no address travels here, but for contacts."""

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from shared.events.base import Code, Event, Value
from shared.events.hr import Level
from shared.events.topics import DIRECTORY_CONTACTS, DIRECTORY_PEOPLE, DIRECTORY_SKILLS, DIRECTORY_UNITS

PersonStatus = Literal["prehire", "active", "leave", "left"]
ChangeReason = Literal[
    "hired",
    "moved",
    "manager_changed",
    "leave_started",
    "leave_ended",
    "left",
    "rehired",
    "profile_changed",
]
TimeOfDay = Literal["morning", "afternoon"]
"""The first and the second half of somebody's own working day, whenever that is."""
MinuteOfDay = Annotated[int, Field(ge=0, le=1440)]
Tag = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9]*( [a-z0-9]+)*$", max_length=50)]


class SkillOffer(Value):
    """A skill somebody is willing to teach, at the level they have."""

    skill_id: Code
    level: Level


class SkillNeed(Value):
    """A skill somebody wants, the level they have and the level they aim for."""

    skill_id: Code
    level: Level
    target_level: Level


class PastState(Value):
    """What held from a day on, until the next state's day. The unit's path is the one known now."""

    valid_from: date
    status: PersonStatus
    unit_code: Code
    unit_path: tuple[Code, ...]
    job_code: Code
    job_level: int
    site_code: Code
    hired_on: date


class Proficiency(Value):
    """What somebody can do by all that is known of it, and what is aimed for: the gap is target minus level."""

    skill_id: Code
    level: Level
    target_level: Level | None = None
    source: Code | None = None
    """The weightiest evidence: assessment, manager, hr, peer or self; None where there is only a target."""
    trust: Annotated[int, Field(ge=0, le=100)] = 0
    """How well the level was known at `as_of`, in percent; it halves every two years from then on."""
    as_of: date | None = None


class PersonChanged(Event):
    """Everything the other services may know of a person; `reasons` is what the directory derived had happened."""

    event_type = "org.lateral.directory.person.changed.v1"
    topic = DIRECTORY_PEOPLE
    key_field = "person_id"

    person_id: UUID
    version: Annotated[int, Field(ge=1)]
    reasons: tuple[ChangeReason, ...]
    effective_at: date
    status: PersonStatus
    unit_code: Code
    unit_path: tuple[Code, ...]
    """Unit codes from the root to `unit_code`."""
    manager_id: UUID | None
    job_code: Code
    job_level: int
    job_function: Code | None
    site_code: Code
    country: Code
    time_zone: Code
    work_starts: MinuteOfDay
    work_ends: MinuteOfDay
    """Local minutes of the working day; `work_starts` < `work_ends`."""
    work_days: tuple[Annotated[int, Field(ge=1, le=7)], ...]
    """ISO weekdays, Monday is 1."""
    languages: tuple[Code, ...]
    offers: tuple[SkillOffer, ...]
    needs: tuple[SkillNeed, ...]
    capacity: Annotated[int, Field(ge=0, le=50)]
    """How many learners this person will take at a time."""
    time_budget_minutes: Annotated[int, Field(ge=0)]
    """Minutes a month for learning with peers, agreed with the manager."""
    facilitator_ready: bool
    opted_in: bool
    paused_until: date | None
    not_with: tuple[UUID, ...]
    """Confidential: matching keeps these people apart and never says why."""
    hired_on: date
    leaves_on: date | None
    history: tuple[PastState, ...] = ()
    """What held before, oldest first, corrections included: whoever keeps people by date has the whole of it here."""
    formats: tuple[Code, ...] = ()
    """Session formats this person likes; empty is any."""
    modalities: tuple[Code, ...] = ()
    """in_person, remote, hybrid; empty is any."""
    pace: Code | None = None
    """How often: weekly, fortnightly or monthly."""
    group_size_min: int | None = None
    group_size_max: int | None = None
    proficiencies: tuple[Proficiency, ...] = ()
    """Every skill with evidence or a target, in order of skill."""
    time_of_day: TimeOfDay | None = None
    """The half of their working day they like for learning; None is any."""
    experience: tuple[Code, ...] = ()
    """What this person says they have been through, in the organization's tags: told to those they are matched with."""
    facilitator_since: date | None = None
    """Since when they are ready to facilitate: whoever became so this month is new in the rota."""
    region: Code | None = None
    """In which region they work, in the organization's own words."""


class PersonErased(Event):
    """Forget this person: a tombstone."""

    event_type = "org.lateral.directory.person.erased.v1"
    topic = DIRECTORY_PEOPLE
    key_field = "person_id"
    tombstone = True

    person_id: UUID


class ContactChanged(Event):
    """What an invitation needs, for sessions alone."""

    event_type = "org.lateral.directory.contact.changed.v1"
    topic = DIRECTORY_CONTACTS
    key_field = "person_id"

    person_id: UUID
    version: Annotated[int, Field(ge=1)]
    display_name: Code
    email: Code
    locale: Code


class ContactErased(Event):
    """Forget this person's name and address: a tombstone."""

    event_type = "org.lateral.directory.contact.erased.v1"
    topic = DIRECTORY_CONTACTS
    key_field = "person_id"
    tombstone = True

    person_id: UUID


class UnitChanged(Event):
    """An org unit and its place in the tree."""

    event_type = "org.lateral.directory.unit.changed.v1"
    topic = DIRECTORY_UNITS
    key_field = "code"

    code: Code
    version: Annotated[int, Field(ge=1)]
    name: Code
    parent_code: Code | None
    path: tuple[Code, ...]
    """Unit codes from the root to this one."""
    valid_from: date
    valid_to: date | None


class SkillChanged(Event):
    """A skill of the taxonomy, by its URI."""

    event_type = "org.lateral.directory.skill.changed.v1"
    topic = DIRECTORY_SKILLS
    key_field = "skill_id"

    skill_id: Code
    version: Annotated[int, Field(ge=1)]
    label: Code
    broader: tuple[Code, ...] = ()
    deprecated: bool = False
    """Out of use: nobody is offered it any more."""
    replaced_by: Code | None = None
    """The skill it was merged into; people's offers, needs and proficiencies name that one."""
