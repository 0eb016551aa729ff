"""The page's session: a token in a cookie that counts on the page's own GET routes and nowhere else."""

from http.cookies import CookieError, SimpleCookie

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

COOKIE = "lateral_token"
PAGES = frozenset({"/", "/networks", "/skills", "/knowledge", "/pipeline", "/query-log"})
PAGES_OF = "/programmes/"
SIGN_IN = "/sign-in"


class CookieToken:
    """Turns the cookie into an Authorization header; who may not see the page is sent to the sign-in form."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http" or scope["method"] not in {"GET", "HEAD"} or not _is_page(scope["path"]):
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        if "authorization" in headers:
            await self.app(scope, receive, send)
            return
        token = _token(headers.get("cookie", ""))
        if not token:
            await RedirectResponse(SIGN_IN, 303)(scope, receive, send)
            return
        scope = {**scope, "headers": [*scope["headers"], (b"authorization", f"Bearer {token}".encode("latin-1"))]}
        await self.app(scope, receive, _refusals_to_sign_in(scope, receive, send))


def _is_page(path: str) -> bool:
    return path in PAGES or path.startswith(PAGES_OF)


def _refusals_to_sign_in(scope: Scope, receive: Receive, send: Send) -> Send:
    """A problem document is for programs: people whose token is over, or whose role is another, see the form."""
    redirected = False

    async def answer(message: Message) -> None:
        nonlocal redirected
        if message["type"] == "http.response.start" and message["status"] in {401, 403}:
            redirected = True
            why = "over" if message["status"] == 401 else "role"  # noqa: PLR2004 - a status code
            await RedirectResponse(f"{SIGN_IN}?why={why}", 303)(scope, receive, send)
        elif not redirected:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)["Vary"] = "Cookie, Authorization"
            await send(message)

    return answer


def _token(header: str) -> str | None:
    try:
        cookies = SimpleCookie(header)
    except CookieError:
        return None
    return cookies[COOKIE].value if COOKIE in cookies else None
