"""The pages an L&D lead reads, and the one that shows operators whether to believe them."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse

from services.metrics.commands.query_log import note_query
from services.metrics.domain.measures import MEASURES
from services.metrics.policy import READERS
from services.metrics.privacy import CATALOGUE
from services.metrics.queries import query_log, skills
from services.metrics.queries.course_gaps import list_course_gaps
from services.metrics.queries.networks import get_network
from services.metrics.queries.overview import get_overview
from services.metrics.queries.programme import get_pipeline, get_programme
from services.metrics.web.pages import html
from shared.db import Connection
from shared.privacy.retention import policy

router = APIRouter(include_in_schema=False)
FEW = 10
MOST = 50
"""Skills a page shows; the API lists them all."""


@router.get("/", response_class=HTMLResponse)
async def show_dashboard(request: Request) -> HTMLResponse:
    """The whole organization over the last three months."""
    state = request.app.state
    async with state.db.acquire() as conn:
        await _note(conn, request)
        overview = await get_overview(conn, state.settings.k_scores)
    return html("dashboard.html", page=overview, measures=MEASURES)


@router.get("/programmes/{programme_id}", response_class=HTMLResponse)
async def show_programme(programme_id: UUID, request: Request) -> HTMLResponse:
    """One programme over its run: goals, numbers, reviews."""
    state = request.app.state
    async with state.db.acquire() as conn:
        await _note(conn, request)
        found = await get_programme(conn, state.settings.k_scores, programme_id)
    return html("programme.html", page=found, measures=MEASURES)


@router.get("/networks", response_class=HTMLResponse)
async def show_networks(request: Request) -> HTMLResponse:
    """Divisions by divisions."""
    async with request.app.state.db.acquire() as conn:
        await _note(conn, request)
        found = await get_network(conn)
    return html("networks.html", page=found, measures=MEASURES)


@router.get("/skills", response_class=HTMLResponse)
async def show_skills(request: Request) -> HTMLResponse:
    """What is wanted and who could teach it."""
    state = request.app.state
    async with state.db.acquire() as conn:
        await _note(conn, request)
        found = await skills.list_skills(conn, state.settings.k_scores)
        gaps = await list_course_gaps(conn, state.settings.k_scores, limit=FEW)
    wanted = skills.most_wanted(found, MOST)
    return html(
        "skills.html", page=wanted, total=len(found), gaps=gaps[:FEW], k=state.settings.k_scores, measures=MEASURES
    )


@router.get("/knowledge", response_class=HTMLResponse)
async def show_knowledge(request: Request) -> HTMLResponse:
    """What rests on few people."""
    state = request.app.state
    async with state.db.acquire() as conn:
        await _note(conn, request)
        found = skills.by_risk(await skills.list_knowledge(conn, state.settings.k_scores))
    return html("knowledge.html", page=found, most=MOST, k=state.settings.k_scores, measures=MEASURES)


@router.get("/pipeline", response_class=HTMLResponse)
async def show_pipeline(request: Request) -> HTMLResponse:
    """Lag, completeness and what was looked up."""
    async with request.app.state.db.acquire() as conn:
        await _note(conn, request)
        found = await get_pipeline(conn)
    return html("pipeline.html", page=found)


@router.get("/query-log", response_class=HTMLResponse)
async def show_query_log(request: Request, before: Annotated[int | None, Query(ge=1, lt=2**63)] = None) -> HTMLResponse:
    """What was asked of the numbers, and what is held and why: for everybody they are about."""
    state = request.app.state
    async with state.db.acquire() as conn:
        await _note(conn, request)
        rows = await query_log.list_queries(conn, before, MOST + 1)
        asked = await query_log.summarise(conn)
    return html(
        "query_log.html",
        rows=rows[:MOST],
        older=rows[MOST - 1]["query_id"] if len(rows) > MOST else None,
        asked=asked,
        tables=CATALOGUE.own,
        days=policy(state.settings.retention_days),
        k=state.settings.k_scores,
        reader=request.state.principal.has(*READERS.roles),
    )


async def _note(conn: Connection, request: Request) -> None:
    """Pages are questions too."""
    await note_query(conn, request.state.principal.roles, f"page {request.url.path}", {})
