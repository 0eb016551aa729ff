"""Networks: who learns with whom, unit by unit and never by name."""

from datetime import date, datetime
from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from services.metrics.commands.query_log import note_query
from services.metrics.queries import networks as queries
from shared.db import Connection
from shared.edge import Edge
from shared.refusal import NotFound

router = APIRouter(tags=["networks"])


class TieOut(BaseModel):
    """One unit with another or itself. A suppressed cell has a reason and no number."""

    unit: str
    label: str
    other: str
    other_label: str
    density: float | None = Field(description="Ties / possible ties.")
    weight: float | None = Field(description="Sum over shared sessions of 1/(n-1), halved every 90 days.")
    n: int | None = Field(description="People with such a tie.")
    suppressed: bool
    reason: str | None


class FigureOut(BaseModel):
    """A measure of the whole network, by its name in the catalogue."""

    name: str
    value: float | None
    n: int | None
    suppressed: bool
    reason: str | None


class NetworkOut(BaseModel):
    """Ties of a month, counted once when it was over."""

    month: date
    as_of: datetime
    figures: list[FigureOut]
    ties: list[TieOut]


NONE_YET = "No network of that month has been counted: each is counted once, three days after its month's end."


def _first(said: object) -> object:
    """A month as numbers are labelled with it is one as well."""
    return f"{said}-01" if isinstance(said, str) and len(said) == len("2026-10") else said


Month = Annotated[date, BeforeValidator(_first), AfterValidator(lambda day: day.replace(day=1))]
"""As 2026-10, or by any day of it."""


class Asked(BaseModel):
    """Which month."""

    model_config = ConfigDict(extra="forbid")
    month: Month | None = Field(None, description="As 2026-10, or by any day of it; default: the newest there is.")


@router.get("/v1/networks", response_model=NetworkOut, summary="Read the network of units")
async def get_network(asked: Annotated[Asked, Query()], edge: Edge) -> Response:
    """Divisions by divisions. A cell needs k distinct people on either side; 404 while none has been counted."""

    async def work(conn: Connection) -> queries.Network:
        await note_query(conn, edge.principal.roles, "networks", asked.model_dump(mode="json"))
        if found := await queries.get_network(conn, asked.month):
            return found
        raise NotFound(NONE_YET)

    return await edge.read(work)
