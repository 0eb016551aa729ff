"""Webhooks by the Standard Webhooks specification, for systems that want to hear of programmes and sessions."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from services.sessions.api.times import Instant
from services.sessions.commands import webhooks as commands
from services.sessions.queries import webhooks as queries
from services.sessions.settings import SessionsSettings
from shared.db import Connection
from shared.edge import Edge, EdgeCall
from shared.paging import DEFAULT_LIMIT, Cursor, Limit, Page, decode_cursor, page
from shared.posting import ForbiddenAddress, Guard
from shared.refusal import InvalidRequest

router = APIRouter(tags=["webhooks"])
EventType = Literal[
    "org.lateral.sessions.programme.changed.v1",
    "org.lateral.sessions.session.scheduled.v1",
    "org.lateral.sessions.session.rescheduled.v1",
    "org.lateral.sessions.session.cancelled.v1",
    "org.lateral.sessions.session.held.v1",
    "org.lateral.sessions.knowledge.changed.v1",
    "org.lateral.sessions.knowledge.used.v1",
]
Url = Annotated[str, StringConstraints(min_length=8, max_length=2000, pattern=r"^[\x21-\x7e]+$")]
EXAMPLE: dict[str, Any] = {
    "url": "https://lms.example.org/hooks/lateral",
    "types": ["org.lateral.sessions.session.held.v1"],
}


class NewWebhook(BaseModel):
    """Where to post, and what; no types are all."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [EXAMPLE]})

    url: Url
    types: list[EventType] = []


class WebhookChanges(BaseModel):
    """What shall be otherwise. A disabled one is called again once it is active."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"state": "active"}]})

    url: Url = ""
    types: list[EventType] = []
    state: Literal["active", "disabled"] = "active"


class Webhook(BaseModel):
    """A receiver. `why` says what disabled it."""

    webhook_id: UUID
    version: int
    url: str
    types: list[str]
    state: Literal["active", "disabled"]
    why: str | None
    created_at: datetime


class WithSecret(BaseModel):
    """The secret, shown this once; null when the same request is repeated."""

    webhook_id: UUID
    version: int
    secret: str | None


class Replay(BaseModel):
    """What to deliver again: since when, which, and whether also what has been delivered."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"since": "2026-03-01T00:00:00Z"}]})

    since: Instant
    event_ids: Annotated[list[Annotated[str, StringConstraints(max_length=200)]], Field(max_length=1000)] | None = None
    delivered: bool = False


class Replayed(BaseModel):
    """How many are on their way again."""

    webhook_id: UUID
    queued: int


class Delivery(BaseModel):
    """One event on its way to one receiver."""

    event_id: str
    event_type: str
    occurred_at: datetime
    state: Literal["queued", "delivered", "failed"]
    attempts: int
    status: int | None
    problem: str | None
    due_at: datetime


@router.post("/v1/webhooks", status_code=201, response_model=WithSecret, summary="Register a webhook")
async def create_webhook(body: NewWebhook, edge: Edge) -> Response:
    """Https to a public address; private networks only where the operator allows them."""
    _check(edge, body.url)
    kept: tuple[UUID, int, str] | None = None

    async def work(conn: Connection) -> WithSecret:
        nonlocal kept
        row, secret = await commands.create_webhook(conn, body.url, body.types)
        kept = (row["webhook_id"], row["version"], secret)
        return WithSecret(webhook_id=row["webhook_id"], version=row["version"], secret=None)

    return _once(await edge.write(work, body=body), kept)


@router.get("/v1/webhooks", response_model=Page[Webhook], summary="List webhooks")
async def list_webhooks(edge: Edge, cursor: Cursor | None = None, limit: Limit = DEFAULT_LIMIT) -> Response:
    """Oldest first, without their secrets."""
    (after,) = decode_cursor(cursor, UUID) or (None,)

    async def work(conn: Connection) -> Page[Webhook]:
        rows = await queries.list_webhooks(conn, after=after, limit=limit)
        return page(rows, limit, lambda row: Webhook(**dict(row)), lambda row: (row["webhook_id"],))

    return await edge.read(work)


@router.get("/v1/webhooks/{webhook_id}", response_model=Webhook, summary="Read a webhook")
async def get_webhook(webhook_id: UUID, edge: Edge) -> Response:
    """With its version as ETag."""

    async def work(conn: Connection) -> Webhook | None:
        row = await queries.get_webhook(conn, webhook_id)
        return Webhook(**dict(row)) if row else None

    return await edge.read(work)


@router.patch("/v1/webhooks/{webhook_id}", response_model=Webhook, summary="Change a webhook")
async def change_webhook(webhook_id: UUID, body: WebhookChanges, edge: Edge) -> Response:
    """Needs If-Match."""
    changes = body.model_dump(exclude_unset=True)
    if "url" in changes:
        _check(edge, changes["url"])
    expected = edge.if_match
    return await edge.write(lambda conn: commands.change_webhook(conn, webhook_id, expected, changes), body=body)


@router.delete("/v1/webhooks/{webhook_id}", status_code=204, response_model=None, summary="Remove a webhook")
async def delete_webhook(webhook_id: UUID, edge: Edge) -> Response:
    """With what is still on its way."""
    return await edge.write(lambda conn: commands.delete_webhook(conn, webhook_id))


@router.post("/v1/webhooks/{webhook_id}/secret", response_model=WithSecret, summary="Rotate a webhook's secret")
async def rotate_secret(webhook_id: UUID, edge: Edge) -> Response:
    """For a day deliveries carry a signature by each of the two."""
    kept: tuple[UUID, int, str] | None = None

    async def work(conn: Connection) -> WithSecret:
        nonlocal kept
        version, secret = await commands.rotate_secret(conn, webhook_id)
        kept = (webhook_id, version, secret)
        return WithSecret(webhook_id=webhook_id, version=version, secret=None)

    return _once(await edge.write(work), kept)


@router.post("/v1/webhooks/{webhook_id}/replays", response_model=Replayed, summary="Deliver again")
async def replay_deliveries(webhook_id: UUID, body: Replay, edge: Edge) -> Response:
    """What was given up since then, of the last 30 days; under the same webhook-id, so that a receiver can tell."""

    async def work(conn: Connection) -> Replayed:
        queued = await commands.replay(conn, webhook_id, body.since, body.event_ids, delivered=body.delivered)
        return Replayed(webhook_id=webhook_id, queued=queued)

    return await edge.write(work, body=body)


@router.get("/v1/webhooks/{webhook_id}/deliveries", response_model=Page[Delivery], summary="List deliveries")
async def list_deliveries(
    webhook_id: UUID,
    edge: Edge,
    state: Literal["queued", "delivered", "failed"] | None = None,
    cursor: Cursor | None = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Response:
    """In the order in which things happened."""
    after = decode_cursor(cursor, datetime, str)

    async def work(conn: Connection) -> Page[Delivery] | None:
        if await queries.get_webhook(conn, webhook_id) is None:
            return None
        rows = await queries.list_deliveries(conn, webhook_id, state, after=after, limit=limit)
        return page(rows, limit, lambda row: Delivery(**dict(row)), lambda row: (row["occurred_at"], row["event_id"]))

    return await edge.read(work)


def _check(edge: EdgeCall, url: str) -> None:
    settings: SessionsSettings = edge.request.app.state.settings
    try:
        Guard.allowing(settings.posting_networks).check_url(url)
    except ForbiddenAddress as error:
        raise InvalidRequest.naming("url", str(error)) from error


def _once(reply: Response, kept: tuple[UUID, int, str] | None) -> Response:
    """The reply that is saved for repetitions must not hold the secret, so it is added afterwards."""
    if kept is None:
        return reply
    webhook_id, version, secret = kept
    shown = WithSecret(webhook_id=webhook_id, version=version, secret=secret)
    return Response(shown.model_dump_json(), reply.status_code, media_type="application/json")
