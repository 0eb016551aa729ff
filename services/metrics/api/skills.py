"""Skills: what is wanted and who could teach it; and what rests on few people."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from services.metrics.api.networks import FigureOut
from services.metrics.commands.query_log import note_query
from services.metrics.queries import skills as queries
from services.metrics.queries.skills import Band
from shared.db import Connection
from shared.edge import Edge
from shared.paging import DEFAULT_LIMIT, Cursor, Limit, Page, decode_cursor, page

router = APIRouter(tags=["skills"])


class SkillOut(BaseModel):
    """One skill. Fewer than k people, be it nobody, are null."""

    skill_id: str
    label: str
    wanting: int | None = Field(description="People with a gap.")
    teachers: int | None = Field(description="Willing teachers a level above the lowest target.")
    figures: list[FigureOut] = Field(description="skill_gap, gap_closure, target_drift and skill_supply.")
    as_of: datetime


class HeldOut(BaseModel):
    """One skill and what it rests on: `few` is fewer than k, `some` fewer than 5k."""

    skill_id: str
    label: str
    experts: Band = Field(description="People of level 4 or 5.")
    staying: Band = Field(description="Those of them who do not leave within 90 days, by all that is known.")
    active: Band = Field(description="Those of these who attended a session in the last 90 days.")
    at_risk: bool = Field(description="Few of them stay.")
    as_of: datetime


class SkillSelection(BaseModel):
    """Which part of the list."""

    model_config = ConfigDict(extra="forbid")
    cursor: Cursor | None = None
    limit: Limit = DEFAULT_LIMIT
    purpose: str | None = Field(None, min_length=1, max_length=200, description="What for: kept in the query log.")


@router.get("/v1/skills", response_model=Page[SkillOut], summary="List skills by supply and demand")
async def list_skills(selection: Annotated[SkillSelection, Query()], edge: Edge) -> Response:
    """In order of id. A number stands until k people's skills behind it have changed."""
    after = decode_cursor(selection.cursor, str)
    k = edge.request.app.state.settings.k_scores

    async def work(conn: Connection) -> Page[SkillOut]:
        await note_query(conn, edge.principal.roles, "skills", {}, selection.purpose)
        found = [skill for skill in await queries.list_skills(conn, k) if after is None or skill.skill_id > after[0]]
        return page(found[: selection.limit + 1], selection.limit, _out, lambda skill: (skill.skill_id,))

    return await edge.read(work)


@router.get("/v1/knowledge-at-risk", response_model=Page[HeldOut], summary="List what rests on few people")
async def list_knowledge(selection: Annotated[SkillSelection, Query()], edge: Edge) -> Response:
    """In order of id; in bands, and never who it is."""
    after = decode_cursor(selection.cursor, str)
    k = edge.request.app.state.settings.k_scores

    async def work(conn: Connection) -> Page[queries.Held]:
        await note_query(conn, edge.principal.roles, "knowledge-at-risk", {}, selection.purpose)
        found = [held for held in await queries.list_knowledge(conn, k) if after is None or held.skill_id > after[0]]
        return page(found[: selection.limit + 1], selection.limit, lambda held: held, lambda held: (held.skill_id,))

    return await edge.read(work)


def _out(skill: queries.Skill) -> SkillOut:
    figures = [FigureOut.model_validate(figure, from_attributes=True) for figure in skill.figures.values()]
    return SkillOut(
        skill_id=skill.skill_id,
        label=skill.label,
        wanting=skill.wanting,
        teachers=skill.teachers,
        figures=figures,
        as_of=skill.as_of,
    )
