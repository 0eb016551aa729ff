"""What HR systems tell us: the whole state of a worker or a unit, in SCIM's words. Outside producers write these."""

from datetime import date
from typing import Annotated, Literal

from pydantic import ConfigDict, Field
from pydantic.alias_generators import to_camel

from shared.events.base import Code, Event, Value
from shared.events.topics import HR_ORG_UNITS, HR_WORKERS

WorkerStatus = Literal["prehire", "active", "leave", "left"]
Level = Annotated[int, Field(ge=0, le=5)]
CAMEL_CASE = ConfigDict(
    alias_generator=to_camel, validate_by_name=True, validate_by_alias=True, serialize_by_alias=True
)


class WorkerSkill(Value):
    """A skill HR knows of: its taxonomy URI, the level reached, and the level the worker's plan asks for."""

    model_config = CAMEL_CASE

    skill_id: Code
    level: Level = 0
    target_level: Level | None = None


class HrEvent(Event):
    """Wire names are camelCase, as in SCIM."""

    model_config = CAMEL_CASE


class WorkerUpserted(HrEvent):
    """All that HR says of a worker from `effectiveAt` on. Among equal dates the higher `sequence` wins."""

    event_type = "org.lateral.hr.worker.upserted.v1"
    topic = HR_WORKERS
    key_field = "employee_number"

    employee_number: Code
    sequence_number: Annotated[int, Field(ge=0, alias="sequence")]
    effective_at: date
    status: WorkerStatus
    given_name: Code
    family_name: Code
    display_name: Code | None = None
    work_email: Annotated[str, Field(min_length=3, max_length=254, pattern=r"^[^@\s]+@[^@\s]+$")]
    locale: Annotated[str, Field(pattern=r"^[a-z]{2,3}(-[A-Z]{2})?$")] = "en"
    languages: tuple[Annotated[str, Field(pattern=r"^[a-z]{2,3}$")], ...] = ()
    time_zone: Code
    employment_type: Literal["employee", "contractor", "intern"] = "employee"
    hire_date: date
    termination_date: date | None = None
    job_code: Code
    job_title: Code
    job_level: Annotated[int, Field(ge=0, le=20)] = 0
    job_function: Code | None = None
    unit_code: Code
    manager_employee_number: Code | None = None
    site_code: Code
    country: Annotated[str, Field(pattern=r"^[A-Z]{2}$")]
    region: Code | None = None
    skills: Annotated[tuple[WorkerSkill, ...], Field(max_length=200)] = ()


class WorkerErased(HrEvent):
    """The worker is erased: a record with the key and no value. Ours says who decided so; HR's say they are HR's."""

    event_type = "org.lateral.hr.worker.erased.v1"
    topic = HR_WORKERS
    key_field = "employee_number"
    tombstone = True

    employee_number: Code

    @property
    def source(self) -> str:
        """The directory, which may write these beside HR."""
        return f"/{self.topic.co_writers[0]}"


class OrgUnitUpserted(HrEvent):
    """All that HR says of an org unit."""

    event_type = "org.lateral.hr.org-unit.upserted.v1"
    topic = HR_ORG_UNITS
    key_field = "code"

    code: Code
    sequence_number: Annotated[int, Field(ge=0, alias="sequence")]
    name: Code
    parent_code: Code | None = None
    head_employee_number: Code | None = None
    valid_from: date
    valid_to: date | None = None
