"""The showcase: people who teach well are invited, whoever teaches may show it, and nobody is labelled."""

from datetime import date
from typing import Literal
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field

from services.directory.api.skills import SkillId
from services.directory.commands.showcase import show_skill
from services.directory.domain.refusals import UnknownPerson
from services.directory.domain.showcase import reason
from services.directory.domain.taxonomy import Name
from services.directory.queries import showcase as queries
from shared.db import Connection, Record
from shared.edge import Edge, EdgeCall
from shared.paging import DEFAULT_LIMIT, Cursor, Limit, Page, decode_cursor, page

router = APIRouter(tags=["showcase"])


class Showing(BaseModel):
    """Whether one shows that one teaches a skill."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"skill_id": "http://data.europa.eu/esco/skill/fd446407", "shown": True}]},
    )

    skill_id: Name
    shown: bool


class Invitation(BaseModel):
    """One's own place in the showcase; `why` says what others have seen."""

    skill_id: str
    label: str
    state: Literal["invited", "shown", "declined"]
    since: date
    why: str | None


class Shown(BaseModel):
    """Somebody who shows that they teach it."""

    person_id: UUID
    since: date = Field(description="That they show it.")


@router.get("/v1/people/{person_id}/showcase", response_model=Page[Invitation], summary="Read one's own invitations")
async def get_showcase(
    person_id: UUID, edge: Edge, cursor: Cursor | None = None, limit: Limit = DEFAULT_LIMIT
) -> Response:
    """For oneself alone: that somebody was invited is told to nobody else."""
    _check_own(edge, person_id)
    (after,) = decode_cursor(cursor, str) or (None,)

    async def work(conn: Connection) -> Page[Invitation]:
        rows = await queries.own_showcase(conn, person_id, after, limit)
        return page(rows, limit, _invitation, lambda row: (row["skill_id"],))

    return await edge.read(work)


@router.put("/v1/people/{person_id}/showcase", status_code=204, summary="Show that one teaches a skill, or not")
async def put_showcase(person_id: UUID, body: Showing, edge: Edge) -> Response:
    """By oneself: for what one offers to teach, or was invited for (409 else). Declined once, nobody asks again."""
    _check_own(edge, person_id)
    return await edge.write(lambda conn: show_skill(conn, person_id, body.skill_id, shown=body.shown), body=body)


@router.get("/v1/showcase", response_model=Page[Shown], summary="Find people who show that they teach a skill")
async def list_showcase(
    skill_id: SkillId, edge: Edge, cursor: Cursor | None = None, limit: Limit = DEFAULT_LIMIT
) -> Response:
    """By their own choice alone, in no order of merit."""
    (after,) = decode_cursor(cursor, UUID) or (None,)

    async def work(conn: Connection) -> Page[Shown]:
        rows = await queries.list_shown(conn, skill_id, after, limit)
        return page(rows, limit, lambda row: Shown(**dict(row)), lambda row: (row["person_id"],))

    return await edge.read(work)


def _check_own(edge: EdgeCall, person_id: UUID) -> None:
    if edge.principal.person_id != person_id:
        raise UnknownPerson("There is no such person.")


def _invitation(row: Record) -> Invitation:
    why = reason(row["endorsed"], row["taught"]) if row["endorsed"] else None
    return Invitation(skill_id=row["skill_id"], label=row["label"], state=row["state"], since=row["since"], why=why)
