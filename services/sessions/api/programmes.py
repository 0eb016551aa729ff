"""Programmes: drafted, changed, published."""

from datetime import date
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from services.sessions.api.series import Line
from services.sessions.api.times import Day
from services.sessions.commands import programmes as commands
from services.sessions.domain import programme as domain
from services.sessions.domain.programme import written_alike
from services.sessions.queries import programmes as queries
from shared.auth import Principal
from shared.db import Connection
from shared.edge import Edge
from shared.events.base import Code
from shared.events.sessions import Confidentiality, Modality, ProgrammeStatus
from shared.paging import DEFAULT_LIMIT, Cursor, Limit, Page, decode_cursor, page

router = APIRouter(tags=["programmes"])

Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000)]
Rules = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=10_000)]
GroupSize = Annotated[int, Field(ge=2, le=30)]
Cadence = Annotated[int, Field(ge=1, le=366)]
Minutes = Annotated[int, Field(ge=10, le=480)]
Tenure = Annotated[int, Field(ge=0, le=600)]
Stretch = Annotated[int, Field(ge=0, le=240)]
Codes = Annotated[list[Code], Field(max_length=500)]
Regions = Annotated[list[Annotated[Code, AfterValidator(written_alike)]], Field(max_length=500)]
Further = Annotated[list[Code], Field(max_length=10)]
READERS_OF_DRAFTS = ("programme-owner", "analyst", "admin")
EXAMPLE: dict[str, Any] = {
    "name": "Data skills across departments",
    "objective": "Every department has somebody who can answer its own questions from data.",
    "sponsor_id": "0b54a1f4-3a4e-4a0e-9a63-3d5f3a2f7c11",
    "format": "mentoring_circle",
    "further_formats": ["knowledge_sharing", "teach_one_thing"],
    "audience_units": [],
    "starts_on": "2027-01-11",
    "ends_on": "2027-03-31",
    "goals": [{"measure": "participation_rate", "baseline": 0.1, "target": 0.4, "due": "2027-03-31"}],
}


class Goal(BaseModel):
    """A measure of the metrics service, where it is and where it shall be by when."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    measure: Code
    baseline: float
    target: float
    due: date


Goals = Annotated[list[Goal], Field(max_length=20)]


class NewProgramme(BaseModel):
    """What a programme starts with; what is left out takes its format's default."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [EXAMPLE]})

    name: Line
    objective: Words | None = None
    sponsor_id: UUID | None = None
    format: Code
    further_formats: Further = Field([], description="What founded groups and their sessions may be beside `format`.")
    modality: Modality = "remote"
    confidentiality: Confidentiality | None = None
    audience_units: Codes | None = Field(None, description="null is undecided, [] is everybody.")
    skills: Codes = []
    group_size_min: GroupSize | None = None
    group_size_max: GroupSize | None = None
    cadence_days: Cadence | None = None
    session_minutes: Minutes | None = None
    starts_on: Day
    ends_on: Day
    backfill: bool = Field(False, description="It has happened already, in whole or in part.")
    goals: Goals = []
    ground_rules: Rules | None = None
    audience_sites: Codes = Field([], description="Sites; empty is any.")
    audience_regions: Regions = Field([], description="Regions, as people's records name them; empty is any.")
    audience_jobs: Codes = Field([], description="Job codes; empty is any.")
    audience_skills: Codes = Field([], description="Skills people offer or want, one of them; empty is any.")
    tenure_min_months: Tenure | None = None
    tenure_max_months: Tenure | None = None
    audience_facilitators: bool = Field(False, description="Only those who have a session to lead or have led one.")
    stretch_minutes: Stretch = Field(
        0, description="How far outside of working hours a session may lie where there is no common hour inside."
    )


class ProgrammeChanges(BaseModel):
    """The fields to change. Only what was sent counts: the defaults below are never read."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"audience_units": ["sales"]}]})

    name: Line = "-"
    objective: Words | None = None
    sponsor_id: UUID | None = None
    format: Code = "-"
    further_formats: Further = []
    modality: Modality = "remote"
    confidentiality: Confidentiality = "chatham"
    audience_units: Codes | None = None
    skills: Codes = []
    group_size_min: GroupSize = 2
    group_size_max: GroupSize = 2
    cadence_days: Cadence = 1
    session_minutes: Minutes = 10
    starts_on: Day = date.min
    ends_on: Day = date.min
    backfill: bool = False
    goals: Goals = []
    ground_rules: Rules = "-"
    audience_sites: Codes = []
    audience_regions: Regions = []
    audience_jobs: Codes = []
    audience_skills: Codes = []
    tenure_min_months: Tenure | None = None
    tenure_max_months: Tenure | None = None
    audience_facilitators: bool = False
    stretch_minutes: Stretch = 0


class Programme(BaseModel):
    """The whole of a programme."""

    programme_id: UUID
    version: int
    status: ProgrammeStatus
    name: str
    objective: str | None
    sponsor_id: UUID | None
    format: str
    further_formats: list[str]
    modality: Modality
    confidentiality: Confidentiality
    audience_units: list[str] | None
    skills: list[str]
    group_size_min: int
    group_size_max: int
    cadence_days: int
    session_minutes: int
    starts_on: date
    ends_on: date
    backfill: bool
    goals: list[Goal]
    ground_rules: str
    audience_sites: list[str]
    audience_regions: list[str]
    audience_jobs: list[str]
    audience_skills: list[str]
    tenure_min_months: int | None
    tenure_max_months: int | None
    audience_facilitators: bool
    stretch_minutes: int
    published_on: date | None
    template: str | None = Field(description="What it was made from, and in which version; null where it was not.")
    template_version: int | None


class Closing(BaseModel):
    """Why it ends; its groups show it."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"reason": "The goal is reached"}]})

    reason: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]


class RedFlag(BaseModel):
    """What is wrong, how often, and what it means."""

    code: str
    count: int
    detail: str


class Health(BaseModel):
    """How a programme is doing; no flag is a good sign."""

    programme_id: UUID
    audience: int
    groups: int
    attended: int
    red_flags: list[RedFlag]


class InAudience(BaseModel):
    """Somebody the programme is for."""

    person_id: UUID


class Audience(Page[InAudience]):
    """A page of them, and how many there are."""

    total: int


@router.post("/v1/programmes", status_code=201, response_model=Programme, summary="Draft a programme")
async def create_programme(body: NewProgramme, edge: Edge) -> Response:
    """A draft; the publish checklist comes later."""
    return await edge.write(lambda conn: commands.create_programme(conn, body.model_dump()), body=body)


@router.get("/v1/programmes", response_model=Page[Programme], summary="List programmes")
async def list_programmes(
    edge: Edge,
    status: Literal["draft", "published", "closed"] | None = None,
    format: str | None = None,  # noqa: A002 - filters are named as the field
    cursor: Cursor | None = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Response:
    """Oldest first. Drafts are shown to owners, analysts and admins."""
    (after,) = decode_cursor(cursor, UUID) or (None,)
    drafts = _sees_drafts(edge.principal)

    async def work(conn: Connection) -> Page[Programme]:
        found = await queries.list_programmes(
            conn, drafts=drafts, status=status, format=format, after=after, limit=limit
        )
        return page(found, limit, _shown, lambda row: (row.programme_id,))

    return await edge.read(work)


@router.get("/v1/programmes/{programme_id}", response_model=Programme, summary="Read a programme")
async def get_programme(programme_id: UUID, edge: Edge) -> Response:
    """With its version as ETag."""
    drafts = _sees_drafts(edge.principal)
    return await edge.read(lambda conn: queries.get_programme(conn, programme_id, drafts=drafts))


@router.patch("/v1/programmes/{programme_id}", response_model=Programme, summary="Change a programme")
async def change_programme(programme_id: UUID, body: ProgrammeChanges, edge: Edge) -> Response:
    """Needs If-Match. Format, start and backfill are fixed once it is published."""
    changes = body.model_dump(exclude_unset=True)
    expected = edge.if_match
    return await edge.write(lambda conn: commands.change_programme(conn, programme_id, expected, changes), body=body)


@router.post("/v1/programmes/{programme_id}/publish", response_model=Programme, summary="Publish a programme")
async def publish_programme(programme_id: UUID, edge: Edge) -> Response:
    """409 ProgrammeIncomplete names everything that is missing: objective, sponsor, audience, goal.

    422 names the goal that could never be measured or reached.
    """
    return await edge.write(lambda conn: commands.publish_programme(conn, programme_id))


@router.post("/v1/programmes/{programme_id}/close", response_model=Programme, summary="Close a programme")
async def close_programme(programme_id: UUID, body: Closing, edge: Edge) -> Response:
    """Its groups end and what was to come is cancelled; 409 with the state unless it is published."""
    return await edge.write(lambda conn: commands.close_programme(conn, programme_id, body.reason), body=body)


@router.get("/v1/programmes/{programme_id}/health", response_model=Health, summary="Read a programme's red flags")
async def get_health(programme_id: UUID, edge: Edge) -> Response:
    """What makes programmes fail, counted now."""
    return await edge.read(lambda conn: queries.get_health(conn, programme_id))


@router.get("/v1/programmes/{programme_id}/audience", response_model=Audience, summary="List a programme's audience")
async def list_audience(
    programme_id: UUID, edge: Edge, cursor: Cursor | None = None, limit: Limit = DEFAULT_LIMIT
) -> Response:
    """Who the audience rule includes today, by person id; how many that are is counted for the first page."""
    found = decode_cursor(cursor, UUID, int)
    after, counted = (found[0], found[1]) if found else (None, None)

    async def work(conn: Connection) -> Audience:
        rows = await queries.list_audience(conn, programme_id, after=after, limit=limit)
        total = await queries.count_audience(conn, programme_id) if counted is None else counted
        people = page(rows, limit, lambda one: InAudience(person_id=one), lambda one: (one, total))
        return Audience(total=total, **dict(people))

    return await edge.read(work)


def _sees_drafts(principal: Principal) -> bool:
    return principal.has(*READERS_OF_DRAFTS)


def _shown(found: domain.Programme) -> Programme:
    return Programme.model_validate(found, from_attributes=True)
