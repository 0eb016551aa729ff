"""A person: HR's record that holds, what they say of themselves, and where that puts them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from services.directory.domain.account import UNDATED
from services.directory.domain.history import Place, differences, effective_on, past, place, reasons, zone
from services.directory.domain.plain import written_alike
from services.directory.domain.proficiency import Evidence, need_of, offer, weigh, word_of_hr
from services.directory.domain.profile import NOTHING_SAID, WORK_ENDS, WORK_STARTS, Profile, ready, time_budget
from shared.events.directory import ContactChanged, PersonChanged, Proficiency, SkillNeed, SkillOffer
from shared.events.hr import WorkerSkill, WorkerUpserted

T = TypeVar("T")
OFFERED_FROM_LEVEL = 3
MONDAY_TO_FRIDAY = (1, 2, 3, 4, 5)
CAPACITY = 2


@dataclass(frozen=True, slots=True)
class Person:
    """A person as stored; `public` and `contact` are what was last published, word for word."""

    employee_number: str
    record: Place
    manager_employee_number: str | None
    given_name: str
    family_name: str
    job_title: str
    employment_type: str
    profile: Profile
    public: PersonChanged
    contact: ContactChanged

    @property
    def here(self) -> bool:
        """Whether others can report to them."""
        return self.public.status != "left"


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What HR's references lead to at present."""

    unit_path: tuple[str, ...]
    manager_id: UUID | None
    earlier: Sequence[Mapping[str, Any]] = ()
    """HR's states before the one that holds, in order of date."""
    paths: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Of the units they name."""
    evidence: tuple[Evidence, ...] = ()
    targets: Mapping[str, int] = field(default_factory=dict)
    """Levels the job asks for, by skill."""
    replaced: Mapping[str, str] = field(default_factory=dict)
    """Skills that were merged, by what into."""
    may_facilitate: bool = True
    """Whether nothing that is required of facilitators is missing."""


def derive(
    person_id: UUID, worker: WorkerUpserted, around: Surroundings, before: Person | None, now: datetime
) -> Person:
    """The person under a record. Versions count up where something public is new, and only there."""
    profile = before.profile if before else NOTHING_SAID
    public, contact = _public(person_id, worker, profile, around), _contact(person_id, worker)
    return Person(
        employee_number=worker.employee_number,
        record=place(worker),
        manager_employee_number=worker.manager_employee_number,
        given_name=worker.given_name,
        family_name=worker.family_name,
        job_title=worker.job_title,
        employment_type=worker.employment_type,
        profile=profile,
        public=_next(before, public, worker, now) if before else _first(public),
        contact=_next_contact(before.contact, contact) if before else ContactChanged.trusted(contact),
    )


# Nothing is validated again: HR's record, the profile and what is stored have been.


def _first(values: dict[str, Any]) -> PersonChanged:
    made = PersonChanged.trusted(values)
    values["reasons"] = reasons(None, made)
    return made


def _next(before: Person, values: dict[str, Any], worker: WorkerUpserted, now: datetime) -> PersonChanged:
    old, new = before.public, PersonChanged.trusted(values)
    changed = differences(old, new)
    if not changed:
        return old
    since = new.effective_at
    if before.record == place(worker):
        today = now.astimezone(zone(worker.time_zone)).date()
        since = effective_on(old, new, since, today, changed)
    news = {"version": old.version + 1, "reasons": reasons(old, new, changed), "effective_at": since}
    return PersonChanged.trusted({**values, **news})


def _next_contact(old: ContactChanged, values: dict[str, Any]) -> ContactChanged:
    if {**values, "version": old.version} == old.__dict__:
        return old
    return ContactChanged.trusted({**values, "version": old.version + 1})


def _contact(person_id: UUID, worker: WorkerUpserted) -> dict[str, Any]:
    return {
        "person_id": person_id,
        "version": 1,
        "display_name": worker.display_name or f"{worker.given_name} {worker.family_name}"[:200],
        "email": worker.work_email,
        "locale": worker.locale,
    }


def _public(person_id: UUID, worker: WorkerUpserted, profile: Profile, around: Surroundings) -> dict[str, Any]:
    """The fields of `PersonChanged`, in its order."""
    known = proficiencies(worker, profile, around)
    leads = ready(profile) and around.may_facilitate
    values = {
        "person_id": person_id,
        "version": 1,
        "reasons": (),
        # An account's state has no date of its own: it holds since the account is here.
        "effective_at": worker.hire_date if place(worker) == UNDATED else worker.effective_at,
        "status": worker.status,
        "unit_code": worker.unit_code,
        "unit_path": around.unit_path,
        "manager_id": around.manager_id,
        "job_code": worker.job_code,
        "job_level": worker.job_level,
        "job_function": worker.job_function,
        "site_code": worker.site_code,
        "country": worker.country,
        "time_zone": worker.time_zone,
        "work_starts": _own(profile.work_starts, WORK_STARTS),
        "work_ends": _own(profile.work_ends, WORK_ENDS),
        "work_days": tuple(sorted(_own(profile.work_days, MONDAY_TO_FRIDAY))),
        "languages": _own(profile.languages, worker.languages),
        "offers": offers(worker.skills, profile, known, around.replaced),
        "needs": needs(profile, known, around.replaced),
        "capacity": _own(profile.capacity, CAPACITY),
        "time_budget_minutes": time_budget(profile),
        "facilitator_ready": leads,
        "opted_in": _own(profile.opted_in, True),
        "paused_until": profile.paused_until,
        "not_with": _own(profile.not_with, ()),
        "hired_on": worker.hire_date,
        "leaves_on": worker.termination_date,
        "history": (),
        "formats": _own(profile.formats, ()),
        "modalities": _own(profile.modalities, ()),
        "pace": profile.pace,
        "group_size_min": profile.group_size_min,
        "group_size_max": profile.group_size_max,
        "proficiencies": known,
        "time_of_day": profile.time_of_day,
        "experience": tuple(sorted(set(_own(profile.experience, ())))),
        "facilitator_since": max(worker.hire_date, profile.ready_since or worker.hire_date) if leads else None,
        "region": worker.region and written_alike(worker.region),
    }
    if around.earlier:
        values["history"] = past(around.earlier, around.paths, PersonChanged.trusted(values))
    return values


def proficiencies(worker: WorkerUpserted, profile: Profile, around: Surroundings) -> tuple[Proficiency, ...]:
    """All that is known and aimed for: HR's levels and plans, the job's targets, own needs, and stated evidence."""
    # By the month: a feed that repeats everybody every day is no news every day.
    said_on = worker.effective_at.replace(day=1)
    levels: dict[str, int] = {}
    aims = dict(around.targets)
    # HR may list a skill twice: the highest counts.
    for one in worker.skills:
        name, level, target = one.skill_id, one.level, one.target_level
        if level > levels.get(name, 0):
            levels[name] = level
        if target and target > aims.get(name, 0):
            aims[name] = target
    for need in profile.needs or ():
        aims[need.skill_id] = max(need.target_level, aims.get(need.skill_id, 0))
    if around.evidence or around.replaced.keys() & (levels.keys() | aims.keys()):
        from_hr = [Evidence(name, "hr", level, said_on) for name, level in levels.items()]
        return weigh((*from_hr, *around.evidence), aims, around.replaced)
    return word_of_hr(levels, aims, said_on)


def offers(
    skills: Iterable[WorkerSkill], profile: Profile, known: Iterable[Proficiency], replaced: Mapping[str, str]
) -> tuple[SkillOffer, ...]:
    """What somebody says they teach, else what HR's levels let them teach; at the level that all evidence gives."""
    levels = {one.skill_id: one.level for one in known if one.source}
    said = profile.offers
    found = {}
    for one in skills if said is None else said:
        name = replaced.get(one.skill_id, one.skill_id)
        found[name] = levels.get(name, one.level)
    if said is not None:
        return tuple([offer(skill_id, level) for skill_id, level in found.items()])
    taught = sorted(skill_id for skill_id, level in found.items() if level >= OFFERED_FROM_LEVEL)
    return tuple([offer(skill_id, found[skill_id]) for skill_id in taught])


def needs(profile: Profile, known: Iterable[Proficiency], replaced: Mapping[str, str]) -> tuple[SkillNeed, ...]:
    """What somebody says they want to learn, else every gap to a target; who still asks has not arrived."""
    if profile.needs is None:
        return tuple(
            [
                need_of(one.skill_id, one.level, one.target_level)
                for one in known
                if one.target_level is not None and one.target_level > one.level
            ]
        )
    levels = {one.skill_id: one for one in known}
    found = {}
    for need in profile.needs:
        name = replaced.get(need.skill_id, need.skill_id)
        level = levels[name].level if name in levels and levels[name].source else need.level
        found[name] = need_of(name, min(level, need.target_level - 1), need.target_level)
    return tuple(found.values())


def _own(said: T | None, otherwise: T) -> T:
    return otherwise if said is None else said
