"""The skills taxonomy: imported as JSON Lines, searched by label."""

from collections.abc import AsyncIterator, Sequence
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError

from services.directory.commands.skills import NewSkill, import_skills
from services.directory.queries import skills as queries
from shared import paging
from shared.db import Connection
from shared.edge import Edge
from shared.paging import Cursor, Limit, Page, decode_cursor

router = APIRouter(tags=["skills"])
JSON_LINES = "application/jsonl"
LINES_AT_ONCE = 500
LARGEST_IMPORT = 16 * 1024 * 1024
Name = Annotated[str, StringConstraints(min_length=1, max_length=200, strip_whitespace=True, pattern=r"^[^\x00]+$")]


class Skill(BaseModel):
    """A skill by its URI."""

    skill_id: str
    version: int
    label: str


class SkillLine(BaseModel):
    """One line of an import."""

    model_config = ConfigDict(extra="forbid")

    skill_id: Name
    label: Name


class ImportedLine(BaseModel):
    """What became of one line; `detail` says why it was refused."""

    line: int
    result: Literal["created", "changed", "unchanged", "refused"]
    detail: str | None = None


@router.post(
    "/v1/skills/import",
    response_class=Response,
    responses={
        200: {
            "description": "One line for each line of the request, in order.",
            "content": {JSON_LINES: {"schema": ImportedLine.model_json_schema()}},
        }
    },
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                JSON_LINES: {
                    "schema": SkillLine.model_json_schema(),
                    "example": '{"skill_id": "http://data.europa.eu/esco/skill/fd446407", "label": "Presenting"}\n',
                }
            },
        }
    },
    max_body_size=LARGEST_IMPORT,
    summary="Bring skills into the taxonomy",
)
async def import_lines(edge: Edge) -> Response:
    """JSON Lines in and out; a broken line is refused by itself. The same lines again change nothing."""
    answers: list[ImportedLine] = []
    async for lines in _chunks(edge.lines()):
        answers += await _import(edge, lines)
    return Response(
        "".join(f"{answer.model_dump_json(exclude_none=True)}\n" for answer in answers), media_type=JSON_LINES
    )


@router.get("/v1/skills", response_model=Page[Skill], summary="Search skills")
async def search_skills(
    edge: Edge,
    q: Annotated[str, Query(max_length=200, description="Words of the label.")] = "",
    cursor: Cursor | None = None,
    limit: Limit = paging.DEFAULT_LIMIT,
) -> Response:
    """Labels that begin with `q` first, then those that hold it."""

    async def work(conn: Connection) -> Page[Skill]:
        rows = await queries.search_skills(conn, q.strip(), decode_cursor(cursor, int, str, str), limit)
        return paging.page(
            rows,
            limit,
            lambda row: Skill.model_validate(dict(row)),
            lambda row: (row["rank"], row["label"], row["skill_id"]),
        )

    return await edge.read(work)


async def _chunks(lines: AsyncIterator[tuple[int, bytes]]) -> AsyncIterator[list[tuple[int, bytes]]]:
    chunk: list[tuple[int, bytes]] = []
    async for line in lines:
        chunk.append(line)
        if len(chunk) == LINES_AT_ONCE:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


async def _import(edge: Edge, lines: Sequence[tuple[int, bytes]]) -> list[ImportedLine]:
    answers: dict[int, ImportedLine] = {}
    good: dict[int, NewSkill] = {}
    for number, line in lines:
        try:
            skill = SkillLine.model_validate_json(line)
        except ValidationError as error:
            answers[number] = ImportedLine(line=number, result="refused", detail=_reason(error))
        else:
            good[number] = NewSkill(skill.skill_id, skill.label)
    async with edge.transaction() as conn:
        outcomes = await import_skills(conn, list(good.values()))
    answers |= {
        number: ImportedLine(line=number, result=outcome) for number, outcome in zip(good, outcomes, strict=True)
    }
    return [answers[number] for number, _ in lines]


def _reason(error: ValidationError) -> str:
    return "; ".join(
        f"{'.'.join(map(str, item['loc'])) or 'line'}: {item['msg']}"
        for item in error.errors(include_input=False, include_url=False)
    )
