"""What people say of themselves; it wins over HR and over the defaults."""

from collections.abc import Sequence
from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from shared.events.base import Value
from shared.events.directory import MinuteOfDay, SkillNeed, SkillOffer, Tag, TimeOfDay
from shared.refusal import InvalidRequest

WORK_STARTS, WORK_ENDS = 9 * 60, 17 * 60
MOST_SKILLS = 100
MINUTES_A_MONTH = 31 * 24 * 60
Language = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}$")]
Weekday = Annotated[int, Field(ge=1, le=7)]
Format = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,49}$")]
Modality = Literal["in_person", "remote", "hybrid"]
Pace = Literal["weekly", "fortnightly", "monthly"]
GroupSize = Annotated[int, Field(ge=2, le=30)]


class Said(Value):
    """What people say of themselves. Every field may be left to HR or to the default: then it is absent."""

    offers: Annotated[tuple[SkillOffer, ...], Field(max_length=MOST_SKILLS)] | None = None
    needs: Annotated[tuple[SkillNeed, ...], Field(max_length=MOST_SKILLS)] | None = None
    capacity: Annotated[int, Field(ge=0, le=50)] | None = None
    work_starts: MinuteOfDay | None = None
    work_ends: MinuteOfDay | None = None
    work_days: Annotated[tuple[Weekday, ...], Field(min_length=1, max_length=7)] | None = None
    languages: Annotated[tuple[Language, ...], Field(max_length=30)] | None = None
    time_budget_minutes: Annotated[int, Field(ge=0, le=MINUTES_A_MONTH)] | None = None
    opted_in: bool | None = None
    paused_until: date | None = None
    not_with: Annotated[tuple[UUID, ...], Field(max_length=MOST_SKILLS)] | None = None
    facilitator_ready: bool | None = None
    formats: Annotated[tuple[Format, ...], Field(max_length=30)] | None = None
    modalities: Annotated[tuple[Modality, ...], Field(max_length=3)] | None = None
    pace: Pace | None = None
    time_of_day: TimeOfDay | None = None
    """The half of one's working day one likes for learning."""
    group_size_min: GroupSize | None = None
    group_size_max: GroupSize | None = None
    experience: Annotated[tuple[Tag, ...], Field(max_length=30)] | None = None
    """What one has been through and is glad to be asked about, of `GET /v1/experiences`."""
    shares_contributions: bool | None = None
    """Whether colleagues may see the contribution profile, and a badge may be made of it."""


class Profile(Said):
    """The same, and what was agreed with the manager."""

    agreed_minutes: Annotated[int, Field(ge=0, le=MINUTES_A_MONTH)] | None = None
    """A month, at most; whoever agreed to it stands in the audit trail."""
    agreed_on: date | None = None
    ready_since: date | None = None
    """When they last said that they will facilitate after all; None since their first day."""


NOTHING_SAID = Profile()
TIME_BUDGET_MINUTES = 240


def ready(profile: Profile) -> bool:
    """Whether they are willing to facilitate, as everybody is who does not say otherwise."""
    return profile.facilitator_ready is not False


def time_budget(profile: Profile) -> int:
    """Minutes a month: one's own word as far as it was agreed to, what was agreed to, else the default."""
    own, agreed = profile.time_budget_minutes, profile.agreed_minutes
    if agreed is None:
        return TIME_BUDGET_MINUTES if own is None else own
    return agreed if own is None else min(own, agreed)


def check(profile: Profile, person_id: UUID) -> None:
    """What no single field can say. Raises InvalidRequest naming the field."""
    starts, ends = profile.work_starts, profile.work_ends
    if (WORK_STARTS if starts is None else starts) >= (WORK_ENDS if ends is None else ends):
        raise InvalidRequest.naming("work_ends", "must be later than work_starts")
    if _repeats(profile.work_days):
        raise InvalidRequest.naming("work_days", "names a day twice")
    if (profile.group_size_min or 2) > (profile.group_size_max or 30):
        raise InvalidRequest.naming("group_size_max", "must not be below group_size_min")
    for name in ("formats", "modalities"):
        if _repeats(getattr(profile, name)):
            raise InvalidRequest.naming(name, "names one twice")
    if person_id in (profile.not_with or ()):
        raise InvalidRequest.naming("not_with", "names the person themselves")
    if _repeats([offer.skill_id for offer in profile.offers or ()]):
        raise InvalidRequest.naming("offers", "names a skill twice")
    if _repeats([need.skill_id for need in profile.needs or ()]):
        raise InvalidRequest.naming("needs", "names a skill twice")
    if any(need.target_level <= need.level for need in profile.needs or ()):
        raise InvalidRequest.naming("needs", "target_level must be above level")


def _repeats(values: Sequence[object] | None) -> bool:
    return values is not None and len(set(values)) < len(values)
