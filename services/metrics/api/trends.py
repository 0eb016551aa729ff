"""Culture as a trend, and what stood in the way: figures that are more than one number a cell."""

from datetime import date, datetime
from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from services.metrics.api.measures import ValueOut
from services.metrics.api.networks import Month
from services.metrics.commands.query_log import note_query
from services.metrics.queries import barriers, culture
from services.metrics.queries.release import Release
from services.metrics.queries.scope import Window
from shared.db import Connection
from shared.edge import Edge

router = APIRouter(tags=["measures"])
PURPOSE = Field(None, min_length=1, max_length=200, description="What for: kept in the query log.")


class Months(BaseModel):
    """Which months; days widen to whole ones."""

    model_config = ConfigDict(extra="forbid")
    starts_on: date | None = Field(None, description="Default: the first of the month two months before.")
    ends_on: date | None = Field(None, description="Default: today.")
    purpose: str | None = PURPOSE


class Asked(BaseModel):
    """One month, or by default the newest there is."""

    model_config = ConfigDict(extra="forbid")
    month: Month | None = Field(None, description="As 2026-10, or by any day of it.")
    purpose: str | None = PURPOSE


class CultureMonth(BaseModel):
    """One month: where it lies on the trend, and the parts that says it."""

    month: str = Field(description="YYYY-MM")
    index: float | None = Field(description="Standard deviations from the mean of these months; no mark.")
    reason: str | None
    parts: dict[str, ValueOut | None]


class Culture(BaseModel):
    """The months, oldest first."""

    items: list[CultureMonth]
    next: None = None


class BarrierOut(BaseModel):
    """How many answers named it. A suppressed one has a reason and no number."""

    barrier: str = Field(description="time, manager, no-occasion, not-relevant, tools, other; or nothing.")
    answers: int | None
    suppressed: bool
    reason: str | None


class BarriersOut(BaseModel):
    """What check-ins on the sessions of a month named, the most named first."""

    month: date
    as_of: datetime
    barriers: list[BarrierOut]


@router.get("/v1/culture", response_model=Culture, summary="Read culture as a trend with its parts")
async def get_culture(asked: Annotated[Months, Query()], edge: Edge) -> Response:
    """Safety, belonging, sharing and reciprocity month by month, as each is shown, and the mean of their z-scores."""
    window = Window.asked(asked.starts_on, asked.ends_on)
    k = edge.request.app.state.settings.k_scores

    async def work(conn: Connection) -> dict[str, list[culture.Month]]:
        selection = asked.model_dump(mode="json", exclude={"purpose"})
        await note_query(conn, edge.principal.roles, "culture_index", selection, asked.purpose)
        return {"items": await culture.get_culture(Release(conn, k), window)}

    return await edge.read(work)


@router.get("/v1/barriers", response_model=BarriersOut, summary="Read what stood in the way of using what was learned")
async def get_barriers(asked: Annotated[Asked, Query()], edge: Edge) -> Response:
    """Check-ins of the whole organization. 404 while a month has none."""
    k = edge.request.app.state.settings.k_scores

    async def work(conn: Connection) -> barriers.Barriers | None:
        selection = asked.model_dump(mode="json", exclude={"purpose"})
        await note_query(conn, edge.principal.roles, "barriers", selection, asked.purpose)
        return await barriers.get_barriers(conn, k, asked.month)

    return await edge.read(work)
