"""The catalogue of formats, their playbooks, and advice on which one fits."""

from typing import Annotated, Any

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from services.sessions.commands import formats as commands
from services.sessions.domain.formats import FeedbackForm, Formality, LearningModel, Membership, Need, Requirement
from services.sessions.domain.formats import Format as Rules
from services.sessions.domain.playbooks import LONGEST_STEP, MOST_STEPS
from services.sessions.queries import formats as queries
from shared.db import Connection
from shared.edge import Edge
from shared.events.sessions import Confidentiality, SessionRole
from shared.paging import DEFAULT_LIMIT, Cursor, Limit, Page, decode_cursor, page

router = APIRouter(tags=["formats"])
Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{2,49}$")]
Title = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100, pattern=r"^[^\r\n]*$")]
Size = Annotated[int, Field(ge=2, le=30)]
Step = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=LONGEST_STEP)]
OWN: dict[str, Any] = {"name": "fishbowl", "based_on": "peer_discussion", "title": "Fishbowl", "group_size_max": 20}
STEPS: dict[str, Any] = {"steps": ["Put four chairs in the middle.", "Leave one of them empty."]}


class RoleCount(BaseModel):
    """How many of a role there are, at least and at most."""

    role: SessionRole
    least: int
    most: int


class Format(BaseModel):
    """A format's rules and defaults. `requires` names what must exist before its sessions count as held."""

    name: str
    title: str
    rule: str
    learning_model: LearningModel
    formality: Formality
    group_size_min: int
    group_size_max: int
    session_minutes: int
    preparation_minutes: int
    cadence_days: int
    confidentiality: Confidentiality
    membership: Membership
    facilitated: bool
    rotates: bool
    roles: list[SessionRole]
    role_counts: list[RoleCount]
    requires: list[Requirement]
    serves: list[Need]
    feedback_form: FeedbackForm


class NewFormat(BaseModel):
    """What differs from the format it is based on."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [OWN]})

    name: Name
    based_on: Name
    title: Title
    rule: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)] | None = None
    formality: Formality | None = None
    group_size_min: Size | None = None
    group_size_max: Size | None = None
    session_minutes: Annotated[int, Field(ge=10, le=480)] | None = None
    preparation_minutes: Annotated[int, Field(ge=0, le=480)] | None = None
    cadence_days: Annotated[int, Field(ge=1, le=366)] | None = None
    confidentiality: Confidentiality | None = None
    membership: Membership | None = None
    requires: Annotated[list[Requirement], Field(max_length=10)] | None = None
    serves: Annotated[list[Need], Field(max_length=12)] | None = None
    feedback_form: FeedbackForm | None = None


class Playbook(BaseModel):
    """The steps of a session that goes well."""

    format: str
    version: int
    steps: list[str]


class NewPlaybook(BaseModel):
    """All steps of the next version."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [STEPS]})

    steps: Annotated[list[Step], Field(min_length=1, max_length=MOST_STEPS)]


class Advice(BaseModel):
    """A format that serves the need; `groups` is how many groups the people would be."""

    format: str
    title: str
    score: int
    groups: int
    reasons: list[str]


class AdviceList(BaseModel):
    """Best first."""

    items: list[Advice]


@router.get("/v1/formats", response_model=Page[Format], summary="List formats")
async def list_formats(edge: Edge, cursor: Cursor | None = None, limit: Limit = DEFAULT_LIMIT) -> Response:
    """The catalogue and the organization's own, in order of name."""
    (after,) = decode_cursor(cursor, str) or ("",)

    async def work(conn: Connection) -> Page[Format]:
        found = await queries.list_formats(conn, after=after, limit=limit)
        return page(found, limit, _format, lambda shape: (shape.name,))

    return await edge.read(work)


@router.post("/v1/formats", status_code=201, response_model=Format, summary="Add a format of one's own")
async def add_format(body: NewFormat, edge: Edge) -> Response:
    """With the rules of a catalogue format, but for what is said here; its first playbook is that format's."""
    return await edge.write(lambda conn: _add(conn, body), body=body)


@router.get("/v1/formats/{name}/playbook", response_model=Playbook, summary="Read a playbook")
async def get_playbook(name: str, edge: Edge, version: Annotated[int | None, Field(ge=1, lt=2**31)] = None) -> Response:
    """The newest version, with the version as ETag; older ones by number."""
    return await edge.read(lambda conn: queries.get_playbook(conn, name, version))


@router.put("/v1/formats/{name}/playbook", response_model=Playbook, summary="Rewrite a playbook")
async def rewrite_playbook(name: str, body: NewPlaybook, edge: Edge) -> Response:
    """Needs If-Match. A new version; checklists that were ticked off keep theirs."""
    expected = edge.if_match
    return await edge.write(lambda conn: commands.rewrite_playbook(conn, name, expected, body.steps), body=body)


@router.get("/v1/method-advice", response_model=AdviceList, summary="Ask which format fits")
async def advise_method(
    edge: Edge, need: Need, people: Annotated[int, Field(ge=1, le=1_000_000)], formality: Formality | None = None
) -> Response:
    """Formats for a need, a number of people and a tone, each with its reasons."""

    async def work(conn: Connection) -> AdviceList:
        found = await queries.advise_method(conn, need, people, formality)
        return AdviceList(items=[Advice.model_validate(each, from_attributes=True) for each in found])

    return await edge.read(work)


async def _add(conn: Connection, body: NewFormat) -> Format:
    given = body.model_dump(exclude_none=True, exclude={"name", "based_on"})
    renamed = {"session_minutes": "minutes", "preparation_minutes": "preparation"}
    changes = {renamed.get(name, name): value for name, value in given.items()}
    return _format(await commands.add_format(conn, body.name, body.based_on, changes))


def _format(shape: Rules) -> Format:
    return Format(
        name=shape.name,
        title=shape.title,
        rule=shape.rule,
        learning_model=shape.learning_model,
        formality=shape.formality,
        group_size_min=shape.size[0],
        group_size_max=shape.size[1],
        session_minutes=shape.minutes,
        preparation_minutes=shape.preparation,
        cadence_days=shape.cadence_days,
        confidentiality=shape.confidentiality,
        membership=shape.membership,
        facilitated=shape.facilitated,
        rotates=shape.rotation is not None,
        roles=list(shape.session_roles),
        role_counts=[RoleCount(role=role, least=low, most=high) for role, (low, high) in sorted(shape.counts.items())],
        requires=list(shape.requires),
        serves=list(shape.serves),
        feedback_form=shape.feedback_form,
    )
