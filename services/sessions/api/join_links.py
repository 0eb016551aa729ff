"""Where a programme's sessions are joined."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from services.sessions.commands.join_links import set_join_link
from shared.db import Connection
from shared.edge import Edge

router = APIRouter(tags=["programmes"])
SAFE = r"[A-Za-z0-9._~:/?#@!$&'()*+,;=%\[\]-]"
Template = Annotated[
    str, StringConstraints(max_length=2000, pattern=rf"^https?://[A-Za-z0-9.:\[\]-]+(/({SAFE}|\{{session\}})*)?$")
]


class JoinLink(BaseModel):
    """One address for all sessions, or with `{session}` one for each; null for none."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"template": "https://meet.example.org/{session}"}]}
    )

    template: Template | None = Field(description="A session that has a link of its own keeps it.")


@router.put("/v1/programmes/{programme_id}/join-link", response_model=JoinLink, summary="Say where sessions are joined")
async def put_join_link(programme_id: UUID, body: JoinLink, edge: Edge) -> Response:
    """In invitations, feeds and reminders from now on; what was sent before stays as it was."""

    async def work(conn: Connection) -> JoinLink:
        await set_join_link(conn, programme_id, body.template)
        return body

    return await edge.write(work, body=body)
