"""The skills taxonomy: searched as one types, extended by the organization, merged and taken out of use."""

from collections.abc import Sequence
from typing import Annotated, Literal
from uuid import uuid4

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from services.directory.api.lines import answer_lines, in_and_out
from services.directory.commands.skills import deprecate_skill, import_skills, merge_skill
from services.directory.domain.refusals import UnknownSkill
from services.directory.domain.taxonomy import Entry, Language, Name
from services.directory.queries import skills as queries
from shared import paging
from shared.db import Connection
from shared.edge import Edge
from shared.paging import Cursor, Limit, Page, decode_cursor
from shared.refusal import InvalidRequest

router = APIRouter(tags=["skills"])
SkillId = Annotated[str, Query(min_length=1, max_length=200, pattern=r"^[^\x00]+$")]


class Skill(BaseModel):
    """A skill by its URI; `matched` is what it is also called, where that is what was found."""

    skill_id: str
    version: int
    label: str
    matched: str | None = None


class Label(BaseModel):
    """What a skill is called."""

    language: str
    preferred: bool
    label: str


class Neighbour(BaseModel):
    """A skill next to another in the tree; one still to be imported has no label."""

    skill_id: str
    label: str | None


class SkillDetail(BaseModel):
    """A skill with its labels and its place in the tree; at most 200 narrower ones."""

    skill_id: str
    version: int
    label: str
    language: str
    origin: Literal["public", "organization"]
    deprecated: bool
    replaced_by: str | None
    labels: list[Label]
    broader: list[Neighbour]
    narrower: list[Neighbour]


class SkillLine(Entry):
    """One line of an import."""

    label: Name


class OwnSkill(BaseModel):
    """A skill of the organization's own, beside the public ones."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"label": "Our release process", "alternatives": ["shipping"]}]},
    )

    skill_id: Name | None = None
    """A URI of the organization's; a URN is made when there is none."""
    label: Name
    language: Language = "en"
    alternatives: Annotated[tuple[Name, ...], Field(max_length=100)] = ()
    broader: Annotated[tuple[Name, ...], Field(max_length=20)] = ()


class Merge(BaseModel):
    """`skill_id` gives way to `into`."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"skill_id": "urn:a", "into": "urn:b"}]})

    skill_id: Name
    into: Name


class Deprecation(BaseModel):
    """A skill to be taken out of use."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"skill_id": "urn:a"}]})

    skill_id: Name


class ImportedLine(BaseModel):
    """What became of one line; `detail` says why it was refused."""

    line: int
    result: Literal["created", "changed", "unchanged", "refused"]
    detail: str | None = None


@router.post(
    "/v1/skills/import",
    summary="Bring skills into the taxonomy",
    **in_and_out(
        SkillLine, ImportedLine, '{"skill_id": "http://data.europa.eu/esco/skill/fd446407", "label": "Presenting"}\n'
    ),
)
async def import_lines(edge: Edge, language: Annotated[Language, Query()] = "en") -> Response:
    """JSON Lines in and out; a broken line is refused by itself. The same lines again change nothing."""

    async def take(conn: Connection, lines: Sequence[SkillLine]) -> list[tuple[str, str | None]]:
        return [(outcome, None) for outcome in await import_skills(conn, lines, language)]

    return await answer_lines(edge, SkillLine, ImportedLine, take)


@router.get("/v1/skills", response_model=Page[Skill], summary="Search skills")
async def search_skills(
    edge: Edge,
    q: Annotated[str, Query(max_length=200, description="What has been typed so far.")] = "",
    language: Annotated[Language | None, Query(description="Labels of one language; absent is any.")] = None,
    cursor: Cursor | None = None,
    limit: Limit = paging.DEFAULT_LIMIT,
) -> Response:
    """Labels that begin with `q`, then alternatives, then words within them, then all words in any order."""

    async def work(conn: Connection) -> Page[Skill]:
        rows = await queries.search_skills(conn, q, language, decode_cursor(cursor, int, str, str), limit)
        return paging.page(
            rows,
            limit,
            lambda row: Skill.model_validate(dict(row)),
            lambda row: (row["rank"], row["sort"], row["skill_id"]),
        )

    return await edge.read(work)


@router.get("/v1/skills/detail", response_model=SkillDetail, summary="Read a skill")
async def get_skill(edge: Edge, skill_id: SkillId) -> Response:
    """All labels, what is broader and what is narrower."""

    async def work(conn: Connection) -> SkillDetail:
        return await _detail(conn, skill_id)

    return await edge.read(work)


@router.post("/v1/skills", status_code=201, response_model=SkillDetail, summary="Add a skill of the organization's own")
async def add_skill(body: OwnSkill, edge: Edge) -> Response:
    """It lies beside the imported ones and is searched with them. One that is there already is 422."""

    async def work(conn: Connection) -> SkillDetail:
        skill_id = body.skill_id or f"urn:uuid:{uuid4()}"
        if await queries.get_skill(conn, skill_id):
            raise InvalidRequest.naming("skill_id", "is in the taxonomy already")
        entry = Entry(skill_id=skill_id, label=body.label, alternatives=body.alternatives, broader=body.broader)
        await import_skills(conn, [entry], body.language, "organization")
        return await _detail(conn, skill_id)

    return await edge.write(work, body=body)


@router.post("/v1/skills/merges", response_model=SkillDetail, summary="Put one skill in another's place")
async def merge(body: Merge, edge: Edge) -> Response:
    """Offers, needs, levels and targets follow, and whoever types the old name finds the new skill."""

    async def work(conn: Connection) -> SkillDetail:
        await merge_skill(conn, body.skill_id, body.into)
        return await _detail(conn, body.skill_id)

    return await edge.write(work, body=body)


@router.post("/v1/skills/deprecations", response_model=SkillDetail, summary="Take a skill out of use")
async def deprecate(body: Deprecation, edge: Edge) -> Response:
    """It is no longer found or stated; who has it keeps it."""

    async def work(conn: Connection) -> SkillDetail:
        await deprecate_skill(conn, body.skill_id)
        return await _detail(conn, body.skill_id)

    return await edge.write(work, body=body)


async def _detail(conn: Connection, skill_id: str) -> SkillDetail:
    found = await queries.get_skill(conn, skill_id)
    if found is None:
        raise UnknownSkill("There is no such skill.")
    return SkillDetail.model_validate(
        {
            **found.skill,
            "labels": [dict(row) for row in found.labels],
            "broader": [dict(row) for row in found.broader],
            "narrower": [dict(row) for row in found.narrower],
        }
    )
