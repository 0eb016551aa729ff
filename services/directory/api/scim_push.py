"""SCIM events by push (RFC 8935): where a subscriber wants its tokens, and how that goes."""

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, StringConstraints

from services.directory.commands import security_events as commands
from services.directory.domain.refusals import EventsNotConfigured
from services.directory.queries import scim_events as queries
from services.directory.settings import DirectorySettings, provisioning
from shared.db import Connection
from shared.edge import Edge
from shared.posting import ForbiddenAddress, Guard
from shared.refusal import InvalidRequest

router = APIRouter(prefix="/scim/events", tags=["scim"])
Url = Annotated[str, StringConstraints(min_length=8, max_length=2000, pattern=r"^[\x21-\x7e]+$")]
Header = Annotated[str, StringConstraints(min_length=1, max_length=2000, pattern=r"^[\x21-\x7e]+( [\x21-\x7e]+)*$")]
EXAMPLE: dict[str, Any] = {"endpoint": "https://idp.example.org/events", "authorization": "Bearer a-secret"}


class PushWanted(BaseModel):
    """Where to push, with which Authorization header; one that is not given stays as it was."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [EXAMPLE]})

    endpoint: Url
    authorization: Header | None = None
    state: Literal["enabled", "paused"] = "enabled"


class Push(BaseModel):
    """`why` says what has paused it, or failed last; `attempts` in a row have failed. The header is never shown."""

    endpoint: str
    has_authorization: bool
    state: Literal["enabled", "paused"]
    why: str | None
    attempts: int
    due_at: datetime
    waiting: int


@router.get("/push", response_model=Push, summary="Where event tokens are pushed to")
async def get_scim_push(edge: Edge) -> Response:
    """The caller's own."""
    return await edge.read(lambda conn: _push(conn, edge.principal.subject))


@router.put("/push", response_model=Push, summary="Have event tokens pushed")
async def put_scim_push(body: PushWanted, edge: Edge) -> Response:
    """Https to a public address. Paused, they wait for up to a week; polling goes on beside it."""
    settings: DirectorySettings = edge.request.app.state.settings
    if provisioning().event_key is None:
        raise EventsNotConfigured("No key to sign security event tokens with is set.")
    try:
        Guard.allowing(settings.posting_networks).check_url(body.endpoint)
    except ForbiddenAddress as error:
        raise InvalidRequest.naming("endpoint", str(error)) from error
    subscriber = edge.principal.subject

    async def work(conn: Connection) -> Push | None:
        await commands.set_push(conn, subscriber, body.endpoint, body.authorization, body.state)
        return await _push(conn, subscriber)

    return await edge.write(work, body=body)


@router.delete("/push", status_code=204, response_model=None, summary="Poll again")
async def delete_scim_push(edge: Edge) -> Response:
    """What waits goes on waiting for a poll."""
    return await edge.write(lambda conn: commands.end_push(conn, edge.principal.subject))


async def _push(conn: Connection, subscriber: str) -> Push | None:
    row = await queries.get_push(conn, subscriber)
    return Push.model_validate({**dict(row), "has_authorization": row["has_secret"]}) if row else None
