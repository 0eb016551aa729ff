"""What a programme is worth, as its organization declares it: its own figures, and training that was not bought."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Path, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from services.metrics.commands import declared as commands
from services.metrics.commands.query_log import note_query
from services.metrics.queries import declared as queries
from shared.db import Connection
from shared.edge import Edge
from shared.paging import DEFAULT_LIMIT, Cursor, Limit, Page, decode_cursor, page
from shared.refusal import InvalidRequest

router = APIRouter(tags=["worth"])
Name = Annotated[str, Path(pattern=r"^[a-z0-9][a-z0-9-]{0,63}$")]
Words = Annotated[str, Field(min_length=1, max_length=2000)]
Figure = Annotated[float, Field(ge=-1e15, le=1e15, allow_inf_nan=False)]
Amount = Annotated[float, Field(ge=0, le=1e9, allow_inf_nan=False)]


class OwnFigure(BaseModel):
    """A figure the organization measures itself, before and after; with those who had to wait beside it, an effect."""

    model_config = ConfigDict(extra="forbid")
    measure: Literal["goal_kpi"]
    unit: Annotated[str, Field(min_length=1, max_length=40)]
    baseline: Figure
    actual: Figure
    control_baseline: Figure | None = None
    control_actual: Figure | None = None
    assumptions: Words
    """Where the figures come from, of which months, and who the control group is."""


class TrainingNotBought(BaseModel):
    """Hours of training that peers took the place of, and what an hour would have cost."""

    model_config = ConfigDict(extra="forbid")
    measure: Literal["cost_avoided"]
    substituted_hours: Amount
    rate: Amount
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
    assumptions: Words
    """Which training, and how anybody knows that it was not needed."""


Declaration = Annotated[OwnFigure | TrainingNotBought, Field(discriminator="measure")]


class Selection(BaseModel):
    """Which page."""

    model_config = ConfigDict(extra="forbid")
    cursor: Cursor | None = None
    limit: Limit = DEFAULT_LIMIT


@router.get(
    "/v1/programmes/{programme_id}/figures", response_model=Page[queries.Declared], summary="List what is declared"
)
async def list_figures(programme_id: UUID, selection: Annotated[Selection, Query()], edge: Edge) -> Response:
    """In order of name, each with the assumptions it rests on."""
    key, limit = decode_cursor(selection.cursor, str), selection.limit

    async def work(conn: Connection) -> Page[queries.Declared]:
        await note_query(conn, edge.principal.roles, "declared figures", {"programme_id": str(programme_id)})
        found = await queries.list_declared(conn, programme_id, key[0] if key else None, limit + 1)
        return page(found, limit, lambda each: each, lambda each: (each.name,))

    return await edge.read(work)


@router.put(
    "/v1/programmes/{programme_id}/figures/{name}", response_model=queries.Declared, summary="Declare what it is worth"
)
async def declare_figure(programme_id: UUID, name: Name, body: Declaration, edge: Edge) -> Response:
    """A figure and what it assumes. To replace one, If-Match names the version that was read."""
    said = body.model_dump(exclude={"measure"})
    if isinstance(body, OwnFigure) and (body.control_baseline is None) != (body.control_actual is None):
        raise InvalidRequest.naming("control_actual", "belongs together with control_baseline")

    async def work(conn: Connection) -> queries.Declared | None:
        await commands.declare(conn, programme_id, name, body.measure, said, edge.if_match)
        return await queries.get_declared(conn, programme_id, name)

    return await edge.write(work, body=body)
