"""Ending a subscription by the link in a mail: a page that asks, and the one click that mail programs send."""

from uuid import UUID

from fastapi import APIRouter, Response
from fastapi.responses import HTMLResponse

from services.metrics.commands.reports import unsubscribe_by_token
from services.metrics.web.pages import html
from shared.auth import Principal
from shared.db import Connection
from shared.edge import Edge

router = APIRouter(include_in_schema=False)
LINK = Principal(subject="unsubscribe link", person_id=None, roles=frozenset())


@router.get("/unsubscribe/{token}", response_class=HTMLResponse)
async def ask_to_unsubscribe(token: UUID) -> HTMLResponse:
    """Reading a link ends nothing: mail programs and scanners follow links."""
    return html("unsubscribe.html", token=token, done=False)


@router.post("/unsubscribe/{token}", response_class=HTMLResponse, max_body_size=1024)
async def end_subscription(token: UUID, edge: Edge) -> Response:
    """Ends it (RFC 8058); whether there was one is not told."""
    edge.request.state.principal = LINK

    async def work(conn: Connection) -> None:
        await unsubscribe_by_token(conn, token)

    await edge.write(work)
    return html("unsubscribe.html", token=token, done=True)
