"""What the pages of one programme and of the pipeline show."""

from dataclasses import dataclass
from uuid import UUID

from services.metrics.domain.measures import COUNTED
from services.metrics.queries.completeness import TopicDay, list_completeness, list_reconciliation
from services.metrics.queries.declared import Declared, list_declared
from services.metrics.queries.freshness import Freshness, get_freshness
from services.metrics.queries.goals import Goal, list_goals
from services.metrics.queries.release import Cell, Release
from services.metrics.queries.reviews import Review, list_reviews
from services.metrics.queries.scope import Scope, Window
from shared import sql
from shared.db import Connection
from shared.reconcile import ServiceReconciled
from shared.refusal import NotFound

SQL = sql.load("services.metrics", "reviews")
COLUMNS = (
    "participation_rate", "attendance_rate", "sessions_held", "learning_hours", "evenness", "acceptance_rate",
    "usefulness", "relevance", "engagement", "response_rate",
)  # fmt: skip
LATEST = 20
ALL = 1000
"""More than all services have topics."""


@dataclass(frozen=True)
class Programme:
    """One programme over its run."""

    name: str
    window: Window
    goals: list[Goal]
    cells: dict[str, Cell | None]
    reviews: list[Review]
    declared: list[Declared]


@dataclass(frozen=True)
class Pipeline:
    """How far behind, and what is missing."""

    freshness: Freshness
    days: list[TopicDay]
    looked_up: list[ServiceReconciled]


async def get_programme(conn: Connection, k: int, programme_id: UUID) -> Programme:
    """Raises NotFound."""
    row = await conn.fetchrow(SQL.programme, programme_id)
    if row is None:
        detail = "There is no such programme."
        raise NotFound(detail)
    window, release = Window.covering(row["starts_on"], row["ends_on"]), Release(conn, k)
    await release.prepare((COUNTED[name], Scope(window, "programme")) for name in COLUMNS)
    cells = {
        name: next(
            (
                cell
                for cell in await release.cells(COUNTED[name], Scope(window, "programme"))
                if cell.group in {str(programme_id), ""}  # one for all where all is hidden or still being counted
            ),
            None,
        )
        for name in COLUMNS
    }
    found = await list_goals(conn, release, programme_id)
    reviews = await list_reviews(conn, release, programme_id, limit=LATEST)
    declared = await list_declared(conn, programme_id, None, LATEST)
    return Programme(row["name"], window, [goal for _, goals in found for goal in goals], cells, reviews, declared)


async def get_pipeline(conn: Connection) -> Pipeline:
    """The days still known, newest first."""
    return Pipeline(
        await get_freshness(conn), await list_completeness(conn), await list_reconciliation(conn, None, ALL)
    )
