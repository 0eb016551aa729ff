"""Templates of programmes: the software's and one's own, in versions; and programmes made from them."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field

from services.sessions.api.formats import Name
from services.sessions.api.programmes import (
    Cadence,
    Codes,
    Further,
    Goals,
    GroupSize,
    Minutes,
    Programme,
    Regions,
    Rules,
    Stretch,
    Tenure,
    Words,
)
from services.sessions.api.series import Line
from services.sessions.api.times import Day
from services.sessions.commands import templates as commands
from services.sessions.domain import templates as domain
from services.sessions.queries import templates as queries
from shared.db import Connection
from shared.edge import Edge
from shared.events.base import Code
from shared.events.sessions import Confidentiality, Modality
from shared.paging import DEFAULT_LIMIT, Cursor, Limit, Page, decode_cursor, page

router = APIRouter(tags=["programmes"])
Days = Annotated[int, Field(ge=1, le=3660)]
Number = Annotated[float, Field(allow_inf_nan=False)]
Version = Annotated[int, Field(ge=1, lt=2**31)]
FIELDS: dict[str, Any] = {"format": "study_group", "objective": "Half of us can read a balance sheet.", "skills": []}
GOAL: dict[str, Any] = {"measure": "normalised_gain", "baseline": 0.0, "target": 0.4, "due_days": 56}
WRITTEN: dict[str, Any] = {"title": "Study in eight weeks", "purpose": "For a course that begins together.",
                           "days": 56, "goals": [GOAL], "fields": FIELDS}  # fmt: skip
STARTED: dict[str, Any] = {"name": "Balance sheets, spring", "starts_on": "2027-03-01"}


class TemplateGoal(BaseModel):
    """A goal of the programmes it makes, due so many days after they start; on their last day unless said."""

    model_config = ConfigDict(extra="forbid")

    measure: Code
    baseline: Number
    target: Number
    due_days: Days | None = None


class Filled(BaseModel):
    """Fields of a programme. Only what was sent counts; what is left out takes its format's default."""

    model_config = ConfigDict(extra="forbid")

    objective: Words | None = None
    further_formats: Further = []
    modality: Modality = "remote"
    confidentiality: Confidentiality | None = None
    audience_units: Codes | None = None
    skills: Codes = []
    group_size_min: GroupSize | None = None
    group_size_max: GroupSize | None = None
    cadence_days: Cadence | None = None
    session_minutes: Minutes | None = None
    ground_rules: Rules | None = None
    audience_sites: Codes = []
    audience_regions: Regions = []
    audience_jobs: Codes = []
    audience_skills: Codes = []
    tenure_min_months: Tenure | None = None
    tenure_max_months: Tenure | None = None
    audience_facilitators: bool = False
    stretch_minutes: Stretch = 0


class TemplateFields(Filled):
    """What a template fills in."""

    format: Code


class Template(BaseModel):
    """One version. `days`: how long a programme lasts unless it says; `fields`: what is filled in, by name."""

    name: str
    version: int
    title: str
    purpose: str
    days: int
    goals: list[TemplateGoal]
    fields: dict[str, Any]


class TemplateVersion(BaseModel):
    """All of the next version."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [WRITTEN]})

    title: Line
    purpose: Words
    days: Days
    goals: Annotated[list[TemplateGoal], Field(max_length=20)] = []
    fields: TemplateFields

    def made(self, name: str) -> domain.Template:
        """Version 1 of it, as the command takes it."""
        goals = tuple(domain.TemplateGoal(**goal.model_dump()) for goal in self.goals)
        said = {
            "modality": "remote",
            "audience_units": None,
            "skills": [],
            **self.fields.model_dump(exclude_unset=True),
        }
        return domain.Template(name, 1, self.title, self.purpose, self.days, goals, said)


class NewTemplate(TemplateVersion):
    """A template of one's own."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"name": "eight_weeks", **WRITTEN}]})

    name: Name


class FromTemplate(Filled):
    """What a programme says itself, beside what its template fills in; `version`: the newest unless said."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [STARTED]})

    version: Version | None = None
    name: Line
    starts_on: Day
    ends_on: Day | None = None
    sponsor_id: UUID | None = None
    format: Code = "-"
    goals: Goals = []


@router.get("/v1/programme-templates", response_model=Page[Template], summary="List templates of programmes")
async def list_templates(edge: Edge, cursor: Cursor | None = None, limit: Limit = DEFAULT_LIMIT) -> Response:
    """The newest version of each, in order of name."""
    (after,) = decode_cursor(cursor, str) or ("",)

    async def work(conn: Connection) -> Page[Template]:
        found = await queries.list_templates(conn, after=after, limit=limit)
        return page(found, limit, _shown, lambda one: (one.name,))

    return await edge.read(work)


@router.post("/v1/programme-templates", status_code=201, response_model=Template, summary="Add a template")
async def add_template(body: NewTemplate, edge: Edge) -> Response:
    """Of one's own. 422 names a field that no programme could have, 409 a name that is taken."""
    return await edge.write(lambda conn: commands.add_template(conn, body.made(body.name)), body=body)


@router.get("/v1/programme-templates/{name}", response_model=Template, summary="Read a template")
async def get_template(name: str, edge: Edge, version: Version | None = None) -> Response:
    """The newest version, with the version as ETag; older ones by number."""
    return await edge.read(lambda conn: queries.get_template(conn, name, version))


@router.put("/v1/programme-templates/{name}", response_model=Template, summary="Rewrite a template")
async def rewrite_template(name: str, body: TemplateVersion, edge: Edge) -> Response:
    """Needs If-Match. A new version, of a built-in one too; programmes keep what they were made with."""
    expected = edge.if_match
    return await edge.write(lambda conn: commands.rewrite_template(conn, body.made(name), expected), body=body)


@router.post("/v1/programme-templates/{name}/programmes", status_code=201, response_model=Programme,
             summary="Draft a programme from a template")  # fmt: skip
async def create_from_template(name: str, body: FromTemplate, edge: Edge) -> Response:
    """A draft with the template's fields, but for those that are sent; it says which version it was made from."""
    given = body.model_dump(exclude_unset=True, exclude={"version"})
    return await edge.write(lambda conn: commands.create_from(conn, name, body.version, given), body=body)


def _shown(found: domain.Template) -> Template:
    return Template.model_validate(found, from_attributes=True)
