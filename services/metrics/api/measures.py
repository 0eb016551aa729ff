"""Measures: the catalogue, and values by cell."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from services.metrics.commands.query_log import note_query
from services.metrics.domain.measures import MEASURES, By, Unit
from services.metrics.queries import measures as queries
from services.metrics.queries.compare import Against, get_comparison
from services.metrics.queries.release import Release
from services.metrics.queries.scope import Scope, Window
from shared.auth import Principal
from shared.db import Connection
from shared.edge import Edge
from shared.refusal import Forbidden

router = APIRouter(tags=["measures"])
UNRESTRICTED = ("analyst", "programme-owner", "admin")


class MeasureOut(BaseModel):
    """One definition."""

    model_config = ConfigDict(from_attributes=True)
    name: str
    title: str
    unit: Unit
    definition_version: str
    formula: str
    source: str
    n_counts: str
    denominator_counts: str | None
    shown_at: str | None = Field(None, description="Where it is read when not here.")


class Catalogue(BaseModel):
    """All definitions."""

    items: list[MeasureOut]
    next: None = None


class WindowOut(BaseModel):
    """Whole UTC months: `start` is inside, `end` is not."""

    start: date
    end: date


class ValueOut(BaseModel):
    """One value. A suppressed one has a reason and no number."""

    group: str = Field(description="Unit code, programme id, format or YYYY-MM; empty for all.")
    label: str
    value: float | None
    n: int | None
    denominator: int | None
    window: WindowOut
    suppressed: bool
    reason: str | None
    as_of: datetime
    half_interval: float | None = Field(None, description="Half the 95 % interval, where there is one.")
    note: str | None = Field(
        None, description="What to know of it: no shared view, or how even a format is meant to be."
    )


class ComparedOut(BaseModel):
    """What a cell is compared with. Where either is not shown, there is no difference."""

    against: ValueOut | None
    difference: float | None = Field(description="The cell less what it is compared with, of published digits.")
    clear: bool | None = Field(description="Whether the two 95 % intervals are apart; null where there are none.")
    suppressed: bool
    reason: str | None


class CellOut(ValueOut):
    """One value of a table."""

    compared: ComparedOut | None = None


class MeasureTable(BaseModel):
    """A measure over a division."""

    measure: str
    by: By
    definition_version: str
    cells: list[CellOut]


class Selection(BaseModel):
    """How to divide and what to select; days widen to whole months."""

    model_config = ConfigDict(extra="forbid")
    by: By = "none"
    programme_id: UUID | None = None
    unit: str | None = Field(None, min_length=1, max_length=200, description="Unit code; its sub-units are the cells.")
    format: str | None = Field(None, min_length=1, max_length=200)
    starts_on: date | None = Field(None, description="Default: the first of the month two months before.")
    ends_on: date | None = Field(None, description="Default: today.")
    compare: Against | None = Field(
        None,
        description="`before`: with the window of as many months just before, a month with the month before it; "
        "`whole`: each part with all of them.",
    )
    purpose: str | None = Field(None, min_length=1, max_length=200, description="What for: kept in the query log.")

    def scope(self) -> Scope:
        """As a scope. Raises InvalidRequest for a window the wrong way round or ahead."""
        window = Window.asked(self.starts_on, self.ends_on)
        return Scope(window, self.by, self.programme_id, self.unit, self.format)


@router.get("/v1/measures", summary="List the measures and their definitions")
async def list_measures() -> Catalogue:
    """Each measure's formula, unit, source and version: what a value with that `definition_version` means."""
    return Catalogue(items=[MeasureOut.model_validate(measure) for measure in MEASURES.values()])


@router.get("/v1/measures/{name}", response_model=MeasureTable, summary="Read a measure by cell")
async def get_measure(
    name: Annotated[str, Path(examples=["participation_rate"])], selection: Annotated[Selection, Query()], edge: Edge
) -> Response:
    """Ratios are fractions in whole per cent. Managers read by unit only."""
    measure = queries.find(name)
    _may_divide(edge.principal, selection.by)
    scope = selection.scope()
    k = edge.request.app.state.settings.k_scores

    async def work(conn: Connection) -> queries.Table:
        await queries.check_selection(conn, scope)
        asked = selection.model_dump(mode="json", exclude={"purpose"})
        await note_query(conn, edge.principal.roles, name, asked, selection.purpose)
        if selection.compare:
            return await get_comparison(conn, Release(conn, k), measure, scope, selection.compare)
        return await queries.get_measure(conn, Release(conn, k), measure, scope)

    return await edge.read(work)


def _may_divide(principal: Principal, by: By) -> None:
    if not principal.has(*UNRESTRICTED) and by != "unit":
        detail = "Managers read measures by unit."
        raise Forbidden(detail)
