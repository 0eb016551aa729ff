"""Signing in to the page: a bearer token in, a cookie that no script and no other site can use out."""

from typing import Literal
from urllib.parse import parse_qs

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from services.metrics.policy import ANYBODY, READERS, SIGNED_IN
from services.metrics.web.cookie import COOKIE
from services.metrics.web.pages import html, style_sheet
from shared.auth import Principal, Unauthenticated, authorize
from shared.refusal import Forbidden

router = APIRouter(include_in_schema=False)
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
LONGEST_FORM = 16 * 1024
REASONS = {
    "over": "Your token is not valid any more. Sign in with a new one.",
    "role": "Your role does not include this page: it is for analysts, programme owners and administrators.",
    "wrong": "That is not a valid access token.",
    "elsewhere": "The form was sent from another site. Send it from here.",
}


@router.get("/sign-in", response_class=HTMLResponse)
async def show_sign_in(why: Literal["over", "role"] | None = None) -> HTMLResponse:
    """The form."""
    return html("sign_in.html", message=REASONS[why] if why else None)


@router.post("/sign-in", response_class=HTMLResponse, max_body_size=LONGEST_FORM)
async def sign_in(request: Request) -> Response:
    """Check the token and keep it in a cookie for as long as the browser is open.

    The organization's portal may send the form for its user; another site may not sign anybody in.
    """
    if request.headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "same-site", "none"}:
        return html("sign_in.html", status=403, message=REASONS["elsewhere"])
    fields = parse_qs((await request.body()).decode("latin-1"))
    token = fields.get("token", [""])[0].strip().removeprefix("Bearer ").strip()
    try:
        principal: Principal = await request.app.state.verifier.verify([f"Bearer {token}"])
        authorize(ANYBODY, principal)
    except Unauthenticated:
        return html("sign_in.html", status=401, message=REASONS["wrong"])
    except Forbidden:
        return html("sign_in.html", status=403, message=REASONS["role"])
    pages = (("/", READERS), ("/pipeline", SIGNED_IN), ("/query-log", ANYBODY))
    first = next(path for path, rule in pages if principal.has(*rule.roles))
    response = RedirectResponse(first, 303)
    response.set_cookie(
        COOKIE, token, httponly=True, samesite="strict", secure=request.url.hostname not in LOOPBACK, path="/"
    )
    return response


@router.post("/sign-out")
async def sign_out() -> Response:
    """Drop the cookie."""
    response = RedirectResponse("/sign-in", 303)
    response.delete_cookie(COOKIE, httponly=True, samesite="strict", path="/")
    return response


@router.get("/style.css")
async def get_style() -> Response:
    """The page's one style sheet."""
    return Response(style_sheet(), media_type="text/css", headers={"Cache-Control": "public, max-age=300"})
