"""What came of it, read from the services' own interfaces."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any

from deploy.local.audit_events import untold
from deploy.local.story.cast import ANALYST, Setting
from deploy.local.story.client import Lateral, eventually
from deploy.local.story.matches import Matched
from deploy.local.story.month import Lived

MEASURES = (
    "sessions_held",
    "participation_rate",
    "attendance_rate",
    "learning_hours",
    "evenness",
    "usefulness",
    "relevance",
    "engagement",
    "response_rate",
)


@dataclass(frozen=True)
class Figure:
    """One measured value; none where it is withheld, for that reason."""

    value: float | None
    n: int
    reason: str = ""

    @classmethod
    def of(cls, cell: Mapping[str, Any]) -> "Figure":
        """From a cell of the metrics service."""
        return cls(cell["value"], cell["n"] or 0, cell["reason"] or "")


@dataclass(frozen=True)
class Totals:
    """The whole story in numbers: the same for the same seed, in whatever order things arrived."""

    people: int
    units: int
    matched: Matched
    lived: Lived
    measures: Mapping[str, Figure]
    by_programme: Mapping[str, Figure]
    """Participation among those each programme is for."""


@dataclass(frozen=True)
class Freshness:
    """Seconds from what happened to the number that shows it."""

    p50: float | None
    p95: float | None
    events: int


@dataclass
class Window:
    """The days the story covers."""

    starts_on: str
    ends_on: str
    query: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        """As the metrics service is asked."""
        self.query = {"starts_on": self.starts_on, "ends_on": self.ends_on}


async def wait_for_metrics(setting: Setting, stack: Mapping[str, Any]) -> None:
    """Wait until metrics has taken all that was produced, and nothing more comes. Raises NeverHappened."""
    with setting.steps.step("Metrics has it all") as step:
        step.note = f"{await settled(setting.services, stack)} events ingested, as many as were produced"


async def settled(services: Lateral, stack: Mapping[str, Any]) -> int:
    """How many events metrics has ingested, once that is all and nothing more comes. Raises NeverHappened.

    No broker has counted what still waits in an outbox; and the first count that comes after it may have asked before.
    """
    await eventually("everything told", partial(_told, stack))
    counted, ingested, before = datetime.now(UTC), 0, -1
    while ingested != before:
        before = ingested
        counted, ingested = await eventually("metrics complete", partial(_complete, services, counted))
    return ingested


async def _told(stack: Mapping[str, Any]) -> bool | None:
    return await untold(stack) == 0 or None


async def _complete(services: Lateral, since: datetime) -> tuple[datetime, int] | None:
    """When it was last counted, and how much was ingested; None while that was before `since` or is not all."""
    answer = await services.get(ANALYST, "metrics", "/v1/completeness")
    rows: list[dict[str, Any]] = answer["items"]
    counted = max((datetime.fromisoformat(row["as_of"]) for row in rows if row["as_of"]), default=since)
    if counted <= since or not all(row["complete"] for row in rows):
        return None
    return counted, sum(row["ingested"] for row in rows)


async def measured(setting: Setting, window: Window) -> dict[str, Figure]:
    """Every measure of the summary over everybody."""
    cells = await asyncio.gather(*(_cells(setting, name, window, "none") for name in MEASURES))
    return {
        name: Figure.of(found[0]) if found else Figure(None, 0, "no data")
        for name, found in zip(MEASURES, cells, strict=True)
    }


async def participation_by_programme(setting: Setting, window: Window) -> dict[str, Figure]:
    """By the programme's label."""
    cells = await _cells(setting, "participation_rate", window, "programme")
    return {cell["label"] or cell["group"]: Figure.of(cell) for cell in cells}


async def freshness(setting: Setting) -> Freshness:
    """How old the events were when their effect could be seen."""
    found = await setting.services.get(ANALYST, "metrics", "/v1/freshness")
    return Freshness(found["lag_seconds"]["p50"], found["lag_seconds"]["p95"], found["events"])


async def _cells(setting: Setting, name: str, window: Window, by: str) -> list[dict[str, Any]]:
    answer = await setting.services.get(ANALYST, "metrics", f"/v1/measures/{name}", by=by, **window.query)
    found: list[dict[str, Any]] = answer["cells"]
    return found
