"""Goals: how far programmes are."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from services.metrics.commands.query_log import note_query
from services.metrics.domain.goals import Status
from services.metrics.queries import goals as queries
from services.metrics.queries.known import check_programme
from services.metrics.queries.release import Release
from shared.db import Connection
from shared.edge import Edge
from shared.paging import DEFAULT_LIMIT, Cursor, Limit, Page, decode_cursor, encode_cursor

router = APIRouter(tags=["goals"])


class GoalOut(BaseModel):
    """A goal and where it stands by now; a hidden or missing value says why in `reason`."""

    programme_id: UUID
    programme: str
    measure: str
    definition_version: str
    baseline: float
    target: float
    due: date
    current: float | None
    n: int | None
    progress: float | None
    expected: float
    status: Status | None
    of: Literal["programme", "organization"] = Field(
        description="What it is read of: `organization` where the measure is not told apart by programme."
    )
    suppressed: bool
    reason: str | None
    as_of: datetime
    effect: float | None
    """Difference in differences against the waitlist; null without a control group."""
    claim: str


class GoalSelection(BaseModel):
    """Which programmes."""

    model_config = ConfigDict(extra="forbid")
    programme_id: UUID | None = None
    cursor: Cursor | None = None
    limit: Limit = DEFAULT_LIMIT


@router.get("/v1/goals", response_model=Page[GoalOut], summary="List programmes' goals and their status")
async def list_goals(selection: Annotated[GoalSelection, Query()], edge: Edge) -> Response:
    """Paged by programme: `limit` counts programmes, each with all its goals. Drafts have none yet."""
    key = decode_cursor(selection.cursor, UUID)
    k = edge.request.app.state.settings.k_scores

    async def work(conn: Connection) -> Page[queries.Goal]:
        asked = selection.model_dump(mode="json", include={"programme_id"})
        await check_programme(conn, selection.programme_id)
        await note_query(conn, edge.principal.roles, "goals", asked)
        after = key[0] if key else None
        found = await queries.list_goals(conn, Release(conn, k), selection.programme_id, after, selection.limit + 1)
        shown = found[: selection.limit]
        following = encode_cursor(shown[-1][0]) if len(found) > selection.limit else None
        return Page(items=[goal for _, goals in shown for goal in goals], next=following)

    return await edge.read(work)
