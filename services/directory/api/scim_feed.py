"""SCIM events: whom a subscriber is told of (the feed of RFC 9967)."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict

from services.directory.commands import security_events as commands
from services.directory.domain.refusals import UnknownResource
from services.directory.queries import scim_events as queries
from shared.db import Connection
from shared.edge import Edge
from shared.refusal import InvalidRequest

router = APIRouter(prefix="/scim/events", tags=["scim"])
EXAMPLE: dict[str, Any] = {"group": "6f1c2b1e-6f0a-4d5c-9d5e-0a6c8d1f7b11"}


class Feed(BaseModel):
    """The role whose members the caller is told of; null: everybody and every group."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [EXAMPLE]})

    group: UUID | None


@router.get("/feed", response_model=Feed, summary="Whom the caller is told of")
async def get_scim_feed(edge: Edge) -> Response:
    """Everybody, unless it has chosen."""
    return await edge.read(lambda conn: _feed(conn, edge.principal.subject))


@router.put("/feed", response_model=Feed, summary="Choose whom to be told of")
async def put_scim_feed(body: Feed, edge: Edge) -> Response:
    """Each present member of the role is told as `feed:add`; who joins or leaves later, as that or `feed:remove`."""
    subscriber = edge.principal.subject

    async def work(conn: Connection) -> Feed:
        try:
            await commands.set_feed(conn, subscriber, body.group)
        except UnknownResource as unknown:
            raise InvalidRequest.naming("group", unknown.detail) from unknown
        return await _feed(conn, subscriber)

    return await edge.write(work, body=body)


async def _feed(conn: Connection, subscriber: str) -> Feed:
    return Feed(group=await queries.get_feed(conn, subscriber))
