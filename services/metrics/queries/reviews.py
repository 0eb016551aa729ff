"""Review cycles with their measure before and after the change, as confidentiality lets both be shown."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter

from services.metrics.domain.measures import COUNTED
from services.metrics.domain.results import NO_CAUSAL_CLAIM
from services.metrics.domain.reviews import State, months_after, state
from services.metrics.queries.release import Cell, Release
from services.metrics.queries.scope import Scope, Window
from shared import sql
from shared.db import Connection, Record

SQL = sql.load("services.metrics", "reviews")


@dataclass(frozen=True)
class Measured:
    """Both measurements, as confidentiality lets them be shown."""

    definition_version: str
    before: Cell | None
    after: Cell | None
    difference: float | None

    @property
    def kept(self) -> Any:
        """As JSON."""
        return KEPT.dump_python(self, mode="json")


KEPT = TypeAdapter(Measured)


@dataclass(frozen=True)
class Review:
    """A cycle: `after` is the whole months from that of the change to the day set, `before` as many before it."""

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


async def measure_review(release: Release, row: Record) -> Measured:
    """Before the change and, from the day set on, after it."""
    measure = COUNTED[row["measure"]]
    before, after = _windows(row["changed_on"], row["measure_on"])
    was = await _cell(release, row, before)
    now = await _cell(release, row, after) if datetime.now(UTC).date() >= row["measure_on"] else None
    known = was and now and was.value is not None and now.value is not None
    difference = measure.rounded(now.value - was.value) if known else None  # type: ignore[union-attr,operator]
    return Measured(measure.definition_version, was, now, difference)


async def _review(release: Release, row: Record) -> Review:
    kept = row["measured"]
    measured = KEPT.validate_python(kept) if kept else await measure_review(release, row)
    return Review(
        **{name: row[name] for name in ("review_id", "version", "programme_id", "measure", "finding", "change")},
        **{name: row[name] for name in ("changed_on", "measure_on", "conclusion", "concluded_on")},
        definition_version=measured.definition_version,
        state=state(row["measure_on"], row["concluded_on"], datetime.now(UTC).date()),
        before=measured.before,
        after=measured.after,
        difference=measured.difference,
        claim=NO_CAUSAL_CLAIM,
    )


def _windows(changed_on: date, measure_on: date) -> tuple[Window, Window]:
    """As many whole months on either side; the month of the change belongs to neither."""
    change = Window.covering(changed_on, changed_on)
    months = max(1, months_after(changed_on, measure_on))
    return Window(change.back(months).start, change.start), Window(change.end, change.back(-months).end)


async def _cell(release: Release, row: Record, window: Window) -> Cell | None:
    cells = await release.cells(COUNTED[row["measure"]], Scope(window, "programme"))
    return next((cell for cell in cells if cell.group == str(row["programme_id"])), None)
