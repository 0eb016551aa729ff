"""What may help somebody next, with the reason; what has grown old; what is wanted more than before."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from services.sessions.api.caller import person, viewer
from services.sessions.commands import recommending as commands
from services.sessions.domain.recommending import offer_reasons, resource_reasons
from services.sessions.queries import recommending as queries
from shared.db import Connection, Record
from shared.edge import Edge
from shared.events.base import Code
from shared.events.knowledge import KnowledgeKind
from shared.paging import DEFAULT_LIMIT, Cursor, Limit, Page, decode_cursor, page

router = APIRouter(tags=["recommendations"])
Months = Annotated[int, Query(ge=1, le=36)]


class Support(BaseModel):
    """Whether one wants more help with a skill."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"skill_id": "urn:x", "wanted": True}]})

    skill_id: Code
    wanted: bool


class Recommended(BaseModel):
    """Something to learn from, for a gap of one's own, and why."""

    item_id: UUID
    kind: KnowledgeKind
    title: str
    link: str | None
    skill_id: str
    level: int | None
    reasons: list[str]


class Recommendations(BaseModel):
    """The widest gap first."""

    items: list[Recommended]


class Offer(BaseModel):
    """A session to sign up for or a group to join, and why it is shown."""

    kind: Literal["session", "group"]
    id: UUID
    group_id: UUID
    programme_id: UUID
    title: str | None
    format: str
    skill_id: str | None
    starts_at: datetime | None
    free_seats: int
    reasons: list[str]


class Stale(BaseModel):
    """A resource or lesson, a playbook in use, or a topic of a programme; `fresh_on`: when it was last renewed."""

    kind: Literal["resource", "playbook", "topic"]
    subject: str = Field(description="Item id, name of the format, or programme id and skill.")
    title: str
    skills: list[str]
    fresh_on: date


class Trend(BaseModel):
    """A skill that more people want than before; numbers move in steps of five people."""

    skill_id: str
    label: str
    people: Annotated[int, Field(ge=5)]
    growth: Annotated[int, Field(ge=5)]


@router.get("/v1/recommended-resources", response_model=Recommendations, summary="Find help for one's own gaps")
async def recommend(edge: Edge, skill_id: Code | None = None, few: Annotated[int, Query(ge=1, le=10)] = 3) -> Response:
    """A few for each skill one wants to learn, with reasons. It is worked out when asked, and nothing of it is kept."""
    who = person(edge.principal)

    async def work(conn: Connection) -> Recommendations:
        rows = await queries.resources(conn, who, skill_id, few)
        found = [dict(row) for row in rows]
        return Recommendations(items=[Recommended(**one, reasons=list(resource_reasons(one))) for one in found])

    return await edge.read(work)


@router.put("/v1/extra-support", status_code=204, summary="Ask for easier resources")
async def set_support(body: Support, edge: Edge) -> Response:
    """For one skill, by oneself and for oneself alone: nobody else can read it, and no event tells of it."""
    who = person(edge.principal)
    return await edge.write(lambda conn: commands.set_support(conn, who, body.skill_id, wanted=body.wanted), body=body)


@router.get("/v1/extra-support", response_model=Page[str], summary="List skills one wants more help with")
async def list_support(edge: Edge, cursor: Cursor | None = None, limit: Limit = DEFAULT_LIMIT) -> Response:
    """One's own."""
    (after,) = decode_cursor(cursor, str) or (None,)
    who = person(edge.principal)

    async def work(conn: Connection) -> Page[str]:
        found = await queries.list_support(conn, who, after=after, limit=limit)
        return page(found, limit, str, lambda skill: (skill,))

    return await edge.read(work)


@router.get("/v1/discovery", response_model=Page[Offer], summary="Find what is open to oneself")
async def discover(edge: Edge, cursor: Cursor | None = None, limit: Limit = DEFAULT_LIMIT) -> Response:
    """Sessions and groups with a free seat: about what one wants to learn first, then about what one knows."""
    found = decode_cursor(cursor, int, datetime, UUID)
    who = person(edge.principal)

    async def work(conn: Connection) -> Page[Offer]:
        after = (found[0], found[1], found[2]) if found else None
        rows = await queries.discovery(conn, who, after=after, limit=limit)
        return page(rows, limit, _offer, lambda row: (row["turn"], row["at"], row["id"]))

    return await edge.read(work)


@router.get("/v1/stale-topics", response_model=Page[Stale], summary="List what nobody has renewed")
async def list_stale(
    edge: Edge, months: Months = 6, cursor: Cursor | None = None, limit: Limit = DEFAULT_LIMIT
) -> Response:
    """For so many months, longest first: all for programme owners, else what one has written or sponsors."""
    found = decode_cursor(cursor, date, str, str)
    seen_by = viewer(edge.principal)

    async def work(conn: Connection) -> Page[Stale]:
        after = (found[0], found[1], found[2]) if found else None
        rows = await queries.stale(conn, months, seen_by, after=after, limit=limit)
        return page(rows, limit, lambda row: Stale(**dict(row)), lambda row: tuple(row[name] for name in STALE_KEY))

    return await edge.read(work)


@router.get("/v1/trending-needs", response_model=Page[Trend], summary="List skills that more people want")
async def list_trending(
    edge: Edge, months: Months = 3, cursor: Cursor | None = None, limit: Limit = DEFAULT_LIMIT
) -> Response:
    """Than so many months ago, by how many more; of fewer than five people nothing is said."""
    found = decode_cursor(cursor, int, str)

    async def work(conn: Connection) -> Page[Trend]:
        rows = await queries.trending(conn, months, after=(found[0], found[1]) if found else None, limit=limit)
        return page(rows, limit, lambda row: Trend(**dict(row)), lambda row: (row["growth"], row["skill_id"]))

    return await edge.read(work)


STALE_KEY = ("fresh_on", "kind", "subject")


def _offer(row: Record) -> Offer:
    return Offer(**dict(row), reasons=list(offer_reasons(dict(row))))
