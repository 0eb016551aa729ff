"""The pages an L&D lead reads, and the one that shows operators whether to believe them."""

from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from services.metrics.commands.query_log import note_query
from services.metrics.domain.measures import MEASURES
from services.metrics.queries import skills
from services.metrics.queries.networks import get_network
from services.metrics.queries.overview import get_overview
from services.metrics.queries.programme import get_pipeline, get_programme
from services.metrics.web.pages import html
from shared.db import Connection

router = APIRouter(include_in_schema=False)
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
    wanted = skills.most_wanted(found, MOST)
    return html("skills.html", page=wanted, total=len(found), k=state.settings.k_scores, measures=MEASURES)


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


async def _note(conn: Connection, request: Request) -> None:
    """Pages are questions too."""
    await note_query(conn, request.state.principal.roles, f"page {request.url.path}", {})
