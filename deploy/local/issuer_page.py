"""The development issuer's page: a token for every role, and one button to the dashboard."""

from pathlib import Path

from fastapi import APIRouter
from fastapi.responses import HTMLResponse, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from deploy.local.issuer import ABOUT, ROLES, Issuer

TEMPLATES = Path(__file__).with_name("templates")
PAGES = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined)


def page(issuer: Issuer, dashboard: str) -> APIRouter:
    """Signs in to the dashboard at that URL."""
    router = APIRouter(include_in_schema=False)
    policy = f"default-src 'none'; style-src 'self'; form-action {dashboard}; base-uri 'none'; frame-ancestors 'none'"

    @router.get("/")
    async def show() -> HTMLResponse:
        tokens = {role: issuer.client_token(role) for role in ROLES}
        text = PAGES.get_template("issuer.html").render(about=ABOUT, tokens=tokens, dashboard=dashboard)
        return HTMLResponse(text, headers={"Content-Security-Policy": policy, "Cache-Control": "no-store"})

    @router.get("/style.css")
    async def style() -> Response:
        return Response((TEMPLATES / "style.css").read_text("utf-8"), media_type="text/css")

    return router
