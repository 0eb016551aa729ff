"""The page an L&D lead reads: what came of peer learning, in ten minutes."""

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from services.metrics.domain.measures import MEASURES
from services.metrics.queries.overview import get_overview
from services.metrics.web.pages import html

router = APIRouter(include_in_schema=False)


@router.get("/", response_class=HTMLResponse)
async def show_dashboard(request: Request) -> HTMLResponse:
    """The whole organization over the last three months."""
    state = request.app.state
    async with state.db.acquire() as conn:
        overview = await get_overview(conn, state.settings.k_scores)
    return html("dashboard.html", page=overview, measures=MEASURES)
