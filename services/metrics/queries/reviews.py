"""Review cycles with their measure before and after the change, as confidentiality lets both be shown."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from services.metrics.domain.measures import COUNTED
from services.metrics.domain.results import NO_CAUSAL_CLAIM
from services.metrics.domain.reviews import State, state
from services.metrics.queries.release import Cell, Release
from services.metrics.queries.scope import Scope, Window
from shared import sql
from shared.db import Connection, Record

SQL = sql.load("services.metrics", "reviews")
MONTHS_BEFORE = 3


@dataclass(frozen=True)
class Review:
    """A cycle: `before` is the three months before that of the change, `after` the months from then to the day set."""

    review_id: UUID
    version: int
    programme_id: UUID
    measure: str
    definition_version: str
    finding: str
    change: str
    changed_on: date
    measure_on: date
    state: State
    before: Cell | None
    after: Cell | None
    difference: float | None
    claim: str
    conclusion: str | None
    concluded_on: date | None


async def get_review(conn: Connection, release: Release, review_id: UUID) -> Review | None:
    """One cycle; None where there is no such one."""
    row = await conn.fetchrow(SQL.review, review_id)
    return await _review(release, row) if row else None


async def list_reviews(
    conn: Connection, release: Release, programme_id: UUID | None = None, after: UUID | None = None, limit: int = 50
) -> list[Review]:
    """Cycles in order of id; tables that several of them look at are counted once."""
    return [await _review(release, row) for row in await conn.fetch(SQL.reviews, programme_id, after, limit)]


async def _review(release: Release, row: Record) -> Review:
    today = datetime.now(UTC).date()
    measure = COUNTED[row["measure"]]
    before, after = _windows(row["changed_on"], row["measure_on"])
    was = await _cell(release, row, before)
    now = await _cell(release, row, after) if today >= row["measure_on"] else None
    known = was and now and was.value is not None and now.value is not None
    return Review(
        **{name: row[name] for name in ("review_id", "version", "programme_id", "measure", "finding", "change")},
        **{name: row[name] for name in ("changed_on", "measure_on", "conclusion", "concluded_on")},
        definition_version=measure.definition_version,
        state=state(row["measure_on"], row["concluded_on"], today),
        before=was,
        after=now,
        difference=measure.rounded(now.value - was.value) if known else None,  # type: ignore[union-attr,operator]
        claim=NO_CAUSAL_CLAIM,
    )


def _windows(changed_on: date, measure_on: date) -> tuple[Window, Window]:
    """Whole months on either side; the month of the change belongs to neither."""
    change = Window.covering(changed_on, changed_on)
    last = change.start - timedelta(days=1)
    first = last
    for _ in range(MONTHS_BEFORE - 1):
        first = first.replace(day=1) - timedelta(days=1)
    return Window.covering(first, last), Window.covering(change.end, measure_on)


async def _cell(release: Release, row: Record, window: Window) -> Cell | None:
    cells = await release.cells(COUNTED[row["measure"]], Scope(window, "programme"))
    return next((cell for cell in cells if cell.group == str(row["programme_id"])), None)
