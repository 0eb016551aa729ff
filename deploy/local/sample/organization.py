"""The sample organization as its HR system knows it: any size, one seed, the same people on whatever day."""

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from random import Random

from deploy.local.sample.competence import Claim, Competences
from deploy.local.sample.jobs import Family, draw_level, member_title
from deploy.local.sample.names import Addresses, Names, local_part
from deploy.local.sample.sites import draw_languages, draw_site
from deploy.local.sample.skills import SINGLE_EXPERT
from deploy.local.sample.structure import MAX_SPAN, MIN_SPAN, Unit, employee_number, plan

CODE, NAME, DOMAIN = "AUR", "Aurora", "aurora.example"
FOUNDED = date(2001, 1, 1)
SMALLEST = 10
PEOPLE, SEED = 2000, 2008

_NEW_HIRES, _MOVES, _LEAVERS = 0.0125, 0.003, 0.015
_CONTRACTORS, _ON_LEAVE = 0.04, 0.02
_AT_UNITS_SITE = 0.8
_STARTED_DAYS_AGO, _STARTS_IN_DAYS = 10, 14
_MEAN_TENURE_DAYS, _LONGEST_TENURE_DAYS = 1500.0, 7000
_NEAR_TEAMS, _OPEN_TEAMS = 8, 48
_SATURDAY = 5
_LEAVE_IN = {SINGLE_EXPERT["legal"].uri: 40, SINGLE_EXPERT["infrastructure"].uri: 75}
"""Days until somebody leaves who alone knows a skill: what an organization hears of too late."""


@dataclass(frozen=True, slots=True)
class OrgUnit:
    """One record of an org unit: all that HR says of it."""

    code: str
    sequence: int
    name: str
    parent_code: str | None
    head_employee_number: str
    valid_from: date
    valid_to: date | None = None


@dataclass(frozen=True, slots=True)
class Worker:
    """One record of a worker: the whole state from `effective_at` on."""

    employee_number: str
    sequence: int
    effective_at: date
    status: str
    given_name: str
    family_name: str
    display_name: str
    work_email: str
    locale: str
    languages: tuple[str, ...]
    time_zone: str
    employment_type: str
    hire_date: date
    termination_date: date | None
    job_code: str
    job_title: str
    job_level: int
    job_function: str
    unit_code: str
    manager_employee_number: str | None
    site_code: str
    country: str
    region: str
    skills: tuple[Claim, ...]


class _Quota:
    """Spreads `wanted` yeses evenly over `of` people."""

    def __init__(self, wanted: int, of: int) -> None:
        self._wanted, self._of, self.given = wanted, of, 0

    def due(self, passed: int) -> bool:
        """Whether the person after `passed` others is one; keeps count."""
        due = (passed + 1) * self._wanted // self._of > self.given
        self.given += due
        return due


@dataclass(frozen=True, slots=True)
class Organization:
    """`people` counts all workers HR has a record of; those who left come on top of the tree that `plan` makes."""

    today: date
    people: int = PEOPLE
    seed: int = SEED

    def __post_init__(self) -> None:
        """Refuse what would not be an organization."""
        if self.people < SMALLEST:
            raise ValueError(f"an organization has at least {SMALLEST} people, not {self.people}")

    def units(self) -> Iterator[OrgUnit]:
        """Every org unit, parents first."""
        for unit in self._plan():
            yield OrgUnit(
                code=unit.code,
                sequence=1,
                name=unit.name,
                parent_code=unit.parent,
                head_employee_number=unit.head,
                valid_from=FOUNDED,
            )

    def workers(self) -> Iterator[Worker]:
        """Every record of every worker, managers first; who starts or moves later has a second, future-dated record."""
        return _Population(self, Competences()).records(self._plan(), self._leavers)

    def newcomer(self, number: str, given_name: str | None = None, family_name: str | None = None) -> Worker:
        """Somebody who is not among `workers()` and starts today in one of the teams; the number decides which."""
        rng = Random(f"{self.seed}/{number}")
        team = rng.choice([unit for unit in self._plan() if unit.is_team])
        worker = _Population(self, Competences(rare={}), number).member(rng, team, number)
        given, family = given_name or worker.given_name, family_name or worker.family_name
        return replace(
            worker,
            given_name=given,
            family_name=family,
            display_name=f"{given} {family}",
            work_email=f"{local_part(given, family)}.{number.lower()}@{DOMAIN}",
            status="active",
            employment_type="employee",
            effective_at=self.today,
            hire_date=self.today,
        )

    @property
    def _leavers(self) -> int:
        return int(self.people * _LEAVERS)

    def _plan(self) -> Iterator[Unit]:
        return plan(self.seed, self.people - self._leavers, CODE, NAME)


class _Population:
    """One walk through the tree that gives every place in it a person."""

    def __init__(self, organization: Organization, competences: Competences, salt: str = "") -> None:
        self._today = organization.today
        self._seed = organization.seed
        self._size = organization.people
        self._names = Names(f"{organization.seed}{salt}")
        self._addresses = Addresses(DOMAIN)
        self._competences = competences
        self._first_days = first_days(organization.today)

    def records(self, units: Iterator[Unit], leavers: int) -> Iterator[Worker]:
        """All records, unit by unit."""
        tree = self._size - leavers
        hires = _Quota(max(1, round(self._size * _NEW_HIRES)), tree)
        moves = _Quota(round(self._size * _MOVES), tree)
        left = _Quota(leavers, tree)
        open_teams: deque[Unit] = deque(maxlen=_OPEN_TEAMS)
        for unit in units:
            rng = Random(f"{self._seed}/{unit.code}/people")
            yield self._head(rng, unit)
            may_leave = unit.is_team and unit.span > MIN_SPAN
            for index in range(unit.first + 1, unit.first + 1 + unit.direct):
                worker = self.member(rng, unit, employee_number(index))
                if hires.due(index):
                    yield from self._starts(worker, self._first_days[(hires.given - 1) % len(self._first_days)])
                    continue
                yield worker
                if may_leave and len(open_teams) > _NEAR_TEAMS and worker.status == "active" and moves.due(index):
                    may_leave = False
                    yield self._moved(rng, worker, open_teams.popleft())
            last = unit.first + unit.direct
            while unit.is_team and left.due(last):
                yield self._left(rng, unit, employee_number(tree + left.given - 1))
            if unit.is_team and unit.span < MAX_SPAN:
                open_teams.append(unit)

    def member(self, rng: Random, unit: Unit, number: str) -> Worker:
        """Somebody without reports."""
        family, level = rng.choice(unit.families), draw_level(rng)
        worker = self._person(rng, unit, number, family, level, member_title(family, level), unit.head)
        if rng.random() < _CONTRACTORS:
            worker = replace(worker, employment_type="contractor")
        if rng.random() < _ON_LEAVE:
            since = self._today - timedelta(days=rng.randrange(60))
            worker = replace(worker, status="leave", effective_at=max(since, worker.hire_date))
        return worker

    def _head(self, rng: Random, unit: Unit) -> Worker:
        return self._person(rng, unit, unit.head, unit.families[0], unit.head_level, unit.head_title, unit.manager)

    def _starts(self, worker: Worker, on: date) -> Iterator[Worker]:
        """A new hire: already here, or announced today and active from the first day on."""
        started = replace(worker, status="active", employment_type="employee", hire_date=on, effective_at=on)
        if on > self._today:
            yield replace(started, status="prehire", effective_at=self._today)
            started = replace(started, sequence=started.sequence + 1)
        yield started

    def _moved(self, rng: Random, worker: Worker, to: Unit) -> Worker:
        """The future record of somebody who goes to another team."""
        return replace(
            worker,
            sequence=worker.sequence + 1,
            effective_at=self._today + timedelta(days=rng.randint(2, 45)),
            unit_code=to.code,
            manager_employee_number=to.head,
        )

    def _left(self, rng: Random, unit: Unit, number: str) -> Worker:
        worker = self.member(rng, unit, number)
        ago = timedelta(days=rng.randint(5, 400))
        on = self._today - ago
        return replace(worker, status="left", effective_at=on, hire_date=worker.hire_date - ago, termination_date=on)

    def _person(
        self, rng: Random, unit: Unit, number: str, family: Family, level: int, title: str, manager: str | None
    ) -> Worker:
        site = unit.site if rng.random() < _AT_UNITS_SITE else draw_site(rng)
        given, surname = self._names.draw(rng, site)
        tenure = min(30 + int(rng.expovariate(1 / _MEAN_TENURE_DAYS)), _LONGEST_TENURE_DAYS)
        hired = self._today - timedelta(days=tenure)
        return Worker(
            employee_number=number,
            sequence=1,
            effective_at=hired,
            status="active",
            given_name=given,
            family_name=surname,
            display_name=f"{given} {surname}",
            work_email=self._addresses.draw(given, surname),
            locale=site.locale,
            languages=draw_languages(rng, site),
            time_zone=site.time_zone,
            employment_type="employee",
            hire_date=hired,
            job_code=f"{family.code}-{level:02d}",
            job_title=title,
            job_level=level,
            job_function=family.function,
            unit_code=unit.code,
            manager_employee_number=manager,
            site_code=site.code,
            country=site.country,
            region=site.region,
            skills=(claims := self._competences.draw(rng, family.key, level)),
            termination_date=self._last_day(claims),
        )

    def _last_day(self, claims: Sequence[Claim]) -> date | None:
        """Two of those who alone know something have said that they leave."""
        days = [_LEAVE_IN[claim.skill_id] for claim in claims if claim.level and claim.skill_id in _LEAVE_IN]
        return self._today + timedelta(days=min(days)) if days else None


def first_days(today: date) -> list[date]:
    """The working days on which new hires start, those nearest to today first."""
    around = (today + timedelta(days=days) for days in range(-_STARTED_DAYS_AGO, _STARTS_IN_DAYS + 1))
    return sorted((day for day in around if day.weekday() < _SATURDAY), key=lambda day: abs(day - today))
