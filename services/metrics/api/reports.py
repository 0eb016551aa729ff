"""Reports by mail: who wants which."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from services.metrics.commands import reports as commands
from services.metrics.domain.reports import Cadence, NoMailServer, check_address
from services.metrics.queries import reports as queries
from shared.db import Connection, Record
from shared.edge import Edge
from shared.paging import DEFAULT_LIMIT, Cursor, Limit, Page, decode_cursor, page

router = APIRouter(tags=["reports"])


class NewSubscription(BaseModel):
    """One's own address, and what is wanted how often."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"email": "lead@example.org", "cadence": "monthly"}]}
    )
    email: Annotated[str, Field(max_length=254, pattern=r"^[^@\s<>,;:\"]+@[^@\s<>,;:\"]+\.[^@\s<>,;:\"]+$")]
    cadence: Cadence = "monthly"
    programme_id: UUID | None = Field(None, description="Default: the whole organization.")


class SubscriptionOut(BaseModel):
    """A subscription; it ends by itself."""

    subscription_id: UUID
    email: str
    programme_id: UUID | None
    cadence: Cadence
    next_at: datetime
    ends_on: date


class SubscriptionSelection(BaseModel):
    """Which part of the list."""

    model_config = ConfigDict(extra="forbid")
    cursor: Cursor | None = None
    limit: Limit = DEFAULT_LIMIT


@router.post(
    "/v1/report-subscriptions", response_model=SubscriptionOut, status_code=201, summary="Subscribe to a report"
)
async def subscribe(body: NewSubscription, edge: Edge) -> Response:
    """On Mondays or on the fourth of a month. What it says is what the page says, hidden numbers hidden."""
    settings, caller = edge.request.app.state.settings, edge.principal
    if not settings.smtp_url:
        detail = "No mail server is set up here: no report can be sent."
        raise NoMailServer(detail, state="no mail server")
    email = check_address(body.email, settings.report_domains)

    async def work(conn: Connection) -> dict[str, object]:
        made = await commands.subscribe(conn, caller.person_id, caller.subject, email, body.programme_id, body.cadence)
        return dict(made)

    return await edge.write(work, body=body)


@router.get("/v1/report-subscriptions", response_model=Page[SubscriptionOut], summary="List one's subscriptions")
async def list_subscriptions(selection: Annotated[SubscriptionSelection, Query()], edge: Edge) -> Response:
    """One's own."""
    key = decode_cursor(selection.cursor, UUID)

    async def work(conn: Connection) -> Page[SubscriptionOut]:
        rows = await queries.list_subscriptions(
            conn, edge.principal.subject, key[0] if key else None, selection.limit + 1
        )
        return page(rows, selection.limit, _out, lambda row: (row["subscription_id"],))

    return await edge.read(work)


@router.delete("/v1/report-subscriptions/{subscription_id}", status_code=204, summary="End a subscription")
async def unsubscribe(subscription_id: UUID, edge: Edge) -> Response:
    """One's own; its address is deleted with it."""

    async def work(conn: Connection) -> None:
        await commands.unsubscribe(conn, subscription_id, edge.principal.subject)

    return await edge.write(work)


def _out(row: Record) -> SubscriptionOut:
    return SubscriptionOut(**dict(row))
