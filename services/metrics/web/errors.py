"""What goes wrong on a page, as a page: problem documents are for programs."""

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.metrics.web.pages import html
from shared.problems import MEDIA_TYPE

FOR_PROGRAMS = ("/v1/", "/xapi/")
KEPT = ("x-request-id", "retry-after", "allow")
WORDS = {
    404: ("There is no such page", "The address may be mistyped, or what it led to is not there any more."),
    413: ("That is too much", "What was sent is larger than this page takes."),
    422: ("This address does not fit", "Some part of it is not what this page can be asked for."),
    503: ("Not just now", "The numbers cannot be read at the moment. Try again in a little while."),
}
OTHERWISE = ("Something went wrong here", "It has been noted. If it stays, whoever runs this finds it by its number.")


class ErrorPages:
    """Whoever asks for a page reads in words what went wrong, with a way back."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] == "http" and _asks_for_page(scope):
            send = _problems_as_pages(scope, receive, send)
        await self.app(scope, receive, send)


def _asks_for_page(scope: Scope) -> bool:
    return "text/html" in Headers(scope=scope).get("accept", "") and not scope["path"].startswith(FOR_PROGRAMS)


def _problems_as_pages(scope: Scope, receive: Receive, send: Send) -> Send:
    replaced = False

    async def answer(message: Message) -> None:
        nonlocal replaced
        if message["type"] == "http.response.start":
            headers = Headers(raw=message["headers"])
            if headers.get("content-type") == MEDIA_TYPE:
                replaced = True
                title, words = WORDS.get(message["status"], OTHERWISE)
                number = headers.get("x-request-id", "")
                page = html("error.html", status=message["status"], title=title, words=words, number=number)
                MutableHeaders(raw=page.raw_headers).update({name: headers[name] for name in KEPT if name in headers})
                await page(scope, receive, send)
        if not replaced:
            await send(message)

    return answer
