"""One's own time: a weekly limit, and when one is taken elsewhere."""

from typing import Annotated, Any, Self

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field, model_validator

from services.sessions.api.caller import person
from services.sessions.api.times import Instant
from services.sessions.commands import availability as commands
from services.sessions.domain.freebusy import parse
from services.sessions.queries import availability as queries
from shared.edge import Edge
from shared.problems import misfit

router = APIRouter(tags=["availability"])
EXAMPLE: dict[str, Any] = {
    "weekly_minutes": 120,
    "busy": [{"starts_at": "2027-01-11T08:00:00Z", "ends_at": "2027-01-11T09:30:00Z"}],
}
FILE: dict[str, Any] = {"requestBody": {"required": True, "content": {"text/calendar": {"schema": {"type": "string"}}}}}


class Busy(BaseModel):
    """From and to; what for is nobody's business."""

    model_config = ConfigDict(extra="forbid")

    starts_at: Instant
    ends_at: Instant

    @model_validator(mode="after")
    def _ends_after_it_starts(self) -> Self:
        if self.ends_at <= self.starts_at:
            raise misfit("ends_at", "must be after starts_at")
        return self


class NewAvailability(BaseModel):
    """All of it; what is left out is no limit."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [EXAMPLE]})

    weekly_minutes: Annotated[int, Field(ge=0, le=7 * 24 * 60)] | None = None
    busy: Annotated[list[Busy], Field(max_length=2000)] = []


class Availability(BaseModel):
    """What is kept of it."""

    version: int
    weekly_minutes: int | None
    busy: list[Busy]


@router.get("/v1/availability", response_model=Availability, summary="Read one's availability")
async def get_availability(edge: Edge) -> Response:
    """One's own alone."""
    owner = person(edge.principal)
    return await edge.read(lambda conn: queries.get_availability(conn, owner))


@router.put("/v1/availability", response_model=Availability, summary="Say when one is taken")
async def save_availability(body: NewAvailability, edge: Edge) -> Response:
    """Replaces what was said before. New sessions are planned around it; booked ones move or are flagged."""
    owner = person(edge.principal)
    busy = [(each.starts_at, each.ends_at) for each in body.busy]
    return await edge.write(lambda conn: commands.save_availability(conn, owner, body.weekly_minutes, busy), body=body)


@router.put(
    "/v1/availability/free-busy", response_model=Availability, summary="Say by a file when one is taken",
    openapi_extra=FILE,
)  # fmt: skip
async def save_free_busy(edge: Edge) -> Response:
    """A VFREEBUSY (RFC 5545) as calendars export it: replaces the busy times that begin in its window alone."""
    owner = person(edge.principal)
    given = parse(await edge.request.body())
    return await edge.write(lambda conn: commands.save_free_busy(conn, owner, given))
