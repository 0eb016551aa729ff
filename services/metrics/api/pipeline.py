"""Pipeline honesty: how fresh the numbers are and whether anything is missing from them."""

from datetime import date, datetime
from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, ConfigDict

from services.metrics.queries.completeness import TopicDay, list_completeness, list_reconciliation
from services.metrics.queries.freshness import get_freshness
from shared.db import Connection
from shared.edge import Edge
from shared.paging import DEFAULT_LIMIT, Cursor, Limit, Page, decode_cursor, page
from shared.reconcile import ServiceReconciled

router = APIRouter(tags=["pipeline"])


class Lags(BaseModel):
    """Seconds, to an eighth."""

    p50: float | None
    p95: float | None
    p99: float | None


class FreshnessOut(BaseModel):
    """From an event's time to the moment its effect can be read here, over the last day."""

    visible_at: datetime | None
    last_event_at: datetime | None
    lag_seconds: Lags
    events: int


class TopicDayOut(BaseModel):
    """Records of one topic on one UTC day."""

    topic: str
    day: date
    produced: int
    ingested: int
    complete: bool
    as_of: datetime | None


class ReconciledOut(BaseModel):
    """Events of one topic looked up one by one, after a service had taken them in."""

    service: str
    topic: str
    checked: int
    missing: int
    at: datetime
    """When the partition that was looked at longest ago was."""


class PageOfDays(BaseModel):
    """Which part of the list."""

    model_config = ConfigDict(extra="forbid")
    cursor: Cursor | None = None
    limit: Limit = DEFAULT_LIMIT


@router.get("/v1/freshness", response_model=FreshnessOut, summary="Read how fresh the numbers are")
async def read_freshness(edge: Edge) -> Response:
    """Quantiles over the last 24 hours."""

    async def work(conn: Connection) -> FreshnessOut:
        found = await get_freshness(conn)
        lags = Lags(p50=found.p50, p95=found.p95, p99=found.p99)
        return FreshnessOut(
            visible_at=found.visible_at, last_event_at=found.last_event_at, lag_seconds=lags, events=found.events
        )

    return await edge.read(work)


@router.get("/v1/completeness", response_model=Page[TopicDayOut], summary="Compare what was produced and ingested")
async def read_completeness(selection: Annotated[PageOfDays, Query()], edge: Edge) -> Response:
    """Per topic and day, newest day first; `complete` when everything produced has been taken in."""
    key = decode_cursor(selection.cursor, str, str)

    async def work(conn: Connection) -> Page[TopicDay]:
        days = await list_completeness(conn)
        if key:
            days = [
                day for day in days if day.day.isoformat() < key[0] or (str(day.day) == key[0] and day.topic > key[1])
            ]
        return page(days, selection.limit, lambda day: day, lambda day: (day.day.isoformat(), day.topic))

    return await edge.read(work)


@router.get(
    "/v1/reconciliation", response_model=Page[ReconciledOut], summary="Compare what was produced and applied, by event"
)
async def read_reconciliation(selection: Annotated[PageOfDays, Query()], edge: Edge) -> Response:
    """Hourly, per service and topic; `missing` are events on the topic without an effect there or a dead letter."""
    key = decode_cursor(selection.cursor, str, str)

    async def work(conn: Connection) -> Page[ServiceReconciled]:
        after = None if key is None else (key[0], key[1])
        found = await list_reconciliation(conn, after, selection.limit + 1)
        return page(found, selection.limit, lambda each: each, lambda each: (each.service, each.topic))

    return await edge.read(work)
