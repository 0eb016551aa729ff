"""Answers from calendars and chats."""

import time
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import BaseModel

from services.sessions.commands import chats
from services.sessions.commands import invitations as commands
from services.sessions.domain.letters import code_of
from services.sessions.domain.replies import CalendarAnswer, CalendarReply, parse
from services.sessions.queries import messages as queries
from services.sessions.settings import SessionsSettings
from shared.auth import Principal
from shared.db import Connection
from shared.edge import Edge, EdgeCall
from shared.paging import DEFAULT_LIMIT, Cursor, Limit, Page, decode_cursor, page
from shared.refusal import NotFound, Refused

router = APIRouter(tags=["calendar"])
REPLY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {kind: {"schema": {"type": "string"}} for kind in ("message/rfc822", "text/calendar")},
    }
}
PRESSED: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {"application/x-www-form-urlencoded": {"schema": {"type": "object"}}},
    }
}
ACTIVITY: dict[str, Any] = {
    "requestBody": {"required": True, "content": {"application/json": {"schema": {"type": "object"}}}}
}


class Taken(BaseModel):
    """Whose answer to which session was taken."""

    session_id: UUID
    person_id: UUID
    answer: CalendarAnswer


class KeptReply(BaseModel):
    """An answer as it came, and what became of it: `applied`, or the reason why not."""

    reply_id: UUID
    session_id: UUID
    person_id: UUID
    answer: str
    sequence: int
    outcome: str
    received_at: datetime


class Said(BaseModel):
    """What the chat shows whoever pressed the button: words, and in Teams the card as it is now."""

    type: Literal["message"] = "message"
    text: str
    attachments: list[dict[str, Any]] = []


@router.post("/v1/calendar-replies", response_model=Taken, summary="Hand over a calendar's answer", openapi_extra=REPLY)
async def take_reply(edge: Edge) -> Response:
    """A mail gateway posts each mail to the organizer's address; 409 says why an answer came too late, and is kept.

    The gateway vouches for the sender: From and ATTENDEE must be the same.
    """
    reply = parse(await edge.request.body(), edge.request.headers.get("content-type", ""))

    async def work(conn: Connection) -> Taken:
        person = await commands.apply_reply(conn, reply)
        return Taken(session_id=reply.session_id, person_id=person, answer=reply.answer)

    try:
        return await edge.write(work)
    except Refused as refusal:
        if not isinstance(refusal, NotFound):
            await _keep(edge, reply, refusal)
        raise


async def _keep(edge: EdgeCall, reply: CalendarReply, refusal: Refused) -> None:
    async with edge.transaction() as conn:
        await commands.keep_refused(conn, reply, code_of(refusal))


@router.get("/v1/calendar-replies", response_model=Page[KeptReply], summary="List answers from calendars")
async def list_replies(
    edge: Edge, session_id: UUID | None = None, cursor: Cursor | None = None, limit: Limit = DEFAULT_LIMIT
) -> Response:
    """Oldest first, refused ones too."""
    after = decode_cursor(cursor, datetime, UUID)

    async def work(conn: Connection) -> Page[KeptReply]:
        rows = await queries.list_replies(conn, session_id, after=after, limit=limit)
        return page(rows, limit, lambda row: KeptReply(**dict(row)), lambda row: (row["received_at"], row["reply_id"]))

    return await edge.read(work)


@router.post("/v1/chat/slack", response_model=Said, summary="A button pressed in Slack", openapi_extra=PRESSED)
async def slack_pressed(edge: Edge) -> Response:
    """Interactivity request URL; the signature of Slack is the only way in.

    What came of it, or why nothing did, is posted to its `response_url`, in place of the message where it was done.
    """
    return await _pressed(edge, "slack")


@router.post("/v1/chat/teams", response_model=Said, summary="A button pressed in Teams", openapi_extra=ACTIVITY)
async def teams_pressed(edge: Edge) -> Response:
    """Outgoing webhook; the HMAC of Teams is the only way in. The reply says what came of it, or why nothing did."""
    return await _pressed(edge, "teams")


async def _pressed(edge: EdgeCall, channel: str) -> Response:
    chat = chats.chats(_settings(edge))[channel]
    pressed = chat.pressed(edge.request.headers, await edge.request.body(), time.time())
    edge.request.state.principal = Principal(subject=channel, person_id=None, roles=frozenset())

    async def work(conn: Connection) -> Said:
        return Said.model_validate(await chats.press(conn, channel, chat, pressed))

    return await edge.write(work)


def _settings(edge: EdgeCall) -> SessionsSettings:
    found: SessionsSettings = edge.request.app.state.settings
    return found
