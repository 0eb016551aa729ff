"""The sample organization as the engine sees it: nobody's open matches, everybody opted in."""

from datetime import date, datetime, timedelta
from functools import cache
from uuid import NAMESPACE_URL, UUID, uuid5
from zoneinfo import ZoneInfo

from deploy.local.sample.organization import Organization
from services.matching.engine.people import Person, Problem
from services.matching.engine.rules import Rules

TODAY = date(2026, 11, 21)


def person_id(number: str) -> UUID:
    return uuid5(NAMESPACE_URL, number)


@cache
def people(size: int = 2000) -> tuple[Person, ...]:
    organization = Organization(TODAY, size)
    parents = {unit.code: unit.parent_code for unit in organization.units()}
    found = {}
    for worker in organization.workers():
        if worker.effective_at > TODAY and worker.employee_number in found:
            continue
        division, above = worker.unit_code, parents[worker.unit_code]
        while above is not None and parents[above] is not None:
            division, above = above, parents[above]
        offset = datetime(2026, 11, 21, 12, tzinfo=ZoneInfo(worker.time_zone)).utcoffset()
        found[worker.employee_number] = Person(
            id=person_id(worker.employee_number),
            available=worker.status == "active",
            manager=person_id(worker.manager_employee_number) if worker.manager_employee_number else None,
            unit=worker.unit_code,
            division=division,
            site=worker.site_code,
            function=worker.job_function,
            level=worker.job_level,
            tenure_days=(TODAY - worker.hire_date).days,
            starts=540,
            ends=1020,
            utc_offset=int((offset or timedelta()).total_seconds() // 60),
            days=(1, 2, 3, 4, 5),
            languages=worker.languages,
            offers=tuple((claim.skill_id, claim.level) for claim in worker.skills if claim.level >= 3),
            needs=tuple(
                (claim.skill_id, claim.level, claim.target_level)
                for claim in worker.skills
                if (claim.target_level or 0) > claim.level and claim.target_level
            ),
            slots=2,
            load=0,
            facilitator_ready=worker.job_level >= 3,
            facilitating=0,
            waited=0,
            not_with=(),
        )
    return tuple(found.values())


def problem(size: int = 2000, seed: int = 7, **changes: object) -> Problem:
    crowd = people(size)
    asked = frozenset(person.id for person in crowd if person.available and person.needs)
    values = {"people": crowd, "asked": asked, "rules": Rules(), "seed": seed} | changes
    return Problem(**values)  # type: ignore[arg-type]
