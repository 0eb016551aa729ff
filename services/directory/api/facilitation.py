"""Facilitators' readiness: a checklist, who has done what of it, and completions from learning platforms."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Path, Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from services.directory.api.lines import answer_lines, in_and_out
from services.directory.commands.facilitation import Completion, record_completions, set_checklist, tick
from services.directory.domain.checklist import Item
from services.directory.domain.refusals import UnknownPerson
from services.directory.domain.taxonomy import Name
from services.directory.queries import facilitation as queries
from services.directory.queries import people as people_queries
from shared.db import Connection
from shared.edge import Edge
from shared.refusal import InvalidRequest

router = APIRouter(tags=["facilitation"])
Code = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9._-]{0,99}$")]
ItemCode = Annotated[str, Path(max_length=100)]


class ChecklistItem(BaseModel):
    """`training` is completed on a learning platform, `self` by ticking it; a required one is a gate."""

    model_config = ConfigDict(extra="forbid")

    code: Code
    title: Name
    kind: Literal["training", "self"]
    required: bool = False


class ChecklistEdit(BaseModel):
    """The checklist, whole."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"items": [{"code": "facilitation-basics", "title": "Facilitating", "kind": "training"}]}]
        },
    )

    items: Annotated[list[ChecklistItem], Field(max_length=50)]


class Checklist(BaseModel):
    """What makes a facilitator ready."""

    version: int
    items: list[ChecklistItem]


class ItemDone(ChecklistItem):
    """An item, and since when it is done."""

    completed_on: date | None


class Readiness(BaseModel):
    """How ready somebody is. `may_facilitate` is what others are told: nothing required is missing, and they would."""

    person_id: UUID
    ready: bool
    may_facilitate: bool
    items: list[ItemDone]


class CompletionLine(BaseModel):
    """A training somebody has completed elsewhere."""

    model_config = ConfigDict(extra="forbid")

    employee_number: Name
    training: Code
    completed_on: date


class CompletedLine(BaseModel):
    """What became of one line; `detail` says why it was refused."""

    line: int
    result: Literal["recorded", "unchanged", "refused"]
    detail: str | None = None


@router.get("/v1/facilitation/checklist", response_model=Checklist, summary="Read the readiness checklist")
async def get_checklist(edge: Edge) -> Response:
    """What makes a facilitator ready."""

    async def work(conn: Connection) -> Checklist:
        return await _checklist(conn)

    return await edge.read(work)


@router.put("/v1/facilitation/checklist", response_model=Checklist, summary="Change the readiness checklist")
async def put_checklist(body: ChecklistEdit, edge: Edge) -> Response:
    """Whole. Nothing on it keeps anybody from facilitating unless it is `required`. Needs If-Match."""
    if len({item.code for item in body.items}) < len(body.items):
        raise InvalidRequest.naming("items", "names a code twice")

    async def work(conn: Connection) -> Checklist:
        items = [Item(item.code, item.title, item.kind, item.required) for item in body.items]
        await set_checklist(conn, items, edge.if_match)
        return await _checklist(conn)

    return await edge.write(work, body=body)


@router.get("/v1/people/{person_id}/readiness", response_model=Readiness, summary="Read how ready somebody is")
async def get_readiness(person_id: UUID, edge: Edge) -> Response:
    """For oneself; administrators and programme owners for anybody."""

    async def work(conn: Connection) -> Readiness:
        if edge.principal.person_id != person_id and not edge.principal.has("admin", "programme-owner"):
            raise UnknownPerson("There is no such person.")
        return await _readiness(conn, person_id)

    return await edge.read(work)


@router.put(
    "/v1/people/{person_id}/readiness/{code}", response_model=Readiness, summary="Tick an item of the checklist"
)
async def tick_item(person_id: UUID, code: ItemCode, edge: Edge) -> Response:
    """For oneself; trainings are told by the learning platform."""
    return await _tick(person_id, code, edge, done=True)


@router.delete(
    "/v1/people/{person_id}/readiness/{code}", response_model=Readiness, summary="Untick an item of the checklist"
)
async def untick_item(person_id: UUID, code: ItemCode, edge: Edge) -> Response:
    """For oneself."""
    return await _tick(person_id, code, edge, done=False)


@router.post(
    "/v1/trainings/completions",
    summary="Tell of completed trainings",
    **in_and_out(
        CompletionLine,
        CompletedLine,
        '{"employee_number": "E1", "training": "facilitation-basics", "completed_on": "2026-01-31"}\n',
    ),
)
async def import_completions(edge: Edge) -> Response:
    """JSON Lines in and out, from a learning platform; a broken line is refused by itself."""

    async def take(conn: Connection, lines: Sequence[CompletionLine]) -> list[tuple[str, str | None]]:
        told = [Completion(line.employee_number, line.training, line.completed_on) for line in lines]
        outcomes = await record_completions(conn, told)
        return [
            ("refused", "employee_number: nobody who is here has it")
            if outcome == "unknown_worker"
            else (outcome, None)
            for outcome in outcomes
        ]

    return await answer_lines(edge, CompletionLine, CompletedLine, take)


async def _tick(person_id: UUID, code: str, edge: Edge, *, done: bool) -> Response:
    if edge.principal.person_id != person_id:
        raise UnknownPerson("There is no such person.")

    async def work(conn: Connection) -> Readiness:
        await tick(conn, person_id, code, datetime.now(UTC).date(), done=done)
        return await _readiness(conn, person_id)

    return await edge.write(work)


async def _checklist(conn: Connection) -> Checklist:
    items = [ChecklistItem.model_validate(dict(row)) for row in await queries.list_items(conn)]
    return Checklist(version=await queries.get_version(conn), items=items)


async def _readiness(conn: Connection, person_id: UUID) -> Readiness:
    person = await people_queries.get_person(conn, person_id)
    if person is None:
        raise UnknownPerson("There is no such person.")
    items = [ItemDone.model_validate(dict(row)) for row in await queries.list_items_of(conn, person_id)]
    return Readiness(
        person_id=person_id,
        ready=all(item.completed_on for item in items),
        may_facilitate=person["facilitator_ready"],
        items=items,
    )
