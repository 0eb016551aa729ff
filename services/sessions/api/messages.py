"""How people are reached, and what could not be delivered."""

from datetime import datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from services.sessions.api.caller import person
from services.sessions.commands import messages as commands
from services.sessions.queries import messages as queries
from shared.db import Connection
from shared.edge import Edge
from shared.paging import DEFAULT_LIMIT, Cursor, Limit, Page, decode_cursor, page
from shared.problems import misfit

router = APIRouter(tags=["messages"])
Minute = Annotated[int, Field(ge=0, le=1440)]
ChatAddress = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00-\x20]+$")]
EXAMPLE: dict[str, Any] = {"channel": "mail", "quiet_from": 1080, "quiet_to": 540, "digest": "weekly", "nudges": True}


class Preferences(BaseModel):
    """The channel for all but invitations, hours of quiet in local minutes beside the hours off work, and how much."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [EXAMPLE]})

    channel: Literal["mail", "slack", "teams", "none"] = "mail"
    chat_address: ChatAddress | None = None
    """The member id in Slack, the directory object id in Teams."""
    quiet_from: Minute | None = None
    quiet_to: Minute | None = None
    digest: Literal["none", "daily", "weekly"] = "none"
    nudges: bool = True
    confirmed: bool = False
    """Whether whoever is at the chat address has said there that it is theirs; until then mail is used. Only read."""

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.channel in {"slack", "teams"} and self.chat_address is None:
            raise misfit("chat_address", "is needed by a chat")
        if (self.quiet_from is None) != (self.quiet_to is None):
            missing = "quiet_from" if self.quiet_from is None else "quiet_to"
            raise misfit(missing, "both ends of the quiet hours are said")
        return self


class Message(BaseModel):
    """One message on its way, without what it says."""

    message_id: UUID
    person_id: UUID
    kind: str
    subject_id: UUID
    state: Literal["queued", "sent", "failed", "expired", "unwanted"]
    attempts: int
    problem: str | None
    due_at: datetime
    created_at: datetime


class Queued(BaseModel):
    """It is tried again."""

    message_id: UUID
    state: Literal["queued"]


@router.get("/v1/preferences", response_model=Preferences, summary="Read how one is reached")
async def get_preferences(edge: Edge) -> Response:
    """One's own; the defaults as long as nothing was said."""
    reader = person(edge.principal)

    async def work(conn: Connection) -> Preferences:
        row = await queries.get_preferences(conn, reader)
        return Preferences(**dict(row)) if row else Preferences()

    return await edge.read(work)


@router.put("/v1/preferences", response_model=Preferences, summary="Say how one wants to be reached")
async def put_preferences(body: Preferences, edge: Edge) -> Response:
    """One's own. Nudges are two a week at most, digests one a day, questions one a week, whatever is said here.

    A new address in a chat counts once the button that is sent there was pressed; until then mail is used.
    """
    reader = person(edge.principal)

    async def work(conn: Connection) -> Preferences:
        await commands.save_preferences(conn, reader, body.model_dump())
        row = await queries.get_preferences(conn, reader)
        return Preferences(**dict(row)) if row else body

    return await edge.write(work, body=body)


@router.get("/v1/messages", response_model=Page[Message], summary="List messages by state")
async def list_messages(
    edge: Edge,
    state: Literal["queued", "sent", "failed", "expired", "unwanted"] = "failed",
    cursor: Cursor | None = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Response:
    """For operators: what failed, and why."""
    (after,) = decode_cursor(cursor, UUID) or (None,)

    async def work(conn: Connection) -> Page[Message]:
        rows = await queries.list_messages(conn, state, after=after, limit=limit)
        return page(rows, limit, lambda row: Message(**dict(row)), lambda row: (row["message_id"],))

    return await edge.read(work)


@router.post("/v1/messages/{message_id}/retry", response_model=Queued, summary="Send a failed message again")
async def retry_message(message_id: UUID, edge: Edge) -> Response:
    """409 with its state when it has not failed."""
    return await edge.write(lambda conn: commands.retry(conn, message_id))
