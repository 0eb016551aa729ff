"""Sessions in people's own calendars."""

import hashlib
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import BaseModel

from services.sessions.api.caller import person
from services.sessions.commands import calendar as commands
from services.sessions.queries import calendar as queries
from services.sessions.settings import SessionsSettings
from shared.db import Connection
from shared.edge import Edge, EdgeCall

router = APIRouter(tags=["calendar"])
MEDIA_TYPE = "text/calendar; charset=utf-8"
ICS: dict[int | str, dict[str, Any]] = {
    200: {"description": "An iCalendar file.", "content": {"text/calendar": {"schema": {"type": "string"}}}}
}


class CalendarFeed(BaseModel):
    """The secret address, shown this once; null when the same request is repeated."""

    url: str | None


class _Sent(BaseModel):
    """Nothing: the calendar file goes out instead of JSON."""


@router.post(
    "/v1/calendar-feeds", status_code=201, response_model=CalendarFeed, summary="Get a secret calendar address"
)
async def create_calendar_feed(edge: Edge) -> Response:
    """To subscribe to from any calendar. A new one revokes the one before."""
    owner, token = person(edge.principal), ""

    async def work(conn: Connection) -> CalendarFeed:
        nonlocal token
        token = await commands.create_feed(conn, owner)
        return CalendarFeed(url=None)

    reply = await edge.write(work)
    if not token:
        return reply
    # The reply that is saved for repetitions must not hold the secret, so it is added afterwards.
    url = f"{_settings(edge).public_url.rstrip('/')}/v1/calendar-feeds/{token}.ics"
    return Response(CalendarFeed(url=url).model_dump_json(), reply.status_code, media_type="application/json")


@router.delete("/v1/calendar-feeds", status_code=204, response_model=None, summary="Revoke one's calendar address")
async def revoke_calendar_feed(edge: Edge) -> Response:
    """The address stops working at once; twice is once."""
    owner = person(edge.principal)
    return await edge.write(lambda conn: commands.revoke_feed(conn, owner))


@router.get("/v1/calendar-feeds/{token}.ics", responses=ICS, summary="Subscribe to one's sessions")
async def get_calendar_feed(token: str, edge: Edge) -> Response:
    """Whoever has the address sees the sessions; it is as good as a password."""
    organizer = _settings(edge).organizer_email
    return await _file(edge, lambda conn: queries.get_feed(conn, token, organizer))


@router.get("/v1/sessions/{session_id}/invitation.ics", responses=ICS, summary="Get one's invitation")
async def get_invitation(session_id: UUID, edge: Edge) -> Response:
    """METHOD:REQUEST, or CANCEL for a cancelled session; the UID stays, SEQUENCE is the session's version."""
    invitee, organizer = person(edge.principal), _settings(edge).organizer_email
    return await _file(edge, lambda conn: queries.get_invitation(conn, session_id, invitee, organizer))


@router.get("/v1/groups/{group_id}/series.ics", responses=ICS, summary="Get a group's series")
async def get_series_file(group_id: UUID, edge: Edge) -> Response:
    """One recurring event with its exceptions, to import once: by the group's rule, else on the caller's clock."""
    member, organizer = person(edge.principal), _settings(edge).organizer_email
    return await _file(edge, lambda conn: queries.get_series(conn, group_id, member, organizer))


async def _file(edge: EdgeCall, find: Callable[[Connection], Awaitable[bytes]]) -> Response:
    content = b""

    async def work(conn: Connection) -> _Sent:
        nonlocal content
        content = await find(conn)
        return _Sent()

    await edge.read(work)
    tag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    headers = {"Cache-Control": "private, no-cache", "ETag": tag}
    if tag in edge.request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return Response(content, headers=headers, media_type=MEDIA_TYPE)


def _settings(edge: EdgeCall) -> SessionsSettings:
    found: SessionsSettings = edge.request.app.state.settings
    return found
