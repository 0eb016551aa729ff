"""The one door numbers leave by: every tally passes confidentiality here, for the API and the page alike."""

from dataclasses import dataclass
from datetime import UTC, datetime

from services.metrics import confidentiality
from services.metrics.confidentiality import Reason
from services.metrics.domain.measure import Measure
from services.metrics.queries.scope import Scope, Window
from services.metrics.queries.tallies import PLAN_EACH_TIME, Tally, count
from shared import sql
from shared.db import Connection
from shared.telemetry import SUPPRESSED

SQL = sql.load("services.metrics", "dimensions")


@dataclass(frozen=True)
class Cell:
    """One value as it may be shown: a hidden one carries a reason and no number at all."""

    group: str
    value: float | None
    n: int | None
    denominator: int | None
    window: Window
    suppressed: bool
    reason: str | None
    as_of: datetime
    label: str = ""


class Release:
    """Reads of one request; what they share is counted once."""

    def __init__(self, conn: Connection, k: int) -> None:
        self._conn = conn
        self._k = k
        self._counted: dict[tuple[str, Scope], list[Tally]] = {}
        self._as_of = datetime.now(UTC)

    async def cells(self, measure: Measure, scope: Scope) -> list[Cell]:
        """All cells of a scope. One hidden cell stands for the whole when the selection itself may not be shown."""
        if not await self._admits(measure, scope):
            return [self._hidden("", scope, "filter")]
        tallies = await self._count(measure, scope)
        if not tallies and scope.by == "none":
            tallies = [Tally("", None if measure.denominator_counts else 0.0, 0, 0, None)]
        hidden = confidentiality.hide({tally.cell: tally.persons for tally in tallies}, self._k)
        return [
            self._hidden(tally.cell, scope, hidden[tally.cell])
            if tally.cell in hidden
            else self._shown(tally, measure, scope)
            for tally in tallies
        ]

    async def _admits(self, measure: Measure, scope: Scope) -> bool:
        """Whether every filter picks a cell that the table without it shows, and leaves over nobody or many."""
        path: list[str] = await self._conn.fetchval(SQL.unit_path, scope.unit) or [] if scope.unit else []
        for parent, cell in scope.parents(path):
            sizes = {tally.cell: tally.persons for tally in await self._count(measure, parent)}
            whole = await self._persons(measure, parent)
            selected = sizes.get(cell, 0)
            if selected and (
                cell in confidentiality.hide(sizes, self._k)
                or not confidentiality.allowed(selected, whole - selected, self._k)
            ):
                return False
            if not await self._admits(measure, parent):
                return False
        return True

    async def _persons(self, measure: Measure, scope: Scope) -> int:
        """Distinct people of a whole selection."""
        everybody = Scope(scope.window, "none", scope.programme_id, scope.unit, scope.format)
        return sum(tally.persons for tally in await self._count(measure, everybody))

    async def _count(self, measure: Measure, scope: Scope) -> list[Tally]:
        key = (measure.name, scope)
        if not self._counted:
            await self._conn.execute(PLAN_EACH_TIME)
        if key not in self._counted:
            self._counted[key] = sorted(await count(self._conn, measure, scope), key=lambda tally: tally.cell)
        return self._counted[key]

    def _shown(self, tally: Tally, measure: Measure, scope: Scope) -> Cell:
        value = measure.rounded(tally.value)
        return Cell(
            tally.cell,
            value,
            tally.n,
            tally.denominator,
            scope.window,
            suppressed=False,
            reason=None,
            as_of=self._as_of,
        )

    def _hidden(self, cell: str, scope: Scope, reason: Reason) -> Cell:
        SUPPRESSED.labels(reason).inc()
        words = confidentiality.explain(reason, self._k)
        return Cell(cell, None, None, None, scope.window, suppressed=True, reason=words, as_of=self._as_of)
